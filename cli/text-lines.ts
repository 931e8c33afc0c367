// `-T text`: one line a message in aligned columns, key deliveries where they fall, the summary at the end.

import type { AnalysisListener } from '../daemon/analysis.ts';
import type { FindingEvent, KeyEvent, MessageEvent, Severity, SummaryEvent } from '../daemon/events.ts';
import type { Keyring } from '../daemon/keyring/keyring.ts';
import { memberName } from '../daemon/keyring/member-name.ts';
import { printable } from '../dissectors/printable.ts';
import { fitted, type Paint, painter } from './columns.ts';
import { KEY_COLUMNS, MessageLineWriter, VERDICT_COLUMNS, VERDICT_SIGNS } from './message-line-writer.ts';
import { flushFullOutput, standardOutput, writeOutput } from './stdout.ts';

// We chose: widths of the columns. Names are mostly short; a longer one is cut with `~`.
const MICROSECOND_DIGITS = 6;
const SHORTEST_NAME = 6;
/** See above. */
export const NAME_COLUMNS = 14;

/** Prints messages straight from their rows; else as `textPrinter`. */
export function rowPrinter(keyring: Keyring): AnalysisListener {
  const paint = painter();
  const columns = nameColumns(keyring);
  const writer = new MessageLineWriter(keyring, columns, paint);
  return {
    ...printerOfOthers(keyring, columns, paint),
    record: (table, row, reassembled) => {
      writer.write(table, row, reassembled, standardOutput);
      flushFullOutput();
    },
  };
}

/** Characters of the columns of names. */
export function nameColumns(keyring: Keyring): number {
  let longest = SHORTEST_NAME;
  for (const group of keyring.groups) {
    longest = longestOf(longest, group.name);
    // A member without a name bears its id, which is as long as the shortest.
    const { roster } = group;
    for (let stay = 0; stay < roster.length && longest < NAME_COLUMNS; stay++) {
      longest = longestOf(longest, roster.name(stay) ?? '');
    }
  }
  return Math.min(longest, NAME_COLUMNS);
}

function longestOf(longest: number, name: string): number {
  // No text has more characters than units.
  return name.length <= longest ? longest : Math.max(longest, [...name].length);
}

/** Prints messages, keys and the summary as text. */
export function textPrinter(keyring: Keyring): AnalysisListener {
  const paint = painter();
  const columns = nameColumns(keyring);
  return {
    ...printerOfOthers(keyring, columns, paint),
    message: (event) => writeOutput(messageLine(event, columns, paint)),
  };
}

/** Prints what is not a message. */
function printerOfOthers(keyring: Keyring, columns: number, paint: Paint): AnalysisListener {
  return {
    finding: (event) => writeOutput(findingLine(event, keyring, columns, paint)),
    key: (event) => writeOutput(keyLine(event)),
    summary: (event) => writeOutput(summaryText(event)),
  };
}

/** Date and time of a line, to the microsecond. */
function clock(time: string): string {
  return time.slice(0, time.indexOf('.') + 1 + MICROSECOND_DIGITS).replace('T', ' ');
}

/**
 * The line of a message, by way of its record: what `MessageLineWriter` writes without one.
 *
 * @param columns width of names
 */
export function messageLine(event: MessageEvent, columns: number, paint: Paint): string {
  const { sign, colour } = VERDICT_SIGNS[event.verdict];
  const key = `${event.pgkId ?? `i${event.pgkIndex}`}/${event.ptkId}/${event.sn}`;
  const verdict = paint(
    colour,
    `${sign} ${fitted(event.verdict, VERDICT_COLUMNS)} ${String(event.evidenceBits).padStart(3)}`,
  );
  return (
    `${String(event.frame).padStart(7)}  ${clock(event.time)}  ` +
    `${fitted(event.groupName ?? event.group, columns)}  ${fitted(event.sourceName ?? event.source, columns)}  ` +
    `${String(event.lcid).padStart(2)}  ${fitted(key, KEY_COLUMNS)}  ${verdict}  ${printable(event.summary)}\n`
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
  const where = times === '' ? '' : ` (${times})`;
  return (
    `${paint(SEVERITY_COLOURS[event.severity], `finding  ${fitted(event.severity, 8)}  ${fitted(event.name, 22)}`)}  ` +
    `${fitted(group?.name ?? event.group ?? '', columns)}  ${fitted(name ?? event.source ?? '', columns)}  ` +
    `${printable(event.summary)}${where}\n`
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
