// Subscribers of a NATS server in a process of their own, over its plain text protocol (docs.nats.io, client protocol): they
// note how old each message is. Payloads begin with the time they were sent at, 16 digits of milliseconds.

import { connect } from 'node:net';
import { Ages, type AgesResult } from './ages.ts';

/** What they are told. */
export interface NatsTask {
  readonly port: number;
  readonly subscribers: number;
}

/** What they answer. */
export interface NatsResult {
  readonly messages: number;
  readonly ages: AgesResult;
}

const STAMP = 16;
const ages = new Ages();
let messages = 0;

/** Takes messages out of a stream: `MSG subject sid octets`, then the octets. */
function reader(): (piece: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (piece) => {
    rest = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    let at = 0;
    for (;;) {
      const end = rest.indexOf('\r\n', at);
      if (end < 0) break;
      if (rest[at] !== 0x4d) {
        at = end + 2;
        continue;
      }
      const length = Number(rest.toString('latin1', rest.lastIndexOf(0x20, end) + 1, end));
      const body = end + 2;
      if (body + length + 2 > rest.length) break;
      messages++;
      // Every hundredth: this process must not become what is measured.
      if (messages % 100 === 0) {
        ages.add(Number(rest.toString('latin1', body, body + STAMP)));
      }
      at = body + length + 2;
    }
    rest = rest.subarray(at);
  };
}

process.on('message', (message) => {
  if (message === 'done') {
    process.send?.({ messages, ages: ages.result() } satisfies NatsResult);
    return;
  }
  const { port, subscribers } = message as NatsTask;
  let ready = 0;
  for (let count = 0; count < subscribers; count++) {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write('CONNECT {"verbose":false}\r\nSUB records 1\r\nPING\r\n');
    });
    const read = reader();
    socket.once('data', () => {
      ready++;
      if (ready === subscribers) process.send?.('ready');
    });
    socket.on('data', read);
  }
});
