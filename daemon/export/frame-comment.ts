// The comments that a written frame bears: what was found out about it, for people who read the capture in Wireshark.
// They never hold a key, and nothing of a plaintext: the summary of a message is left out for that reason.

import { printable } from '../../dissectors/printable.ts';
import { OUTCOME_NAMES } from '../../dissectors/walk-table.ts';
import type { AnalysedFrame, AnalysedMessage } from '../engine/analysed-frame.ts';
import { groupText, layer2Text } from '../engine/message-event.ts';
import { MessageFlag, NONE, VerdictCode } from '../engine/message-table.ts';
import type { KeyEvent } from '../events.ts';
import type { RaisedFinding } from '../findings/recorder.ts';
import { memberName } from '../keyring/member-name.ts';

/** We chose: frames of a reassembled message that are named; the rest are counted. */
const MOST_FRAMES = 16;

/**
 * Comments of a frame, in the order of its octets: one for each message, or one that says why it has none.
 *
 * @param texts of its messages, as `messageText` has them
 */
export function frameComments(frame: AnalysedFrame, keys: readonly KeyEvent[], texts: readonly string[]): string[] {
  const comments = keys.map((key) => `sidescope frame ${key.frame}: ${keyText(key)}`);
  for (const [index, message] of frame.messages.entries()) {
    comments.push(messageComment(frame, message, texts[index]));
  }
  const ownFindings = findingsText(frame.raised);
  if (comments.length === 0) comments.push(`sidescope frame ${frame.number}: ${reasonText(frame)}${ownFindings}`);
  else if (ownFindings !== '') comments.push(`sidescope frame ${frame.number}${ownFindings}`);
  return comments;
}

/** The comment of a deciphered SDU that is written as a frame of its own behind the frame it came from. */
export function plainComment(frame: AnalysedFrame, message: AnalysedMessage, text: string, writtenAs: number): string {
  const from = `sidescope: SDU of frame ${writtenAs}, which was frame ${frame.number} of the capture that was read`;
  const unsure = frame.table.verdict[message.row] === VerdictCode.unverifiable;
  return `${from}; ${text}${unsure ? '; too little to be sure that this is the plaintext' : ''}`;
}

/** The comment of a segment that is written because a later frame completes its message. */
export function segmentComment(number: number, completedBy: number): string {
  return `sidescope frame ${number}: part of a message that frame ${completedBy} completes`;
}

function messageComment(frame: AnalysedFrame, message: AnalysedMessage, text: string): string {
  const { table } = frame;
  const frames = table.framesOf(message.row);
  const named = frames.slice(0, MOST_FRAMES).join(', ');
  const more = frames.length > MOST_FRAMES ? ` and ${frames.length - MOST_FRAMES} more` : '';
  const which = frames.length > 1 ? `frames ${named}${more}` : `frame ${frame.number}`;
  return `sidescope ${which}: ${text}${findingsText(message.raised)}`;
}

/** What was found out about a message. */
export function messageText(frame: AnalysedFrame, message: AnalysedMessage): string {
  const { table, context } = frame;
  const { row } = message;
  const group = table.group[row] === NONE ? null : context.groups[table.group[row]];
  const source = table.source[row];
  const sourceName = group === null ? null : memberName(group, source, table.time[row]);
  const ciphered = (table.flags[row] & MessageFlag.notCiphered) === 0;
  const pgk =
    table.epoch[row] === NONE ? `index ${table.pgkIndex[row]}` : String(context.index.epoch(table.epoch[row]).id);
  return [
    table.verdictName(row),
    `group ${withName(groupText(table, row, group), group?.name ?? null)}`,
    `source ${withName(layer2Text(source), sourceName)}`,
    ciphered ? `PGK ${pgk} PTK ${table.ptkId[row]} SN ${table.sn[row]}` : `not ciphered SN ${table.sn[row]}`,
    `${Math.floor(table.evidence[row] / 10)} evidence bits`,
  ].join('; ');
}

function withName(id: string, name: string | null): string {
  return name === null || name === id ? id : `${id} ${printable(name)}`;
}

function findingsText(raised: readonly RaisedFinding[]): string {
  if (raised.length === 0) return '';
  const texts = new Set(raised.map(({ name, severity, confidence }) => `${name} (${severity}, ${confidence})`));
  return `; findings ${[...texts].join(', ')}`;
}

function keyText(key: KeyEvent): string {
  const what =
    key.group === null ? 'key-management message' : `PGK ${key.pgkId} of group ${key.group} ${key.event} by a message`;
  const reason = key.reason === null ? '' : `; findings ${key.reason}`;
  return `${what}; ${key.accepted ? 'accepted' : 'not accepted'}${reason}`;
}

/** Why a frame has no message. */
function reasonText(frame: AnalysedFrame): string {
  const outcome = OUTCOME_NAMES[frame.walk.frames.outcome[frame.row]] as (typeof OUTCOME_NAMES)[number] | undefined;
  return outcome === undefined ? 'completes no message' : `no message; ${outcome}`;
}
