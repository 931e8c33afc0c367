// The clients of bench/relay.ts: they take messages and note how old the oldest record of each is. Records are counted by
// their numbers and not parsed, so that this process measures the relay and not itself.

import { ClientConnection, parseAddress } from '../daemon/relay/client-connection.ts';
import { privateKeyOf } from '../daemon/relay/ed25519.ts';
import { Ages } from './ages.ts';
import type { ClientsResult, ClientsTask } from './relay.ts';

const ages = new Ages();
let records = 0;
let octets = 0;
let begun = process.cpuUsage();
let begunAt = performance.now();

function take(message: Buffer): void {
  octets += message.length;
  const at = message.indexOf('"time":"');
  if (at < 0) return;
  const first = Number.parseInt(
    message.toString('latin1', message.indexOf('"seq":') + 6, message.indexOf('"seq":') + 22),
    10,
  );
  const lastAt = message.lastIndexOf('"seq":') + 6;
  records += Number.parseInt(message.toString('latin1', lastAt, lastAt + 16), 10) - first + 1;
  const time = Date.parse(message.toString('latin1', at + 8, message.indexOf('"', at + 8)));
  ages.add(time);
}

async function connect(task: ClientsTask): Promise<void> {
  const address = parseAddress(task.address);
  for (const [index, capability] of task.capabilities.entries()) {
    const identity = privateKeyOf(Buffer.from(task.seeds[index], 'hex'));
    const ignored = (): void => undefined;
    const listener = { message: ignored, binary: ignored, closed: ignored, raw: take };
    const connection = await ClientConnection.open(address, { identity, capability }, listener);
    connection.send({ type: 'subscribe', sid: 1, view: 'plain', slow: 'gap' });
  }
  begun = process.cpuUsage();
  begunAt = performance.now();
}

process.on('message', (message) => {
  if (message !== 'done') {
    void connect(message as ClientsTask);
    return;
  }
  const { user, system } = process.cpuUsage(begun);
  const result: ClientsResult = {
    records,
    octets,
    ages: ages.result(),
    cpu: (user + system) / 10 / (performance.now() - begunAt),
  };
  process.send?.(result);
});
