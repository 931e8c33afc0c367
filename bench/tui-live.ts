// The terminal program on a daemon, from outside, while messages come at a steady rate: how old the newest message is when
// its time stands on the screen, processor time, and whether memory grows. `npm run bench:tui -- --live 300`.

import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { issueCapability } from '../daemon/relay/capability.ts';
import { createKeyFile } from '../daemon/relay/key-files.ts';
import { askDaemon } from '../daemon/service/control-client.ts';
import type { DaemonStatus } from '../daemon/service/daemon-status.ts';
import { writeLiveCapture } from './live-capture.ts';
import { OnTerminal, pause, percentile } from './on-terminal.ts';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const FEEDER = fileURLToPath(new URL('./daemon-feeder.js', import.meta.url));
const DAY_MS = 86_400_000;

// We chose.
/** Messages a second. */
const RATE = 5000;
/** How long a view is looked at before the next one (ms): all of them have their turn. */
const VIEW_MS = 7000;
const VIEWS = ['1', '5', '2', '3', '4', '6'];
/** Between two looks at memory (ms). */
const LOOK_MS = 1000;
/** Messages that the program keeps of a live feed (tui/model/message-store.ts): until then memory has to grow. */
const KEPT = 1 << 19;
const AIMS = { cpu: 1, lag: 1000, growth: 0.05 } as const;

/** A daemon with a source that brings frames at a steady rate, and a grant for all of it. */
class LiveDaemon {
  readonly #folder = mkdtempSync(join(tmpdir(), 'sidescope-bench-'));
  readonly #child: ChildProcess;
  /** Arguments that connect to it. */
  readonly args: readonly string[];

  constructor(seconds: number) {
    const folder = this.#folder;
    mkdirSync(join(folder, 'state'), { mode: 0o700 });
    const operator = createKeyFile(join(folder, 'operator.key'), 'operator');
    const daemon = createKeyFile(join(folder, 'state', 'daemon.key'), 'daemon');
    const subscriber = createKeyFile(join(folder, 'subscriber.key'), 'subscriber');
    writeFileSync(join(folder, 'operator.pub'), operator.publicKey);
    const now = Math.floor(Date.now() / 1000);
    const capability = issueCapability(operator.key, {
      ...{ aud: daemon.publicKey, jti: randomBytes(16).toString('hex'), sub: subscriber.publicKey },
      ...{ nbf: now - 60, exp: now + seconds + 3600, groups: [{ gid: '*', views: ['meta', 'plain'] }] },
      ...{ rate: 0, maxConn: 1 },
    });
    writeFileSync(join(folder, 'subscriber.cap'), `${capability}\n`, { mode: 0o600 });
    // Frames for all of the time: what is repeated would be copies, which complete no message.
    const { capture, keyring } = writeLiveCapture(folder, { messages: RATE * seconds });
    // Frames begin when the program is there.
    const command = `sleep 4; exec "${process.execPath}" "${FEEDER}" "${capture}" ${RATE} ${seconds}`;
    const source = { name: 'radio', kind: 'command', restart: 'failure', command: ['sh', '-c', command] };
    const config = {
      ...{ format: 'sidescope-daemon/1', keyrings: [keyring], sources: [source] },
      ...{ relay: { operator: 'operator.pub' }, log: { level: 'warn' } },
    };
    writeFileSync(join(folder, 'daemon.json'), JSON.stringify(config));
    this.#child = spawn(process.execPath, [MAIN, 'daemon', '--config', join(folder, 'daemon.json')], {
      stdio: 'ignore',
    });
    this.args = [
      ...['tui', '--connect', `unix:${join(folder, 'run', 'relay.sock')}`],
      ...['--identity', join(folder, 'subscriber.key'), '--capability', join(folder, 'subscriber.cap')],
    ];
  }

  async status(): Promise<DaemonStatus> {
    const control = join(this.#folder, 'run', 'control.sock');
    return (await askDaemon(control, { verb: 'status', by: 'bench' })) as DaemonStatus;
  }

  async runs(): Promise<void> {
    for (let look = 0; look < 300; look++) {
      const status = await this.status().catch(() => null);
      if (status?.state === 'running') return;
      await pause(100);
    }
    throw new Error('the daemon did not start');
  }

  async close(): Promise<void> {
    this.#child.kill('SIGKILL');
    await pause(500);
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

/** What the header says: messages, and the capture time of the newest (ms of the day, UTC); null where it does not. */
function headerOf(text: string): { readonly messages: number; readonly newest: number } | null {
  const line = text.slice(0, text.indexOf('\n'));
  const found = /– (\d\d):(\d\d):(\d\d)\.(\d{3})\s+([\d\s]+?) messages/.exec(line);
  if (found === null) return null;
  const [hours, minutes, seconds, rest] = found.slice(1, 5).map(Number);
  return {
    messages: Number(found[5].replaceAll(/\s/g, '')),
    newest: ((hours * 60 + minutes) * 60 + seconds) * 1000 + rest,
  };
}

/** Runs a daemon and the program on it, and says how the program did. @param seconds at RATE messages a second */
export async function measureLive(seconds: number): Promise<void> {
  const daemon = new LiveDaemon(seconds);
  await daemon.runs();
  const program = new OnTerminal(process.execPath, [MAIN, ...daemon.args]);
  try {
    const ages: number[] = [];
    let shown = -1;
    program.shown = () => {
      const header = headerOf(program.text());
      if (header === null || header.newest === shown) return;
      shown = header.newest;
      const age = (((performance.timeOrigin + performance.now()) % DAY_MS) - shown + DAY_MS) % DAY_MS;
      ages.push(age);
    };
    await program.until((text) => headerOf(text) !== null);
    ages.length = 0;
    const begun = performance.now();
    const cpuBefore = program.cpu();
    const memory: { readonly messages: number; readonly mebioctets: number }[] = [];
    let view = 0;
    while (performance.now() - begun < (seconds - 1) * 1000) {
      if (Math.floor((performance.now() - begun) / VIEW_MS) > view) program.press(VIEWS[++view % VIEWS.length]);
      memory.push({ messages: headerOf(program.text())?.messages ?? 0, mebioctets: program.memory() });
      await pause(LOOK_MS);
    }
    const cpu = (program.cpu() - cpuBefore) / ((performance.now() - begun) / 1000);
    // All that is on its way has its time to come.
    await pause(3000);
    const { pipeline } = await daemon.status();
    const messages = headerOf(program.text())?.messages ?? 0;
    report(seconds, { ages, cpu, memory, messages, frames: pipeline.frames });
  } finally {
    program.close();
    await daemon.close();
  }
}

function report(
  seconds: number,
  {
    ages,
    cpu,
    memory,
    messages,
    frames,
  }: {
    readonly ages: readonly number[];
    readonly cpu: number;
    readonly memory: readonly { readonly messages: number; readonly mebioctets: number }[];
    readonly messages: number;
    readonly frames: number;
  },
): void {
  const say = (text: string): void => void process.stdout.write(`  ${text}\n`);
  process.stdout.write(`sidescope tui on a daemon, ${RATE} messages a second for ${seconds} s, each view in turn\n`);
  say(`shown                 ${messages} messages of ${frames} frames`);
  const late = ages.slice(-Math.ceil(ages.length / 4));
  say(
    `age of the newest     p50 ${percentile(ages, 0.5).toFixed(0)} ms, p99 ${percentile(ages, 0.99).toFixed(0)} ms ` +
      `(aim below ${AIMS.lag} ms); p50 of the last quarter ${percentile(late, 0.5).toFixed(0)} ms`,
  );
  say(`pictures              ${(ages.length / seconds).toFixed(1)} a second that told something new`);
  say(`processor             ${(cpu * 100).toFixed(0)} % of a core (aim below ${AIMS.cpu * 100} %)`);
  const full = memory.filter((look) => look.messages > KEPT).map(({ mebioctets }) => mebioctets);
  const least = memory[0]?.mebioctets ?? 0;
  const most = Math.max(...memory.map(({ mebioctets }) => mebioctets));
  if (full.length < 30) {
    say(
      `memory                ${least} to ${most} MiB; what is kept was not full for half a minute: growth is not judged`,
    );
    return;
  }
  const half = full.length >> 1;
  const before = percentile(full.slice(0, half), 0.5);
  const after = percentile(full.slice(half), 0.5);
  const growth = after / before - 1;
  say(
    `memory                ${least} MiB at first, ${most} at most; once ${KEPT} messages are kept ${before} MiB, ` +
      `later ${after} MiB: ${(growth * 100).toFixed(1)} % (aim below ${AIMS.growth * 100} %)`,
  );
}
