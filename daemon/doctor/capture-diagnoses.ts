// What is wrong with a capture, from what was seen of it: frames, link types, framing, damage, losses, clock. What is
// wrong with the keys is in key-diagnoses.ts.

import { CUSTOM_BLOCK_LINKTYPE } from '../../captures/frame-batch.ts';
import { LINK_TYPES, LinkKind, linkKind } from '../../dissectors/registry.ts';
import { formatMilliseconds } from '../time.ts';
import { counted, type Diagnosis, diagnosis, share } from './diagnosis.ts';
import { tryFramings } from './framing-trials.ts';
import type { CaptureObservations } from './observe-capture.ts';

/** Constants we chose. */
/** Damage of so many percent of the frames is a warning, and a fault: some damage is normal on the air. */
const DAMAGED_WARNING = 5;
const DAMAGED_FAULT = 50;
/** Times before this are no times: LTE was not there yet. */
const FIRST_TIME = Date.UTC(2008, 0, 1);
/** Clocks of two machines may differ by so much (ms). */
const CLOCKS_APART_MS = 60_000;
/** Rows that a sentence names. */
const NAMED = 4;

/** @param now wall clock, milliseconds since 1970 */
export function diagnoseCapture(seen: CaptureObservations, now: number): Diagnosis[] {
  const found = [...diagnoseInput(seen), ...diagnoseContent(seen), ...diagnoseClock(seen, now)];
  const { frames, messages, verdicts } = seen.summary;
  if (frames > 0) {
    const judged = Object.entries(verdicts).map(([verdict, count]) => `${count.toLocaleString('en')} ${verdict}`);
    const said = judged.length === 0 ? '' : `: ${judged.join(', ')}`;
    const message = `${counted(frames, 'frame')}, ${counted(messages, 'message')}${said}`;
    found.push(diagnosis('note', 'capture.content', message, '', { frames, messages, verdicts }));
  }
  return found;
}

/** The input itself: cut, damaged, empty, frames lost or cut short. */
function diagnoseInput(seen: CaptureObservations): Diagnosis[] {
  const found: Diagnosis[] = [];
  const { problem, summary, cutFrames, shortestCut, dropped } = seen;
  const { frames, messages } = summary;
  if (problem !== null) {
    const { code, message, hint, offset } = problem;
    found.push(diagnosis('fault', code, message, hint, { offset, framesBefore: frames }));
  }
  if (frames === 0 && problem === null) {
    const advice = 'check interface, filter and antenna of the capture, and that this is the right file';
    found.push(diagnosis('fault', 'capture.no-frames', 'the capture holds no frame', advice));
  }
  if (cutFrames > 0) {
    const lost = summary.verdicts.damaged ?? 0;
    const message = `${counted(cutFrames, 'frame')} of ${frames.toLocaleString('en')} were cut by the snap length, the shortest to ${counted(shortestCut, 'octet')}; ${lost === 0 ? 'no message' : counted(lost, 'message')} was lost by it`;
    const level = lost * 2 > messages ? 'fault' : 'warning';
    found.push(
      diagnosis(level, 'capture.snap-length', message, 'capture with a snap length of 262144 (`-s 0` of tcpdump)', {
        cutFrames,
        shortestCut,
        damagedMessages: lost,
      }),
    );
  }
  if (dropped !== null && dropped > 0) {
    const message = `the capture says that ${counted(dropped, 'frame')} were lost while it was taken`;
    const advice = 'give the capture program a larger kernel buffer (`-B`), a filter, or a faster disk';
    found.push(diagnosis('warning', 'capture.dropped', message, advice, { dropped }));
  }
  return found;
}

/** What the frames are, and what keeps them from being messages. */
function diagnoseContent(seen: CaptureObservations): Diagnosis[] {
  const { frames, messages, undecoded } = seen.summary;
  if (frames === 0) return [];
  const found: Diagnosis[] = [];
  // Blocks that are no frames have a number and no link type.
  const unknown = (undecoded['unknown-linktype'] ?? 0) - (seen.linkTypes.get(CUSTOM_BLOCK_LINKTYPE) ?? 0);
  const notSidelink = undecoded['not-sidelink'] ?? 0;
  const malformed = undecoded.malformed ?? 0;
  const crc = undecoded['crc-failed'] ?? 0;
  const fits = messages * 2 < frames ? tryFramings(seen.unread.frames) : [];
  if (unknown > 0) {
    const kinds = [...seen.linkTypes].filter(
      ([linkType]) => linkType !== CUSTOM_BLOCK_LINKTYPE && linkKind(linkType) === LinkKind.unknown,
    );
    const types = kinds.map(([linkType]) => linkType);
    const message = `the link type of ${counted(unknown, 'frame')} (of ${frames.toLocaleString('en')}) is not read: ${types.slice(0, NAMED).join(', ')}`;
    const known = [...new Set(LINK_TYPES.map(({ linkType }) => linkType))].join(', ');
    const advice = fits.length > 0 ? 'see which framing would fit' : `capture with one that is read (${known})`;
    found.push(
      diagnosis(unknown === frames ? 'fault' : 'warning', 'capture.link-type', message, advice, { linkTypes: types }),
    );
  }
  for (const { what, advice, frames: fitting, tried } of fits) {
    const message = `${fitting} of ${counted(tried, 'frame')} that nothing was read from would be read as ${what}`;
    found.push(diagnosis('fault', 'capture.framing', message, advice, { fitting, tried }));
  }
  if (messages === 0 && unknown < frames && fits.length === 0) found.push(...withoutMessages(seen, notSidelink));
  for (const [code, count, what, advice] of [
    [
      'capture.malformed',
      malformed,
      'contradict themselves',
      'look at them with `sidescope read -V`; the link type, or what stands in front of the PDU, may be wrong',
    ],
    [
      'capture.crc-failed',
      crc,
      'came with a failed CRC',
      'bring the receiver nearer, or correct its gain and frequency',
    ],
  ] as const) {
    const percent = (100 * count) / frames;
    if (percent < DAMAGED_WARNING) continue;
    const message = `${counted(count, 'frame')} (${share(count, frames)}) ${what}`;
    const problems = Object.fromEntries(seen.problems);
    found.push(
      diagnosis(percent < DAMAGED_FAULT ? 'warning' : 'fault', code, message, advice, { frames: count, problems }),
    );
  }
  return found;
}

/** Why there is no message although the link types are read. */
function withoutMessages(seen: CaptureObservations, notSidelink: number): Diagnosis[] {
  const { frames, undecoded } = seen.summary;
  const evidence = { undecoded, udpPorts: Object.fromEntries([...seen.udpPorts].slice(0, 32)) };
  if (seen.otherRadioFrames > 0) {
    const message = `${counted(seen.otherRadioFrames, 'frame')} are of the radio and none of the sidelink: they have another RNTI type than 7 (SL-BCH) and 8 (SL), or another radio`;
    const advice = 'capture the sidelink (PC5), and let the capture program write RNTI type 8 for its PDUs';
    return [diagnosis('fault', 'capture.not-the-sidelink', message, advice, evidence)];
  }
  if (notSidelink === frames) {
    const ports = [...seen.udpPorts].sort((left, right) => right[1] - left[1]).slice(0, NAMED);
    const said = ports.map(([port, count]) => `${port} (${count.toLocaleString('en')})`).join(', ');
    const message = `no frame is of the sidelink${ports.length === 0 ? ', and none carries UDP' : `; UDP goes to port ${said}`}`;
    const advice =
      'check that the interface and the capture filter let through what carries the sidelink: link types 147 to 162, GSMTAP on port 4729, or datagrams that begin with mac-lte, rlc-lte or pdcp-lte';
    return [diagnosis('fault', 'capture.no-sidelink', message, advice, evidence)];
  }
  const most = Object.entries(undecoded).sort((left, right) => right[1] - left[1])[0];
  if (most === undefined) return [];
  const message = `there is no message; most frames are counted as ${most[0]} (${most[1].toLocaleString('en')} of ${frames.toLocaleString('en')})`;
  const advice = ADVICE_WITHOUT_MESSAGES[most[0]] ?? 'look at the frames with `sidescope read -V`';
  return [diagnosis('warning', 'capture.no-messages', message, advice, evidence)];
}

const ADVICE_WITHOUT_MESSAGES: Readonly<Record<string, string>> = {
  'sl-bch': 'only synchronisation was heard: nobody spoke, or the receiver does not take data PDUs',
  unicast: 'these go to one receiver each (SL-SCH version 2), which is not opened here',
  'pc5-signalling': 'these are one-to-one signalling; nobody spoke to a group',
  'key-management': 'only key management was captured; nobody spoke to a group',
  'padding-only': 'nobody spoke',
  'pending-reassembly': 'the messages go on beyond the end: capture for longer',
  'lost-reassembly': 'segments are missing: bring the receiver nearer',
};

/** Times that cannot be. */
function diagnoseClock(seen: CaptureObservations, now: number): Diagnosis[] {
  const { earliest, latest, findings } = seen;
  if (earliest === null || latest === null) return [];
  const found: Diagnosis[] = [];
  const evidence = { firstTime: formatMilliseconds(earliest), lastTime: formatMilliseconds(latest) };
  if (latest < FIRST_TIME) {
    const message = `the capture's clock was not set: its frames are of ${evidence.firstTime.slice(0, 10)}`;
    const advice =
      'let the capture program write the time of day (some write a count of subframes); keys are judged by it';
    found.push(diagnosis('warning', 'capture.clock-not-set', message, advice, evidence));
  } else if (latest > now + CLOCKS_APART_MS) {
    const message = `the capture ends in the future, ${evidence.lastTime}`;
    const advice = 'set the clock of the machine that captures, or of this one (`timedatectl`)';
    found.push(diagnosis('warning', 'capture.from-the-future', message, advice, evidence));
  }
  const backward = findings.get('capture.time_backward');
  if (backward !== undefined) {
    const advice =
      'sort the capture by time (`reordercap IN OUT`), or look after the clock of the machine that captures';
    const message = `time goes back in it (frame ${backward.frames[0]})`;
    found.push(
      diagnosis('warning', 'capture.time-backward', message, advice, {
        frames: backward.frames,
        count: backward.count,
      }),
    );
  }
  return found;
}
