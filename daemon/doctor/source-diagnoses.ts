// Looks at a source for a while, as the daemon would take it, and says what is wrong with it and with what it brings.

import type { LiveSource, SourceStatus } from '../../captures/sources/live-source.ts';
import { makeLiveSource, type SourceDescription, type SourceHost } from '../../captures/sources/source-config.ts';
import type { Keyring } from '../keyring/keyring.ts';
import { counted, type Diagnosis, diagnosis, sortedByLevel } from './diagnosis.ts';
import { diagnosesOf, LOOKED_AT_FRAMES } from './doctor.ts';
import { CaptureObserver } from './observe-capture.ts';

/** How a source is looked at. */
export interface SourceLook {
  readonly keyring: Keyring;
  /** For how long, above 0 (ms). */
  readonly milliseconds: number;
  /** Wall clock, milliseconds since 1970. */
  now(): number;
  /** Resolves after so many milliseconds, or at the signal. */
  wait(milliseconds: number, signal: AbortSignal): Promise<void>;
  readonly host?: SourceHost;
}

/** What is not wrong with a source that was looked at for a while only. */
const NOT_HERE: ReadonlySet<string> = new Set(['capture.no-frames', 'capture.dropped']);

const WITHOUT_FRAMES: Readonly<Record<SourceDescription['kind'], string>> = {
  interface:
    'check that it is the right interface and that the filter lets the frames through (`dumpcap -i NAME -c 5 -w /dev/null` counts them)',
  command: 'run the command by hand: it must write a capture to its standard output as frames come (tcpdump: -U)',
  stdin: 'check what writes to the standard input of the daemon',
  file: 'check that the program that writes it still runs, and writes frames as they come (tcpdump: -U)',
  files: 'check that the program that writes them still runs, and that the pattern fits its newest file',
  udp: 'check that the sender sends to this address and port, and that no firewall is between (`tcpdump -ni any udp port PORT`)',
  replay: 'check that this is the right file',
};

/** What is wrong with one source. Runs it for a while: nobody else may have its port or standard input. */
export async function examineSource(described: SourceDescription, look: SourceLook): Promise<Diagnosis[]> {
  if (described.kind === 'stdin') {
    const message = 'standard input is not looked at: it belongs to the daemon';
    return [
      diagnosis(
        'note',
        'source.not-tried',
        message,
        'give a capture of it to `sidescope doctor`',
        evidenceOf(described),
      ),
    ];
  }
  const tried: SourceDescription =
    described.kind === 'replay' ? { ...described, speed: 'full', loop: false } : described;
  const source = makeLiveSource(tried, look.host);
  const observer = new CaptureObserver(look.keyring);
  const enough = new AbortController();
  let frames = 0;
  const running = source.run((batch) => {
    if (frames >= LOOKED_AT_FRAMES) return;
    frames += batch.count;
    observer.push(batch);
    if (frames >= LOOKED_AT_FRAMES) enough.abort();
  });
  const ended = running.then(() => enough.abort());
  await look.wait(look.milliseconds, enough.signal).catch(() => {});
  // Its state while it ran: what a stop does to it is of no interest.
  const status = source.status();
  await source.stop();
  await ended;
  const seen = observer.finish(null);
  return sortedByLevel([
    ...statusDiagnoses(withLastCounts(status, source), described, look.milliseconds),
    ...(frames === 0 ? [] : diagnosesOf(seen, look.keyring, look.now()).filter(({ code }) => !NOT_HERE.has(code))),
  ]).map((each) => ({ ...each, evidence: { ...evidenceOf(described), ...each.evidence } }));
}

/** Some programs count what they lost only when they end. */
function withLastCounts(status: SourceStatus, source: LiveSource): SourceStatus {
  const { frames, dropped, overflowed } = source.status();
  return { ...status, frames, dropped, overflowed };
}

function evidenceOf(described: SourceDescription): Readonly<Record<string, unknown>> {
  return { source: described.name };
}

/** What the status of a source says, of one that was tried or of one of a daemon. */
export function statusDiagnoses(
  status: Pick<SourceStatus, 'name' | 'kind' | 'state' | 'frames' | 'dropped' | 'overflowed' | 'problem'>,
  described: Pick<SourceDescription, 'kind'> | null,
  milliseconds: number,
): Diagnosis[] {
  const found: Diagnosis[] = [];
  const { name, kind, problem, frames, dropped, overflowed, state } = status;
  if (problem !== null) {
    const level = state === 'running' ? 'warning' : 'fault';
    found.push(diagnosis(level, problem.code, `source ${name} (${kind}): ${problem.message}`, problem.hint, { state }));
  } else if (frames === 0) {
    const message = `source ${name} (${kind}) brought no frame in ${Math.round(milliseconds / 100) / 10} s`;
    const advice =
      described === null ? 'look at it with `sidescope doctor` and the configuration' : WITHOUT_FRAMES[described.kind];
    found.push(diagnosis('warning', 'source.no-frames', message, advice, { state }));
  }
  if (dropped !== null && dropped > 0) {
    const message = `source ${name}: kernel and capture program lost ${counted(dropped, 'frame')}`;
    const advice = 'narrow the filter, or give it a larger buffer (bufferMiB, kernelBufferOctets)';
    found.push(diagnosis('warning', 'source.dropped', message, advice, { dropped, frames }));
  }
  if (overflowed > 0) {
    const message = `source ${name}: ${counted(overflowed, 'frame')} came faster than they were taken and were let go`;
    const advice = 'raise bufferOctets, or find out what keeps the daemon (`sidescope doctor` with its address)';
    found.push(diagnosis('warning', 'source.overflowed', message, advice, { overflowed, frames }));
  }
  return found;
}
