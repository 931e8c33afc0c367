// Two messages side by side: what their headers say, and their octets, with what differs marked.

import type { FrameDetails } from '../../daemon/inspection/contract.ts';
import { printable } from '../../dissectors/printable.ts';
import type { ViewHost } from '../app/view.ts';
import { FeedError } from '../feed.ts';
import type { Command } from '../keys.ts';
import type { StoredMessage } from '../model/message-store.ts';
import type { Pane } from '../screen/pane.ts';
import { style } from '../screen/style.ts';
import { RowCursor } from '../widgets/row-cursor.ts';
import { clockText } from '../widgets/time-text.ts';

// We chose.
const LEFT = 2;
const NAME_CELLS = 14;
/** Octets of a line of either side. */
const OCTETS = 8;
/** Octets of one source that are compared. Above: the rest is not shown. */
const OCTETS_MOST = 2048;

interface DiffLine {
  readonly name: string;
  readonly one: string;
  readonly other: string;
  /** For octets: which of the pairs of digits differ; null: the whole line is one value. */
  readonly differs: readonly boolean[] | boolean;
}

/** See the head of the file. */
export class MessageDiff {
  readonly #host: ViewHost;
  readonly #cursor = new RowCursor();
  #pair: readonly [number, number] | null = null;
  #details: readonly [FrameDetails | null, FrameDetails | null] | null = null;
  #problem = '';

  constructor(host: ViewHost) {
    this.#host = host;
  }

  get isOpen(): boolean {
    return this.#pair !== null;
  }

  /** Compares two messages, by ordinal. */
  open(one: number, other: number): void {
    this.#pair = [one, other];
    this.#details = null;
    this.#problem = '';
    this.#cursor.moveTo(0);
    void this.#ask(one, other);
  }

  draw(pane: Pane): void {
    const pair = this.#pair;
    const { store } = this.#host.session;
    if (pair === null) return;
    if (!store.has(pair[0]) || !store.has(pair[1])) {
      pane.write(LEFT, 1, 'one of the messages is no longer kept', style('dim'));
      return;
    }
    const lines = [...fieldLines(store.message(pair[0]), store.message(pair[1])), ...this.#octetLines()];
    const room = Math.floor((pane.width - LEFT - NAME_CELLS) / 2);
    const [first, second] = [LEFT + NAME_CELLS, LEFT + NAME_CELLS + room];
    this.#cursor.fit(lines.length, pane.height - 1);
    pane.write(LEFT, 0, 'compare', style('title'));
    pane.write(first, 0, `frame ${store.frame(pair[0])}`, style('accent'), room - 1);
    pane.write(second, 0, `frame ${store.frame(pair[1])}`, style('accent'), room - 1);
    pane.writeRight(pane.width - 1, 0, 'Esc goes back', style('dim'));
    for (let y = 1; y < pane.height; y++) {
      const line = lines[this.#cursor.top + y - 1];
      if (line === undefined) break;
      pane.write(LEFT, y, line.name, style('dim'), NAME_CELLS - 1);
      drawSide(pane, first, y, line.one, line.differs, room - 1);
      drawSide(pane, second, y, line.other, line.differs, room - 1);
    }
  }

  /** @returns false where the command means nothing in a comparison */
  run(command: Command): boolean {
    if (this.#cursor.run(command)) return true;
    if (command !== 'back') return false;
    this.close();
    return true;
  }

  close(): void {
    this.#pair = null;
  }

  async #ask(one: number, other: number): Promise<void> {
    try {
      const details = await Promise.all([this.#host.session.details(one), this.#host.session.details(other)]);
      if (this.#pair?.[0] === one && this.#pair[1] === other) this.#details = details;
    } catch (error) {
      this.#problem = error instanceof FeedError ? error.message : 'the octets did not come';
    }
    this.#host.redraw();
  }

  #octetLines(): DiffLine[] {
    if (this.#problem !== '') return [{ name: 'octets', one: this.#problem, other: '', differs: false }];
    const details = this.#details;
    if (details === null) return [{ name: 'octets', one: 'are asked for', other: '', differs: false }];
    const [one, other] = details;
    const names = new Set([...(one?.sources ?? []), ...(other?.sources ?? [])].map(({ name }) => name));
    return [...names].flatMap((name) => {
      const bytesOf = (side: FrameDetails | null): Uint8Array =>
        side?.sources.find((source) => source.name === name)?.bytes ?? new Uint8Array(0);
      return octetLines(name, bytesOf(one), bytesOf(other));
    });
  }
}

function fieldLines(one: StoredMessage, other: StoredMessage): DiffLine[] {
  const fields: readonly (readonly [string, (message: StoredMessage) => string])[] = [
    ['time', ({ time }) => clockText(time, 6)],
    ['group', ({ groupName, groupId }) => groupName ?? groupId],
    ['source', ({ sourceName, sourceId }) => `${sourceName ?? '?'} ${sourceId}`],
    ['LCID', ({ lcid }) => String(lcid)],
    ['PGK index', ({ pgkIndex }) => String(pgkIndex)],
    ['PGK', ({ pgkId }) => (pgkId < 0 ? '-' : String(pgkId))],
    ['PTK id', ({ ptkId }) => String(ptkId)],
    ['SN', ({ sn }) => String(sn)],
    ['SDU octets', ({ length }) => String(length)],
    ['verdict', ({ verdict, evidenceBits }) => `${verdict}, ${evidenceBits} bits`],
    ['protocols', ({ protocols }) => protocols],
    ['what', ({ summary }) => summary],
  ];
  return fields.map(([name, read]) => {
    const [first, second] = [printable(read(one)), printable(read(other))];
    return { name, one: first, other: second, differs: first !== second };
  });
}

function octetLines(name: string, one: Uint8Array, other: Uint8Array): DiffLine[] {
  const length = Math.min(OCTETS_MOST, Math.max(one.length, other.length));
  const lines: DiffLine[] = [{ name: '', one: '', other: '', differs: false }];
  for (let at = 0; at < length; at += OCTETS) {
    const differs = Array.from({ length: OCTETS }, (_, index) => one[at + index] !== other[at + index]);
    const label = at === 0 ? name : at.toString(16).padStart(4, '0');
    lines.push({ name: label, one: hexText(one, at), other: hexText(other, at), differs });
  }
  return lines;
}

function hexText(bytes: Uint8Array, at: number): string {
  return Array.from(bytes.subarray(at, at + OCTETS), (octet) => octet.toString(16).padStart(2, '0')).join(' ');
}

function drawSide(pane: Pane, x: number, y: number, text: string, differs: DiffLine['differs'], cells: number): void {
  if (typeof differs === 'boolean') {
    pane.write(x, y, text, style(differs ? 'warning' : 'text'), cells);
    return;
  }
  for (const [index, pair] of text.split(' ').entries()) {
    const at = x + index * 3;
    if (at + 2 > x + cells) break;
    pane.write(at, y, pair, style(differs[index] ? 'warning' : 'dim'), 2);
    if (differs[index]) pane.lay(at, y, 2, 'match');
  }
}
