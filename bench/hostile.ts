// The daemon under attack: 8 subscribers that mean well get 1,000 frames a second over TLS while others do them harm in one
// way after the other. Told for each: how old records were when they came, against the same without attack, whether
// newcomers that mean well were let in, and what the parent's processor time and memory did. `npm run bench:hostile`;
// `-- --rate 1000 --seconds 6 --subscribers 8 --only 'ping flood'`.

import { fork, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { issueCapability } from '../daemon/relay/capability.ts';
import { ClientConnection, parseAddress } from '../daemon/relay/client-connection.ts';
import { privateKeyOf, publicHex } from '../daemon/relay/ed25519.ts';
import { createKeyFile, type KeyFile } from '../daemon/relay/key-files.ts';
import { makeCertificate } from '../daemon/service/certificate.ts';
import { askDaemon } from '../daemon/service/control-client.ts';
import type { DaemonStatus } from '../daemon/service/daemon-status.ts';
import type { HostileKind, HostileResult, HostileTask } from './hostile-clients.ts';
import { writeLiveCapture } from './live-capture.ts';
import type { ClientsResult, ClientsTask } from './relay.ts';

const options = new Map<string, string>();
for (let at = 2; at + 1 < process.argv.length; at += 2) options.set(process.argv[at], process.argv[at + 1]);
const rate = Number(options.get('--rate') ?? 1000);
const seconds = Number(options.get('--seconds') ?? 6);
const subscribers = Number(options.get('--subscribers') ?? 8);
const only = options.get('--only');

// We chose.
/** Attacks in turn; `many`: each connection from another address. */
const ATTACKS: readonly (readonly [HostileKind, 'one' | 'many'])[] = [
  ['connects that end at once', 'one'],
  ['connects that end at once', 'many'],
  ['half-open connections', 'many'],
  ['heads an octet at a time', 'many'],
  ['TLS handshakes', 'one'],
  ['TLS handshakes', 'many'],
  ['no authentication', 'many'],
  ['replayed authentication', 'one'],
  ['replayed authentication', 'many'],
  ['evil Origin', 'one'],
  ['heads of 9 KiB', 'one'],
  ['messages of 66 KiB', 'one'],
  ['fragments of one octet', 'one'],
  ['ping flood', 'one'],
  ['message flood', 'one'],
  ['subscribers that do not read', 'one'],
];
/** ms between two newcomers that mean well, and how long each may take. */
const NEWCOMER_EVERY = 500;
const HOUR = 3600;

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const MAIN = here('../../dist/cli/main.js');

/** What one phase came to. */
interface Phase {
  readonly p50: number;
  readonly p99: number;
  readonly share: number;
  readonly newcomers: string;
  readonly attempts: number;
  /** Shares of a core that parent and engine used (%), and memory of the parent (MiB). */
  readonly parent: number;
  readonly engine: number;
  readonly memory: number;
}

/** The daemon, its folder and its grants. */
class Victim {
  readonly #folder = mkdtempSync(join(tmpdir(), 'sidescope-hostile-'));
  readonly #operator: KeyFile;
  readonly #daemon: KeyFile;
  readonly #child;
  readonly port: number;

  private constructor(port: number, tls: { readonly certificate: string; readonly privateKey: string }) {
    this.port = port;
    const inFolder = (name: string): string => join(this.#folder, name);
    mkdirSync(inFolder('state'), { mode: 0o700 });
    this.#operator = createKeyFile(inFolder('operator.key'), 'operator');
    this.#daemon = createKeyFile(inFolder('state/daemon.key'), 'daemon');
    writeFileSync(inFolder('operator.pub'), this.#operator.publicKey);
    writeFileSync(inFolder('relay.crt'), tls.certificate);
    writeFileSync(inFolder('relay.key'), tls.privateKey, { mode: 0o600 });
    writeLiveCapture(this.#folder, { messages: rate * 60, senders: 200, groups: 8 });
    const command = [process.execPath, here('daemon-feeder.js'), inFolder('bulk.pcap'), String(rate), String(HOUR)];
    const relay = { operator: 'operator.pub', certificate: 'relay.crt', privateKey: 'relay.key' };
    const config = {
      ...{ format: 'sidescope-daemon/1', keyrings: ['keyring.json'], log: { level: 'warn' } },
      sources: [{ name: 'radio', kind: 'command', command }],
      relay: { ...relay, listen: ['unix:run/relay.sock', `tcp:127.0.0.1:${port}`] },
    };
    writeFileSync(inFolder('daemon.json'), JSON.stringify(config));
    this.#child = spawn(process.execPath, [MAIN, 'daemon', '--config', inFolder('daemon.json')], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }

  static async start(): Promise<Victim> {
    const victim = new Victim(await freePort(), await makeCertificate(['127.0.0.1'], Date.now()));
    await until(async () => (await victim.status()).state === 'running');
    return victim;
  }

  get address(): string {
    return `wss://127.0.0.1:${this.port}`;
  }

  status(): Promise<DaemonStatus> {
    const control = join(this.#folder, 'run', 'control.sock');
    return askDaemon(control, { verb: 'status', by: 'bench' }) as Promise<DaemonStatus>;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  grant(seed: Buffer, maxConn: number): string {
    const now = Math.floor(Date.now() / 1000);
    return issueCapability(this.#operator.key, {
      ...{ aud: this.#daemon.publicKey, jti: randomBytes(16).toString('hex'), sub: publicHex(privateKeyOf(seed)) },
      ...{ nbf: now - 5, exp: now + HOUR, groups: [{ gid: '*', views: ['meta', 'plain'] }], rate: 0, maxConn },
    });
  }

  async end(): Promise<void> {
    this.#child.kill('SIGKILL');
    await pause(1000);
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

/** Newcomers that mean well, one after the other, until stopped: how many were let in, and the slowest of them. */
class Newcomers {
  #tried = 0;
  #came = 0;
  #slowest = 0;
  #stopped = false;
  readonly #done: Promise<void>;

  constructor(victim: Victim) {
    this.#done = this.#run(victim);
  }

  async result(): Promise<string> {
    this.#stopped = true;
    await this.#done;
    return `${this.#came} of ${this.#tried}, ${this.#slowest.toFixed(0)} ms at most`;
  }

  async #run(victim: Victim): Promise<void> {
    const seed = randomBytes(32);
    const credentials = { identity: privateKeyOf(seed), capability: victim.grant(seed, 8) };
    const ignored = (): void => undefined;
    while (!this.#stopped) {
      this.#tried++;
      const begun = performance.now();
      try {
        const listener = { message: ignored, binary: ignored, closed: ignored };
        (await ClientConnection.open(parseAddress(victim.address), credentials, listener)).close();
        this.#came++;
        this.#slowest = Math.max(this.#slowest, performance.now() - begun);
      } catch {
        // Refused or too slow: it is not counted as one that came.
      }
      await pause(NEWCOMER_EVERY);
    }
  }
}

async function phase(victim: Victim, attack: (typeof ATTACKS)[number] | null): Promise<Phase> {
  const seeds = Array.from({ length: subscribers }, () => randomBytes(32));
  const honest = fork(here('relay-clients.js'));
  const hostile = attack === null ? null : fork(here('hostile-clients.js'), { stdio: 'inherit' });
  try {
    const answer = new Promise<ClientsResult>((resolve) => {
      honest.on('message', (message) => resolve(message as ClientsResult));
    });
    const capabilities = seeds.map((seed) => victim.grant(seed, 1));
    const texts = seeds.map((seed) => seed.toString('hex'));
    honest.send({ address: victim.address, capabilities, seeds: texts } satisfies ClientsTask);
    await until(async () => (await victim.status()).relay.subscriptions >= subscribers);
    const before = (await victim.status()).journal.lastSeq;
    if (attack !== null) {
      const [kind, from] = attack;
      const seed = randomBytes(32);
      const grant = { capability: victim.grant(seed, 64), seed: seed.toString('hex') };
      // An address of its own for each kind: what one did must not count against the next.
      const address = from === 'many' ? null : `127.0.0.${2 + ATTACKS.indexOf(attack)}`;
      hostile?.send({ kind, port: victim.port, from: address, ...grant } satisfies HostileTask);
    }
    // The first second of it is told apart (bench/ages.ts).
    await pause(1000);
    const pids = { parent: victim.pid, engine: (await victim.status()).engine.pid ?? 0 };
    const begun = { parent: cpuOf(pids.parent), engine: cpuOf(pids.engine), at: performance.now() };
    const newcomers = new Newcomers(victim);
    await pause(seconds * 1000);
    const used = (which: 'parent' | 'engine'): number =>
      ((cpuOf(pids[which]) - begun[which]) / (performance.now() - begun.at)) * 100_000;
    const [parent, engine] = [used('parent'), used('engine')];
    const came = await newcomers.result();
    const { journal, memoryOctets } = await victim.status();
    honest.send('done');
    const { ages, records } = await answer;
    const attempts = hostile === null ? 0 : await stopped(hostile);
    const share = records / ((journal.lastSeq - before) * subscribers);
    return { ...ages.rest, share, newcomers: came, attempts, parent, engine, memory: memoryOctets / 2 ** 20 };
  } finally {
    honest.kill();
    hostile?.kill();
  }
}

/** Seconds of processor time that a process has used (proc(5), stat: fields 14 and 15, in hundredths). */
function cpuOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function stopped(hostile: ReturnType<typeof fork>): Promise<number> {
  return new Promise((resolve) => {
    hostile.once('message', (message) => resolve((message as HostileResult).attempts));
    hostile.once('exit', () => resolve(Number.NaN));
    hostile.send('stop');
  });
}

function tell(name: string, result: Phase, calm: Phase | null): void {
  const { p50, p99, share, newcomers, attempts, parent, engine, memory } = result;
  const ratio = calm === null ? '' : ` (${(p99 / calm.p99).toFixed(1)} times)`;
  const tried = attempts === 0 ? '' : `${(attempts / (seconds + 1)).toFixed(0)}/s; `;
  process.stdout.write(
    `${name}: ${tried}p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms${ratio}; ${(share * 100).toFixed(0)} % of records; ` +
      `newcomers ${newcomers}; parent ${parent.toFixed(0)} % of a core, engine ${engine.toFixed(0)} %, parent's memory ${memory.toFixed(0)} MiB\n`,
  );
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 60_000; Date.now() < end; ) {
    if (await isSo().catch(() => false)) return;
    await pause(100);
  }
  throw new Error('the daemon did not get there');
}

if (only !== undefined && !ATTACKS.some(([kind]) => kind === only)) {
  const kinds = [...new Set(ATTACKS.map(([kind]) => kind))];
  throw new Error(`there is no attack '${only}'; there are: ${kinds.join(', ')}`);
}
const victim = await Victim.start();
try {
  // The first one compiles.
  await phase(victim, null);
  for (const attack of ATTACKS) {
    const [kind, from] = attack;
    if (only !== undefined && only !== kind) continue;
    // Right before it, the same without: what else the machine does is the same then.
    const calm = await phase(victim, null);
    tell('no attack', calm, null);
    tell(`${kind}, from ${from === 'one' ? 'one address' : 'many addresses'}`, await phase(victim, attack), calm);
    // What is left of it goes; penalties of a minute count for the attacker's address alone.
    await pause(2500);
  }
} finally {
  await victim.end();
}
