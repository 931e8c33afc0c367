// The whole daemon: frames from a source at a steady rate, judged, journalled, relayed to 1, 16 and 64 subscribers. Latency
// is from the frame's own time to the client, the first second of the traffic apart from the rest; beside it the same octets
// through a local nats-server, counted alike. `npm run bench:daemon`; `--rate 10000 --seconds 8 --subscribers 1,16,64 --nats no`.

import { fork, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { issueCapability } from '../daemon/relay/capability.ts';
import { privateKeyOf, publicHex } from '../daemon/relay/ed25519.ts';
import { createKeyFile } from '../daemon/relay/key-files.ts';
import { askDaemon } from '../daemon/service/control-client.ts';
import type { DaemonStatus } from '../daemon/service/daemon-status.ts';
import { ageText } from './ages.ts';
import { writeLiveCapture } from './live-capture.ts';
import { measureNats } from './nats.ts';
import type { ClientsResult, ClientsTask } from './relay.ts';

const options = new Map<string, string>();
for (let at = 2; at + 1 < process.argv.length; at += 2) options.set(process.argv[at], process.argv[at + 1]);
const rate = Number(options.get('--rate') ?? 10_000);
const seconds = Number(options.get('--seconds') ?? 8);
const counts = (options.get('--subscribers') ?? '1,16,64').split(',').map(Number);

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const FEEDER = fileURLToPath(new URL('./daemon-feeder.js', import.meta.url));
const CLIENTS = fileURLToPath(new URL('./relay-clients.js', import.meta.url));

async function run(subscribers: number): Promise<{ readonly octetsOfRecord: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'sidescope-bench-'));
  mkdirSync(join(folder, 'state'), { mode: 0o700 });
  const operator = createKeyFile(join(folder, 'operator.key'), 'operator');
  const daemonKey = createKeyFile(join(folder, 'state', 'daemon.key'), 'daemon');
  writeFileSync(join(folder, 'operator.pub'), operator.publicKey);
  const { capture, keyring } = writeLiveCapture(folder, { messages: rate * 4, senders: 200, groups: 8 });
  const source = {
    ...{ name: 'radio', kind: 'command', restart: 'failure' },
    command: ['sh', '-c', `sleep 4; exec "${process.execPath}" "${FEEDER}" "${capture}" ${rate} ${seconds}`],
  };
  const config = {
    ...{ format: 'sidescope-daemon/1', keyrings: [keyring], sources: [source] },
    ...{ relay: { operator: 'operator.pub' }, log: { level: 'warn' } },
  };
  writeFileSync(join(folder, 'daemon.json'), JSON.stringify(config));
  const daemon = spawn(process.execPath, [MAIN, 'daemon', '--config', join(folder, 'daemon.json')], {
    stdio: 'ignore',
  });
  const control = join(folder, 'run', 'control.sock');
  const status = async (): Promise<DaemonStatus> =>
    (await askDaemon(control, { verb: 'status', by: 'bench' })) as DaemonStatus;
  const clients = fork(CLIENTS);
  try {
    await until(async () => (await status()).state === 'running');
    const seeds = Array.from({ length: subscribers }, () => randomBytes(32));
    const now = Math.floor(Date.now() / 1000);
    const capabilities = seeds.map((seed) =>
      issueCapability(operator.key, {
        ...{ aud: daemonKey.publicKey, jti: randomBytes(16).toString('hex'), sub: publicHex(privateKeyOf(seed)) },
        ...{ nbf: now - 5, exp: now + 3600, groups: [{ gid: '*', views: ['meta', 'plain'] }], rate: 0, maxConn: 1 },
      }),
    );
    const answer = new Promise<ClientsResult>((resolve) => {
      clients.on('message', (message) => resolve(message as ClientsResult));
    });
    const address = `unix:${join(folder, 'run', 'relay.sock')}`;
    clients.send({ address, capabilities, seeds: seeds.map((seed) => seed.toString('hex')) } satisfies ClientsTask);
    await until(async () => (await status()).relay.subscriptions === subscribers);
    const before = { parent: cpuOf(daemon.pid ?? 0), engine: cpuOf((await status()).engine.pid ?? 0) };
    await until(async () => {
      const { sources, pipeline } = await status();
      return sources[0].state === 'ended' && pipeline.told >= rate * seconds;
    });
    await pause(500);
    const after = await status();
    const cpu = (pid: number, from: number): string => {
      const used = cpuOf(pid) - from;
      return `${used.toFixed(2)} s (${((used / seconds) * 100).toFixed(0)} %)`;
    };
    const parentCpu = cpu(daemon.pid ?? 0, before.parent);
    const engineCpu = cpu(after.engine.pid ?? 0, before.engine);
    clients.send('done');
    const result = await answer;
    const share = result.records / (after.journal.lastSeq * subscribers);
    process.stdout.write(
      `daemon ${String(subscribers).padStart(3)} subscribers x ${rate} frames/s: ${(share * 100).toFixed(1)} % of ${after.journal.lastSeq} records each, ` +
        `${after.relay.dropped} dropped; ${ageText(result.ages)}; ` +
        `CPU parent ${parentCpu}, engine ${engineCpu}, clients ${result.cpu.toFixed(0)} %; ` +
        `memory parent ${Math.round(after.memoryOctets / 2 ** 20)} MiB, engine ${Math.round((after.engine.memoryOctets ?? 0) / 2 ** 20)} MiB\n`,
    );
    return { octetsOfRecord: Math.round(result.octets / Math.max(1, result.records)) };
  } finally {
    clients.kill();
    daemon.kill('SIGKILL');
    await pause(500);
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

/** Seconds of processor time that a process has used (proc(5), stat: fields 14 and 15, in hundredths). */
function cpuOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 120_000; Date.now() < end; ) {
    if (await isSo().catch(() => false)) return;
    await pause(100);
  }
  throw new Error('the daemon did not get there');
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

for (const count of counts) {
  const { octetsOfRecord } = await run(count);
  if (options.get('--nats') === 'no') continue;
  const nats = await measureNats(count, rate, seconds, octetsOfRecord);
  if (nats === null) {
    process.stdout.write('nats-server is not installed: no comparison (Debian package nats-server)\n');
    continue;
  }
  process.stdout.write(
    `  nats ${String(count).padStart(3)} subscribers x ${rate} messages/s of ${octetsOfRecord} octets: ${(nats.share * 100).toFixed(1)} % arrived; ` +
      `${ageText(nats.ages)}\n`,
  );
}
