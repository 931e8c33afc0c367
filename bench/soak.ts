// The whole daemon for minutes on end: thousands of messages a second that are all new, an attacked capture in a loop,
// subscribers of several kinds, a journal that rotates and forgets. In the first part of the time the engine is halted for
// 30 s, longer than it may be silent, and a source is taken away and brought back. Every few seconds memory, open files and
// counters are looked at; at the end memory must have stayed flat behind that part, and no counter may have drifted from
// another. `npm run soak`, 10 minutes, `-- --minutes N` for another time. Exit code 1 where it did not hold.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { issueCapability, type View } from '../daemon/relay/capability.ts';
import { RelayClient } from '../daemon/relay/client.ts';
import { createKeyFile, type KeyFile } from '../daemon/relay/key-files.ts';
import { askDaemon } from '../daemon/service/control-client.ts';
import type { DaemonStatus } from '../daemon/service/daemon-status.ts';
import { writeBulkCapture } from '../testing/bulk.ts';

// We chose.
const MINUTES = 10;
/** Seconds between two looks. */
const LOOK = 5;
/** Part of the time in which tables and caches fill up: what it uses is not judged. */
const WARM_UP = 0.4;
/** Memory may differ between the two halves behind it by that part, and by so many octets: collectors work in steps. */
const GROWTH = 0.1;
const GROWTH_OCTETS = 24 << 20;
/** Seconds that the engine is halted, and that a source is away; a quarter and a tenth of a short run at most. */
const HALT = 30;
const AWAY = 10;
/** When that begins, as a part of the time: it is over, and what it left behind is worked off, when memory is judged. */
const HALT_AT = 0.05;
/** Frames and records that may be on their way when somebody looks. */
const UNDER_WAY = 65_536;
/** Radios of the made capture; each sends 50 messages a second. */
const RADIOS = 40;
const MESSAGES_A_SECOND = 50 * RADIOS;
/** How fast the attacked capture is played: some 650 frames a second. */
const ATTACKED_SPEED = 1000;

const root = fileURLToPath(new URL('../../', import.meta.url));
const ATTACKED = join(root, 'captures', 'samples', 'attacked', 'capture.pcapng');
const at = process.argv.indexOf('--minutes');
const minutes = at < 0 ? MINUTES : Number(process.argv[at + 1]);

/** What one look saw. */
interface Look {
  readonly second: number;
  readonly parent: number;
  readonly engine: number;
  readonly files: number;
  readonly captured: number;
  readonly journalled: number;
  readonly told: number;
}

/** Counts what one subscriber gets. */
class Counter {
  readonly name: string;
  /** True where it may have every record: then numbers rise by one. */
  readonly hasAll: boolean;
  records = 0;
  plain = 0;
  last = 0;
  readonly wrong: string[] = [];
  readonly #client: RelayClient;
  #done: Promise<void>;

  constructor(name: string, client: RelayClient, view: View, hasAll: boolean) {
    this.name = name;
    this.hasAll = hasAll;
    this.#client = client;
    this.#done = this.#listen(view);
  }

  async #listen(view: View): Promise<void> {
    try {
      for await (const items of this.#client.subscribe({ view, since: 0 })) {
        for (const item of items) {
          if (item.kind === 'gap') this.wrong.push(`${item.gap.from} to ${item.gap.to}: ${item.gap.reason}`);
          if (item.kind !== 'record') continue;
          const isNext = this.hasAll ? item.seq === this.last + 1 : item.seq > this.last;
          if (!isNext) this.wrong.push(`${item.seq} after ${this.last}`);
          this.last = item.seq;
          this.records++;
          if (item.record.type === 'message' && item.record.payload !== undefined) this.plain++;
        }
      }
    } catch (error) {
      this.wrong.push(error instanceof Error ? error.message : 'ended');
    }
  }

  async stop(): Promise<void> {
    this.#client.close();
    await this.#done;
  }
}

/** The daemon and its folder. */
class Soak {
  readonly folder = mkdtempSync(join(tmpdir(), 'sidescope-soak-'));
  readonly counters: Counter[] = [];
  readonly #operator: KeyFile;
  readonly #daemon: KeyFile;
  #child: ChildProcess | null = null;
  /** Frames of a source that was taken away: the daemon no longer counts them. */
  #gone = 0;

  /** A group of the made capture. */
  readonly group: string;

  constructor() {
    this.group = writeBulk(this.folder);
    mkdirSync(join(this.folder, 'state'), { mode: 0o700 });
    this.#operator = createKeyFile(join(this.folder, 'operator.key'), 'operator');
    this.#daemon = createKeyFile(join(this.folder, 'state', 'daemon.key'), 'daemon');
    writeFileSync(join(this.folder, 'operator.pub'), `${this.#operator.publicKey}\n`);
    this.configure('bulk', 'attacked');
  }

  /** Writes the configuration with some of the sources. */
  configure(...names: readonly string[]): void {
    const sources = [
      { name: 'bulk', kind: 'replay', path: 'bulk.pcap', speed: 1 },
      { name: 'attacked', kind: 'replay', path: ATTACKED, speed: ATTACKED_SPEED, loop: true },
    ];
    const config = {
      ...{ format: 'sidescope-daemon/1', keyrings: ['bulk.json'] },
      ...{ relay: { operator: 'operator.pub' }, log: { level: 'warn' } },
      sources: sources.filter(({ name }) => names.includes(name)),
      // Files that fill in seconds, and some minutes of them: rotation and removal are part of it, and whoever listens from
      // the beginning catches up before what it wants is removed.
      journal: { fileMegabytes: 8, keepMegabytes: 400 },
    };
    writeFileSync(join(this.folder, 'daemon.json'), JSON.stringify(config), { mode: 0o600 });
  }

  async start(): Promise<void> {
    const words = [join(root, 'dist', 'cli', 'main.js'), 'daemon', '--config', join(this.folder, 'daemon.json')];
    this.#child = spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'inherit'] });
    for (let tries = 0; ; tries++) {
      try {
        if ((await this.status()).state === 'running') return;
      } catch (error) {
        if (tries > 600) throw error;
      }
      await sleep(100);
    }
  }

  status(): Promise<DaemonStatus> {
    const request = { verb: 'status', by: 'soak', arguments: {} };
    return askDaemon(join(this.folder, 'run', 'control.sock'), request) as Promise<DaemonStatus>;
  }

  subscribe(name: string, group: string, view: View): void {
    const { key, publicKey } = createKeyFile(join(this.folder, `${name}.key`), 'subscriber');
    const now = Math.floor(Date.now() / 1000);
    const capability = issueCapability(this.#operator.key, {
      ...{ aud: this.#daemon.publicKey, jti: (this.counters.length + 1).toString(16).padStart(32, '0') },
      ...{ sub: publicKey, nbf: now - 60, exp: now + 12 * 3600 - 60, rate: 0, maxConn: 4 },
      groups: [{ gid: group, views: view === 'meta' ? ['meta'] : ['meta', 'plain'] }],
    });
    const address = `unix:${join(this.folder, 'run', 'relay.sock')}`;
    const client = new RelayClient({ identity: key, capability, address, reconnect: 'always' });
    this.counters.push(new Counter(name, client, view, group === '*'));
  }

  async look(second: number): Promise<Look> {
    const status = await this.status();
    const { engine, journal, pipeline, memoryOctets } = status;
    const captured = status.sources.reduce((sum, { frames }) => sum + frames, this.#gone);
    const files = openFiles(status.pid) + openFiles(engine.pid);
    const memory = { parent: memoryOctets, engine: engine.memoryOctets ?? 0 };
    return { second, ...memory, files, captured, journalled: journal.lastFrame, told: pipeline.told };
  }

  /** Runs just these sources. */
  reload(...names: readonly string[]): void {
    this.configure(...names);
    this.#child?.kill('SIGHUP');
  }

  /** Halts the engine, which is then deemed dead and replaced; and takes a source away for a while. */
  async befall(): Promise<void> {
    const share = (most: number, part: number): number => Math.min(most, minutes * 60 * part) * 1000;
    const { pid } = (await this.status()).engine;
    if (pid !== null) process.kill(pid, 'SIGSTOP');
    await sleep(share(HALT, 0.25));
    try {
      if (pid !== null) process.kill(pid, 'SIGCONT');
    } catch {
      // The parent has killed it.
    }
    const frames = (await this.status()).sources.find(({ name }) => name === 'attacked')?.frames;
    this.reload('bulk');
    await sleep(share(AWAY, 0.1));
    this.#gone = frames ?? 0;
    this.reload('bulk', 'attacked');
  }

  /** Takes the sources away and waits until everything was told and heard. */
  async drain(): Promise<DaemonStatus> {
    this.reload();
    for (let tries = 0; ; tries++) {
      const status = await this.status();
      const isTold = status.sources.length === 0 && status.pipeline.told === status.journal.lastFrame;
      const heard = this.counters.filter(({ hasAll }) => hasAll).every(({ last }) => last === status.journal.lastSeq);
      if ((isTold && heard) || tries > 300) return status;
      await sleep(200);
    }
  }

  async end(): Promise<number | null> {
    await Promise.all(this.counters.map((counter) => counter.stop()));
    const child = this.#child;
    let code: number | null = null;
    if (child !== null && child.exitCode === null) {
      child.kill('SIGTERM');
      [code] = (await once(child, 'exit')) as [number | null];
    }
    rmSync(this.folder, { recursive: true, force: true });
    return code;
  }
}

/** A capture for the whole time and more, with its keyring; one of its groups. */
function writeBulk(folder: string): string {
  const file = openSync(join(folder, 'bulk.pcap'), 'w');
  const messages = Math.ceil((minutes * 60 + 30) * MESSAGES_A_SECOND);
  const { keyring } = writeBulkCapture((piece) => writeSync(file, piece), { messages, senders: RADIOS });
  closeSync(file);
  writeFileSync(join(folder, 'bulk.json'), JSON.stringify(keyring));
  const [first] = keyring.groups as readonly { readonly id: string }[];
  return first.id;
}

function openFiles(pid: number | null): number {
  try {
    return pid === null ? 0 : readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    // No /proc here: nothing is said of open files.
    return 0;
  }
}

function mebioctets(octets: number): string {
  return (octets / 2 ** 20).toFixed(0);
}

/** What did not hold, as sentences. */
function judge(looks: readonly Look[], drained: DaemonStatus, counters: readonly Counter[]): string[] {
  const wrong: string[] = [];
  const settled = looks.slice(Math.floor(looks.length * WARM_UP));
  const half = Math.ceil(settled.length / 2);
  for (const what of ['parent', 'engine', 'files'] as const) {
    const before = Math.max(...settled.slice(0, half).map((look) => look[what]));
    const after = Math.max(...settled.slice(half).map((look) => look[what]));
    const most = what === 'files' ? before + 8 : before * (1 + GROWTH) + GROWTH_OCTETS;
    if (after > most) wrong.push(`${what} grows: ${before} at most in the first half, ${after} in the second`);
  }
  for (const { second, captured, journalled, told } of looks) {
    if (Math.abs(captured - journalled) > UNDER_WAY)
      wrong.push(`${second} s: captured ${captured}, journalled ${journalled}`);
    if (journalled - told > 2 * UNDER_WAY) wrong.push(`${second} s: journalled ${journalled}, told ${told}`);
  }
  const { journal, engine, pipeline } = drained;
  if (pipeline.told !== journal.lastFrame) wrong.push(`told ${pipeline.told} of ${journal.lastFrame} frames`);
  if (journal.missedFrames + journal.missedRecords > 0) wrong.push('the journal missed something');
  // Once where it was halted for longer than it may be silent (daemon/engine-process/engine-link.ts: 15 s).
  const deaths = Math.min(HALT, minutes * 15) > 16 ? 1 : 0;
  if (engine.restarts !== deaths) wrong.push(`the engine was started again ${engine.restarts} times, not ${deaths}`);
  for (const { name, hasAll, records, wrong: own } of counters) {
    if (own.length > 0) wrong.push(`${name}: ${own.length} times out of order, first: ${own[0]}`);
    if (hasAll && records !== journal.lastSeq) wrong.push(`${name}: ${records} of ${journal.lastSeq} records`);
    if (records === 0) wrong.push(`${name}: nothing came`);
  }
  // Those of one group have the same records, in whatever view.
  const shares = counters.filter(({ hasAll }) => !hasAll).map(({ records }) => records);
  if (new Set(shares).size > 1) wrong.push(`subscribers of one group have ${shares.join(', ')} records`);
  return wrong;
}

/** How memory went behind the warm-up: the most in each half, and MiB a minute by least squares. */
function trend(looks: readonly Look[], what: 'parent' | 'engine'): string {
  const settled = looks.slice(Math.floor(looks.length * WARM_UP));
  const half = Math.ceil(settled.length / 2);
  const most = (part: readonly Look[]): string => mebioctets(Math.max(...part.map((look) => look[what])));
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [time, memory] = [mean(settled.map(({ second }) => second)), mean(settled.map((look) => look[what]))];
  const across = settled.reduce((sum, look) => sum + (look.second - time) * (look[what] - memory), 0);
  const along = settled.reduce((sum, { second }) => sum + (second - time) ** 2, 0);
  const slope = (across / along) * (60 / 2 ** 20);
  return `${what}: ${most(settled.slice(0, half))} MiB at most, then ${most(settled.slice(half))}; ${slope.toFixed(1)} MiB a minute`;
}

const soak = new Soak();
const looks: Look[] = [];
try {
  await soak.start();
  for (let number = 0; number < 4; number++) {
    soak.subscribe(`all-${number}`, '*', 'meta');
    soak.subscribe(`group-${number}`, soak.group, number % 2 === 0 ? 'plain' : 'meta');
  }
  console.log('second  parent MiB  engine MiB  files    captured   journalled         told');
  const begin = performance.now();
  const befalling = sleep(minutes * 60_000 * HALT_AT).then(() => soak.befall());
  while ((performance.now() - begin) / 60_000 < minutes) {
    await sleep(LOOK * 1000);
    const look = await soak.look(Math.round((performance.now() - begin) / 1000));
    looks.push(look);
    const { second, parent, engine, files, captured, journalled, told } = look;
    const columns = [mebioctets(parent).padStart(12), mebioctets(engine).padStart(12), String(files).padStart(7)];
    const counts = [captured, journalled, told].map((count) => String(count).padStart(12));
    console.log(`${String(second).padStart(6)}${columns.join('')}${counts.join(' ')}`);
  }
  await befalling;
  const drained = await soak.drain();
  const wrong = judge(looks, drained, soak.counters);
  const rate = (drained.journal.lastFrame / (minutes * 60)).toFixed(0);
  const plain = soak.counters.reduce((sum, counter) => sum + counter.plain, 0);
  console.log(`${rate} frames/s, ${drained.journal.lastSeq} records, ${plain} times plaintext`);
  console.log(`${trend(looks, 'parent')}\n${trend(looks, 'engine')}`);
  for (const text of wrong) console.log(`WRONG: ${text}`);
  console.log(wrong.length === 0 ? 'HELD: memory is flat and no counter has drifted' : 'DID NOT HOLD');
  if (wrong.length > 0) process.exitCode = 1;
} finally {
  const code = await soak.end();
  if (code !== 0) process.exitCode = 1;
}
