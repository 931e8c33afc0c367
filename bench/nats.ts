// The peer of the daemon's relay: the same octets at the same rate through a local nats-server, to as many subscribers.

import { fork, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { NatsResult, NatsTask } from './nats-clients.ts';

// We chose.
const PORT = 14_222;
const EVERY_MS = 2;

/** How it fared; null where no nats-server is installed. */
export interface NatsFigures extends NatsResult {
  readonly share: number;
}

/**
 * @param octets of one record
 * @param rate records a second
 */
export async function measureNats(
  subscribers: number,
  rate: number,
  seconds: number,
  octets: number,
): Promise<NatsFigures | null> {
  if (spawnSync('nats-server', ['--version']).status !== 0) return null;
  const server = spawn('nats-server', ['-a', '127.0.0.1', '-p', String(PORT)], { stdio: 'ignore' });
  const clients = fork(fileURLToPath(new URL('./nats-clients.js', import.meta.url)));
  try {
    await pause(500);
    clients.send({ port: PORT, subscribers } satisfies NatsTask);
    await once(clients, 'message');
    const socket = connect(PORT, '127.0.0.1');
    await once(socket, 'connect');
    socket.write('CONNECT {"verbose":false}\r\n');
    socket.on('data', () => undefined);
    let sent = 0;
    const begun = performance.now();
    const body = 'x'.repeat(Math.max(0, octets - 16));
    while (performance.now() - begun < seconds * 1000) {
      const due = Math.floor(((performance.now() - begun) / 1000) * rate);
      const now = (performance.timeOrigin + performance.now()).toFixed(3).slice(0, 16).padStart(16);
      let text = '';
      for (; sent < due; sent++) text += `PUB records ${octets}\r\n${now}${body}\r\n`;
      if (text !== '' && !socket.write(text)) await once(socket, 'drain');
      await pause(EVERY_MS);
    }
    await pause(1000);
    const answer = once(clients, 'message') as Promise<[NatsResult]>;
    clients.send('done');
    const [result] = await answer;
    socket.destroy();
    return { ...result, share: result.messages / (sent * subscribers) };
  } finally {
    clients.kill();
    server.kill();
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
