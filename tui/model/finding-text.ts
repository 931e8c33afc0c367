// A finding in words for people: who, when, what was seen, what it means, when it is a false alarm, what to do. Texts of the
// traffic come out printable.

import type { FindingEvent } from '../../daemon/events.ts';
import { findingEntry } from '../../daemon/findings/catalogue.ts';
import { printable } from '../../dissectors/printable.ts';
import type { Session } from './session.ts';

/** A heading and what stands under it. */
export interface FindingPart {
  readonly heading: string;
  readonly text: string;
}

const CONFIDENCES: Readonly<Record<FindingEvent['confidence'], string>> = {
  proved: 'proved: follows from clear header fields or a verified tag',
  strong: 'strong: rests on at least 55 bits of plaintext evidence, or on headers that somebody could have injected',
  heuristic: 'heuristic: rests on timing, learned bindings or absence',
};

/** Names of a finding's group and source, as the keyring has them, else their ids; `-` where it is about none. */
export function findingNames(
  session: Session,
  event: FindingEvent,
): { readonly group: string; readonly source: string } {
  const description = session.descriptions.find(({ id }) => idText(id) === event.group);
  const member = description?.members.find(({ id }) => idText(id) === event.source);
  return {
    group: printable(description?.name ?? event.group ?? '-'),
    source: printable(member?.name ?? event.source ?? '-'),
  };
}

/** Milliseconds since 1970 of an event's time. */
export function timeOf(time: string): number {
  return Date.parse(time.replace(/(\.\d{3})\d+Z$/, '$1Z'));
}

/** What the detail pane shows, in its order. */
export function findingParts(event: FindingEvent): FindingPart[] {
  const entry = findingEntry(event.name);
  const evidence = evidenceText(event);
  return [
    { heading: 'seen', text: printable(event.summary) },
    ...(evidence === '' ? [] : [{ heading: 'evidence', text: evidence }]),
    { heading: 'frames', text: framesText(event) },
    { heading: 'meaning', text: `${CONFIDENCES[event.confidence]}. ${entry?.meaning ?? ''}` },
    { heading: 'not so if', text: entry?.falseAlarm ?? 'nothing is known' },
    { heading: 'do', text: entry?.action ?? 'look at the frames' },
    { heading: 'clause', text: printable(event.reference) },
  ];
}

/** All of it as text, for the clipboard and for files. */
export function findingText(session: Session, event: FindingEvent): string {
  const { group, source } = findingNames(session, event);
  const times = event.lastTime === undefined ? event.time : `${event.time} to ${event.lastTime}`;
  const head = [
    `${event.name} (${event.severity}, ${event.confidence})`,
    `group      ${group}${event.group === null ? '' : ` (${printable(event.group)})`}`,
    `source     ${source}${event.source === null ? '' : ` (${printable(event.source)})`}`,
    `time       ${times}`,
    `count      ${event.count}`,
  ];
  return `${[...head, ...findingParts(event).map(({ heading, text }) => `${heading.padEnd(10)} ${text}`)].join('\n')}\n`;
}

/** A display filter that the frames of a finding pass: those that the record names. */
export function findingFilter({ frames }: Pick<FindingEvent, 'frames'>): string {
  return frames.length === 1 ? `frame.number == ${frames[0]}` : `frame.number in {${frames.join(', ')}}`;
}

function framesText({ frames, count }: FindingEvent): string {
  const named = frames.join(', ');
  return count > frames.length
    ? `${named}; ${count} occurrences in all, the first sixteen frames and the last are named`
    : named;
}

function evidenceText({ evidence }: FindingEvent): string {
  return Object.entries(evidence)
    .map(([name, value]) => `${name} ${printable(typeof value === 'string' ? value : JSON.stringify(value))}`)
    .join(', ');
}

function idText(id: number): string {
  return id.toString(16).padStart(6, '0');
}
