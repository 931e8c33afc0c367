// What is written beside a line of the flow: what was said, how much, under which keys.

import { VERDICTS } from '../../daemon/events.ts';
import { printable } from '../../dissectors/printable.ts';
import type { FlowMember, FlowRow } from '../model/group-flow.ts';
import { layer2Text, type MessageStore } from '../model/message-store.ts';
import type { Ink } from '../screen/style.ts';
import { VERDICT_SIGNS } from '../theme.ts';
import { countText, spanText } from '../widgets/time-text.ts';
import type { FlowLine } from './flow-lines.ts';

/** The text beside a line, and its ink. */
export function lineLabel(
  { row, ordinal }: FlowLine,
  store: MessageStore,
  member: FlowMember,
): { readonly text: string; readonly ink: Ink } {
  const verdict = VERDICTS[row.verdict];
  const isQuiet = verdict === 'decrypted' || verdict === 'clear';
  const ink: Ink = verdict === 'decrypted' ? 'text' : verdict;
  if (row.kind !== 'messages') {
    const ids = row.kind === 'pgk' ? `PGK ${row.pgkId}` : `PTK ${row.ptkId}`;
    return { text: `change of keys: ${ids}`, ink: 'accent' };
  }
  const at = ordinal ?? row.first;
  if (!store.has(at)) return { text: 'no longer kept', ink: 'dim' };
  if (ordinal !== null) return { text: `${countText(store.length(at))} B  ${printable(store.summary(at))}`, ink };
  const isTalk = row.protocols.split(':').includes('rtp') && row.count > 1;
  const what = isTalk ? `${talkName(store.summary(at))} talk ${spanText(row.to - row.from)}` : whatText(store, row, at);
  const many = row.count > 1 ? `  ${countText(row.count)} msgs` : '';
  const keys = row.pgkId < 0 ? '' : `  PGK ${row.pgkId} PTK ${row.ptkId}`;
  const sign = isQuiet ? '' : `${VERDICT_SIGNS[verdict]} ${verdict}  `;
  const stranger = member.name === null && verdict !== 'no-key' ? '  no roster name' : '';
  return { text: `${sign}${what}${many}${keys}${stranger}`, ink };
}

/** Text of a row that tells of a change of keys. */
export function changeText(row: FlowRow, member: FlowMember): string {
  const name = memberText(member);
  if (row.kind === 'ptk') return `PTK ${row.before} ▸ ${row.ptkId}  ${name}, PGK ${row.pgkId}`;
  return row.before < 0
    ? `PGK ${row.pgkId}  first heard from ${name}`
    : `PGK ${row.before} ▸ ${row.pgkId}  first on it: ${name}`;
}

/** Name of a member, or its Layer-2 id. */
export function memberText({ name, source }: FlowMember): string {
  return printable(name ?? layer2Text(source));
}

/** `RTP PCMU` of a summary like `169.254.10.11:5000 > 239.255.0.7:5000 RTP PCMU seq 56316`. */
function talkName(summary: string): string {
  return printable(/RTP [A-Za-z0-9_-]+/.exec(summary)?.[0] ?? 'RTP');
}

function whatText(store: MessageStore, row: FlowRow, at: number): string {
  const summary = printable(store.summary(at));
  return row.count > 1 ? summary : `${summary}  ${countText(store.length(at))} B`;
}
