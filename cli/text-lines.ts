// `-T text`: one line a message in aligned columns, key deliveries where they fall, the summary at the end.

import type { AnalysisListener } from '../daemon/analysis.ts';
import type { FindingEvent, KeyEvent, MessageEvent, Severity, SummaryEvent, Verdict } from '../daemon/events.ts';
import type { Keyring } from '../daemon/keyring/keyring.ts';
import { memberName } from '../daemon/keyring/member-name.ts';
import { printable } from '../dissectors/printable.ts';
import { fitted, type Paint, painter } from './columns.ts';
import { writeOutput } from './stdout.ts';

/** Each verdict has a sign and a colour: colour is never the only carrier. */
export const VERDICT_SIGNS: Readonly<Record<Verdict, { readonly sign: string; readonly colour: string }>> = {
  clear: { sign: 'o', colour: '34' },
  downgraded: { sign: 'v', colour: '35' },
  decrypted: { sign: '.', colour: '32' },
  stale: { sign: '~', colour: '33' },
  'no-key': { sign: '?', colour: '90' },
  unverifiable: { sign: '-', colour: '36' },
  forged: { sign: '!', colour: '31' },
  damaged: { sign: '#', colour: '90' },
};

// We chose: widths of the columns. Names are mostly short; a longer one is cut with `~`.
/** See above. */
export const NAME_COLUMNS = 14;
const WIDEST_NAME = 24;

/** Prints messages, keys and the summary as text. */
export function textPrinter(keyring: Keyring): AnalysisListener {
  const paint = painter();
  const names = keyring.groups.flatMap((group) => [group.name, ...group.members.map((member) => member.name)]);
  const longest = names.reduce((most, name) => Math.max(most, [...name].length), 6);
  const columns = Math.min(WIDEST_NAME, names.length === 0 ? 6 : Math.max(6, Math.min(longest, NAME_COLUMNS)));
  return {
    message: (event) => writeOutput(messageLine(event, columns, paint)),
    finding: (event) => writeOutput(findingLine(event, keyring, columns, paint)),
    key: (event) => writeOutput(keyLine(event)),
    summary: (event) => writeOutput(summaryText(event)),
  };
}

/** Date and time of a line, to the microsecond. */
function clock(time: string): string {
  return `${time.slice(0, 10)} ${time.slice(11, 26)}`;
}

/** The line of a message. @param columns width of names */
export function messageLine(event: MessageEvent, columns: number, paint: Paint): string {
  const { sign, colour } = VERDICT_SIGNS[event.verdict];
  const key = `${event.pgkId ?? `i${event.pgkIndex}`}/${event.ptkId}/${event.sn}`;
  const verdict = paint(colour, `${sign} ${fitted(event.verdict, 12)} ${String(event.evidenceBits).padStart(3)}`);
  return (
    `${String(event.frame).padStart(7)}  ${clock(event.time)}  ` +
    `${fitted(event.groupName ?? event.group, columns)}  ${fitted(event.sourceName ?? event.source, columns)}  ` +
    `${String(event.lcid).padStart(2)}  ${fitted(key, 15)}  ${verdict}  ${printable(event.summary)}\n`
  );
}

/** Colours of severities. */
export const SEVERITY_COLOURS: Readonly<Record<Severity, string>> = {
  info: '90',
  low: '36',
  medium: '33',
  high: '31',
  critical: '1;31',
};

/** A folded finding: how bad, what, who, how often, where to look. */
function findingLine(event: FindingEvent, keyring: Keyring, columns: number, paint: Paint): string {
  const group = event.group === null ? undefined : keyring.groupById(Number.parseInt(event.group, 16));
  const source = event.source === null ? null : Number.parseInt(event.source, 16);
  const name = group === undefined || source === null ? null : memberName(group, source, Date.parse(event.time));
  const frames = event.frames.length === 0 ? '' : `frame ${event.frames[0]}`;
  const times = event.count === 1 ? frames : `${event.count} times from ${frames}`;
  return (
    `${paint(SEVERITY_COLOURS[event.severity], `finding  ${fitted(event.severity, 8)}  ${fitted(event.name, 22)}`)}  ` +
    `${fitted(group?.name ?? event.group ?? '', columns)}  ${fitted(name ?? event.source ?? '', columns)}  ` +
    `${printable(event.summary)} (${times})\n`
  );
}

/** The line of a key-management message. */
export function keyLine(event: KeyEvent): string {
  const what =
    event.group === null ? 'a key-management message' : `PGK ${event.pgkId} of ${event.group} ${event.event}`;
  const result = event.accepted ? 'accepted' : 'not accepted';
  const reason = event.reason === null ? '' : ` (${event.reason})`;
  return `${String(event.frame).padStart(7)}  ${clock(event.time)}  ${what}: ${result}${reason}\n`;
}

function summaryText(event: SummaryEvent): string {
  const lines = [`${event.frames} frames, ${event.messages} messages`];
  const list = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts)
      .map(([name, count]) => `${count} ${name}`)
      .join(', ');
  if (event.messages > 0) lines.push(`verdicts: ${list(event.verdicts)}`);
  if (Object.keys(event.findings).length > 0) lines.push(`findings: ${list(event.findings)}`);
  if (Object.keys(event.undecoded).length > 0) lines.push(`frames without a message: ${list(event.undecoded)}`);
  if (event.trialLimited !== undefined) lines.push(`trial budget ran out for ${event.trialLimited} messages`);
  if (event.evicted !== undefined) lines.push(`given up by full tables: ${list(event.evicted)}`);
  if (!event.complete) lines.push('the capture is not complete: see the error');
  return `\n${lines.join('\n')}\n`;
}
