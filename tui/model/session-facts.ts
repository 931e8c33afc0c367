// What can be said of a session whatever its feed is: how far it is, what was judged, what was not decoded and why, what
// tables gave up, how much memory this program has.

import { SEVERITIES, VERDICTS } from '../../daemon/events.ts';
import { printable } from '../../dissectors/printable.ts';
import type { FeedState, StatusFact } from '../feed.ts';
import { VERDICT_SIGNS } from '../theme.ts';
import { countText } from '../widgets/time-text.ts';
import type { Session } from './session.ts';

const STATES: Readonly<Record<FeedState, string>> = {
  loading: 'is being read',
  complete: 'read to its end',
  live: 'live',
  lost: 'does not answer; tried again',
  ended: 'ended',
};

/** Why a frame came to no message, for people. */
const REASONS: Readonly<Record<string, string>> = {
  'unknown-linktype': 'of a link type that is not known here',
  'key-management': 'key management (MIKEY)',
  'not-sidelink': 'no sidelink traffic',
  'sl-bch': 'sidelink broadcast channel (SL-BCH)',
  'crc-failed': 'CRC failed: not looked into',
  malformed: 'malformed',
  'padding-only': 'nothing but padding',
  duplicate: 'copy of an earlier transmission',
  unicast: 'one-to-one (version 2): another header',
  'pc5-signalling': 'PC5 signalling',
  'lost-reassembly': 'part of an SDU of which another part is missing',
  'pending-reassembly': 'part of an SDU that is not complete yet',
};

/** Facts, in the order in which they are shown. */
export function sessionFacts(session: Session): StatusFact[] {
  const { feed, state, problem, progress, groups, findings, store, summary, gaps } = session;
  const input = feed.kind === 'daemon' ? 'Daemon' : 'Capture';
  const facts: StatusFact[] = [
    { heading: input, name: 'name', value: printable(feed.name) },
    { heading: input, name: 'state', value: STATES[state], ...(state === 'lost' ? { level: 'bad' as const } : {}) },
  ];
  if (problem !== null) {
    facts.push({
      heading: input,
      name: 'problem',
      value: `${printable(problem.message)}. ${problem.hint}`,
      level: 'bad',
    });
  }
  for (const gap of gaps) facts.push({ heading: input, name: 'gap', value: printable(gap), level: 'warning' });
  if (progress !== null) {
    facts.push({ heading: input, name: 'frames', value: countText(progress.frames) });
    facts.push({ heading: input, name: 'messages', value: countText(progress.messages) });
    const share = progress.total === null ? '' : ` of ${countText(progress.total)}`;
    facts.push({ heading: input, name: 'octets read', value: `${countText(progress.consumed)}${share}` });
  }
  facts.push(...verdictFacts(session), ...undecodedFacts(progress?.undecoded ?? {}));
  for (let severity = SEVERITIES.length - 1; severity >= 0; severity--) {
    if (findings.counts[severity] === 0) continue;
    facts.push({ heading: 'Findings', name: SEVERITIES[severity], value: countText(findings.counts[severity]) });
  }
  for (const [table, count] of Object.entries(summary?.evicted ?? {})) {
    const value = `${countText(count)} entries were given up: the table has a cap`;
    facts.push({ heading: 'Limits', name: table, value, level: 'warning' });
  }
  if (summary?.trialLimited !== undefined) {
    const value = `${countText(summary.trialLimited)} messages, for which not every key was tried`;
    facts.push({ heading: 'Limits', name: 'trial budget', value, level: 'warning' });
  }
  facts.push({ heading: 'This program', name: 'messages kept', value: countText(store.count) });
  facts.push({ heading: 'This program', name: 'groups', value: countText(groups.rows().length) });
  const memory = `${Math.round(process.memoryUsage.rss() / 2 ** 20)} MiB`;
  facts.push({ heading: 'This program', name: 'memory', value: memory });
  return facts;
}

/** What to say where nothing of a group can be shown: that nothing came yet, or what all the frames were instead. */
export function nothingHeard({ state, progress, problem }: Session): string {
  if (state === 'loading' || state === 'live' || state === 'lost') return 'no group has been heard yet';
  // A file that is no capture, or whose first record is damaged, has frames or not: nobody knows.
  if (problem !== null && (progress?.frames ?? 0) === 0) return `${printable(problem.message)} (6 says more)`;
  if (progress === null || progress.frames === 0) return 'there is no frame in it';
  const [most] = Object.entries(progress.undecoded).sort(([, a], [, b]) => b - a);
  const why = most === undefined ? '' : `: ${REASONS[most[0]] ?? most[0]}`;
  return `no message of a group in ${countText(progress.frames)} frames${why} (6 says more)`;
}

function verdictFacts({ groups }: Session): StatusFact[] {
  const totals = new Float64Array(VERDICTS.length);
  for (const row of groups.rows()) for (let at = 0; at < totals.length; at++) totals[at] += row.verdicts[at];
  const facts: StatusFact[] = [];
  for (const [at, verdict] of VERDICTS.entries()) {
    if (totals[at] === 0) continue;
    facts.push({ heading: 'Verdicts', name: `${VERDICT_SIGNS[verdict]} ${verdict}`, value: countText(totals[at]) });
  }
  return facts;
}

function undecodedFacts(undecoded: Readonly<Record<string, number>>): StatusFact[] {
  const heading = 'Frames without a message';
  return Object.entries(undecoded)
    .filter(([, count]) => count > 0)
    .map(([reason, count]) => ({ heading, name: reason, value: `${countText(count)}  ${REASONS[reason] ?? ''}` }));
}
