// Looks at a running daemon, over its control socket. What its status says is taken as it comes: the daemon may be of
// another version.

import { lstatSync } from 'node:fs';

import { parseAddress } from '../relay/client-connection.ts';
import { askDaemon } from '../service/control-client.ts';
import { formatDuration } from '../time.ts';
import { counted, type Diagnosis, diagnosis, faultOf, sortedByLevel } from './diagnosis.ts';
import { examineRelay } from './network-diagnoses.ts';
import { statusDiagnoses } from './source-diagnoses.ts';

/** Constants we chose. */
/** The engine may be so many frames behind, and records so late (ms). */
const BEHIND_FRAMES = 100_000;
const LATE_MS = 2000;
/** A live source that brought nothing for so long (ms) is worth a word. */
const QUIET_MS = 600_000;

/** What is wrong with a daemon, the worst first. @param address `unix:PATH` of its control socket, or `wss://HOST:PORT` */
export async function examineDaemon(address: string): Promise<Diagnosis[]> {
  try {
    const parsed = parseAddress(address);
    const found =
      parsed.kind === 'unix' ? await overControlSocket(parsed.path) : await examineRelay(new URL(parsed.url));
    return sortedByLevel(found);
  } catch (error) {
    return [faultOf(error, { address })];
  }
}

async function overControlSocket(path: string): Promise<Diagnosis[]> {
  let isSocket = true;
  try {
    isSocket = lstatSync(path).isSocket();
  } catch {
    // It does not exist, which the client says better.
  }
  if (!isSocket) {
    const advice = 'give the `control` path of its configuration';
    return [diagnosis('fault', 'control.unreachable', `${path} is no socket of a daemon`, advice)];
  }
  let status: unknown;
  try {
    status = await askDaemon(path, { verb: 'status', by: 'doctor' });
  } catch (error) {
    const fault = faultOf(error, { path });
    // Another socket of the daemon closes at once what it does not understand.
    const isOther = fault.code === 'control.lost' || fault.code === 'control.silent';
    const advice = 'this may be the socket of the relay: give the `control` path of the configuration';
    return [isOther ? { ...fault, advice } : fault];
  }
  return diagnoseStatus(status, Date.now());
}

type Told = Readonly<Record<string, unknown>>;

/** What the status of a daemon says. @param now wall clock, milliseconds since 1970 */
export function diagnoseStatus(status: unknown, now: number): Diagnosis[] {
  const told = objectOf(status);
  if (told === null || typeof told.version !== 'string') {
    const advice = 'it may be of another version: use the `sidescope` that belongs to it';
    return [diagnosis('fault', 'daemon.status', 'the daemon answers with no status that we know', advice)];
  }
  return [
    ...alarmsOf(told).map((alarm) =>
      diagnosis(
        alarm.severity === 'info' || alarm.severity === 'low' ? 'warning' : 'fault',
        `alarm.${textOf(alarm.name)}`,
        textOf(alarm.message),
        textOf(alarm.hint),
        { since: alarm.time },
      ),
    ),
    ...diagnoseSources(told, now),
    ...diagnoseEngine(told),
    ...diagnoseJournal(told),
    ...diagnoseKeysToday(told),
    diagnosis(
      'note',
      'daemon.running',
      `the daemon (version ${told.version}, pid ${numberOf(told.pid)}) has been up since ${textOf(told.startedAt)}; ${counted(numberOf(objectOf(told.relay)?.subscribers), 'subscriber')}`,
      '',
    ),
  ];
}

/** Alarms, but for those of sources whose own status says the same. */
function alarmsOf(told: Told): Told[] {
  const failing = listOf(told.sources).filter(({ problem }) => objectOf(problem) !== null);
  const said = new Set(failing.map(({ name }) => `source.${textOf(name)}`));
  return listOf(told.alarms).filter(({ name }) => !said.has(textOf(name)));
}

function diagnoseSources(told: Told, now: number): Diagnosis[] {
  const sources = listOf(told.sources);
  if (sources.length === 0) {
    return [
      diagnosis(
        'warning',
        'daemon.no-sources',
        'the daemon has no source',
        'add one to its configuration, then SIGHUP',
      ),
    ];
  }
  const started = Date.parse(textOf(told.startedAt));
  return sources.flatMap((source) => {
    const problem = objectOf(source.problem);
    const last = typeof source.lastFrameAt === 'number' ? source.lastFrameAt : started;
    const name = textOf(source.name);
    const found = statusDiagnoses(
      {
        name,
        kind: textOf(source.kind),
        state: source.state === 'running' ? 'running' : 'waiting',
        // That nothing came is judged by time below.
        frames: Math.max(1, numberOf(source.frames)),
        dropped: typeof source.dropped === 'number' ? source.dropped : null,
        overflowed: numberOf(source.overflowed),
        problem:
          problem === null
            ? null
            : { code: textOf(problem.code), message: textOf(problem.message), hint: textOf(problem.hint) },
      },
      null,
      0,
    );
    const quiet = now - last;
    if (problem === null && source.state === 'running' && source.clock === 'wall' && quiet > QUIET_MS) {
      const message = `source ${name} has brought nothing for ${formatDuration(quiet)}`;
      const advice = 'nobody may have spoken; else check antenna, interface and filter';
      found.push(
        diagnosis('warning', 'source.quiet', message, advice, { source: name, lastFrameAt: source.lastFrameAt }),
      );
    }
    return found;
  });
}

function diagnoseEngine(told: Told): Diagnosis[] {
  const engine = objectOf(told.engine);
  const pipeline = objectOf(told.pipeline);
  const found: Diagnosis[] = [];
  const problem = objectOf(engine?.problem);
  if (engine !== null && engine.state !== 'running') {
    const message = `the engine is ${textOf(engine.state)}${problem === null ? '' : `: ${textOf(problem.message)}`}`;
    const advice = problem === null ? 'look into the log of the daemon' : textOf(problem.hint);
    found.push(diagnosis('fault', 'daemon.engine', message, advice, { restarts: engine.restarts }));
  } else if (numberOf(engine?.restarts) > 0) {
    const message = `the engine was started again ${counted(numberOf(engine?.restarts), 'time')}`;
    const advice = 'look into the log of the daemon for why it ended; nothing that was journalled is lost';
    found.push(diagnosis('warning', 'daemon.engine-restarts', message, advice));
  }
  const waiting = numberOf(engine?.waiting);
  const late = numberOf(pipeline?.lagMilliseconds);
  if (waiting > BEHIND_FRAMES || late > LATE_MS) {
    const message = `the engine is behind: ${counted(waiting, 'frame')} wait, records are ${formatDuration(late)} late`;
    const advice =
      'after a restart it catches up by itself; else narrow the capture filters, or give it a core of its own';
    found.push(diagnosis('warning', 'daemon.behind', message, advice, { waiting, lagMilliseconds: late }));
  }
  return found;
}

function diagnoseJournal(told: Told): Diagnosis[] {
  const journal = objectOf(told.journal);
  if (journal === null) return [];
  const found: Diagnosis[] = [];
  const problem = objectOf(journal.problem);
  if (journal.state !== 'good') {
    const message = `the journal is not kept${problem === null ? '' : `: ${textOf(problem.message)}`}; no plaintext leaves`;
    const advice = problem === null ? 'make room on its disk' : textOf(problem.hint);
    found.push(diagnosis('fault', 'daemon.journal', message, advice));
  }
  const missed = numberOf(journal.missedFrames);
  if (missed > 0) {
    const message = `${counted(missed, 'frame')} could not be kept while the disk refused them`;
    const advice = 'give the journal more room (`journal.keepMegabytes`, or another disk)';
    found.push(diagnosis('warning', 'daemon.journal-missed', message, advice, { missed }));
  }
  return found;
}

function diagnoseKeysToday(told: Told): Diagnosis[] {
  const keys = objectOf(told.keys);
  if (keys === null) return [];
  const total = Object.values(keys).reduce<number>((sum, count) => sum + numberOf(count), 0);
  const usable = numberOf(keys.active) + numberOf(keys.overlap);
  if (total === 0) {
    const advice = 'import keys: `sidescope keys import`';
    return [diagnosis('warning', 'daemon.no-keys', 'the daemon holds no key, so nothing is deciphered', advice)];
  }
  // A replay goes by its capture's own time: keys of that time may be used.
  const hasReplay = Array.isArray(told.tracks) && told.tracks.some((track) => objectOf(track)?.clock === 'capture');
  if (usable > 0 || hasReplay) return [];
  const message = `none of ${counted(total, 'key')} may be used today, so no plaintext leaves`;
  const advice = 'import the keys of today, or set the clock of this machine (`timedatectl`)';
  return [diagnosis('warning', 'keys.none-active-today', message, advice, { keys })];
}

function objectOf(value: unknown): Told | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Told) : null;
}

function listOf(value: unknown): Told[] {
  return Array.isArray(value) ? value.map(objectOf).filter((each) => each !== null) : [];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function numberOf(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}
