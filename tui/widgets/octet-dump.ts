// Octets of a frame and of what was deciphered from it, with a cursor; the octets of the selected field stand out.

import type { FrameDetails } from '../../daemon/inspection/contract.ts';
import { printable } from '../../dissectors/printable.ts';
import type { Command } from '../keys.ts';
import type { Pane } from '../screen/pane.ts';
import { Attribute, style } from '../screen/style.ts';

/** Octets that a field lies in. */
export interface OctetRange {
  readonly source: number;
  readonly start: number;
  readonly length: number;
}

/** A line: a heading, or octets of a source from an offset on. */
interface DumpLine {
  readonly source: number;
  readonly offset: number;
  readonly isHeading: boolean;
}

/** Cells of an offset and the gap behind it. */
const OFFSET_CELLS = 6;

/** See the head of the file. */
export class OctetDump {
  #sources: FrameDetails['sources'] = [];
  #lines: DumpLine[] = [];
  #perLine = 16;
  #top = 0;
  #height = 1;
  /** Where the cursor is. */
  source = 0;
  offset = 0;

  /** Shows the octets of another frame. */
  show(sources: FrameDetails['sources']): void {
    this.#sources = sources;
    this.source = Math.min(this.source, Math.max(0, sources.length - 1));
    this.offset = Math.min(this.offset, Math.max(0, this.#length(this.source) - 1));
    this.#lines = [];
  }

  /** Puts the cursor on the first octet of a field, and brings it into sight. */
  reveal(range: OctetRange): void {
    if (range.length === 0) return;
    this.source = range.source;
    this.offset = range.start;
    this.#scrollToCursor();
  }

  run(command: Command): boolean {
    const steps: Partial<Record<Command, number>> = {
      left: -1,
      right: 1,
      up: -this.#perLine,
      down: this.#perLine,
      'page-up': -this.#perLine * Math.max(1, this.#height - 1),
      'page-down': this.#perLine * Math.max(1, this.#height - 1),
      'half-page-up': -this.#perLine * Math.max(1, Math.floor(this.#height / 2)),
      'half-page-down': this.#perLine * Math.max(1, Math.floor(this.#height / 2)),
    };
    const step = steps[command];
    if (step !== undefined) this.#move(step);
    else if (command === 'top') this.#to(0, 0);
    else if (command === 'bottom') this.#to(this.#sources.length - 1, this.#length(this.#sources.length - 1) - 1);
    else return false;
    return true;
  }

  /** Puts the cursor where it was clicked. @returns false where no octet is */
  click(line: number, x: number): boolean {
    const clicked = this.#lines[this.#top + line];
    if (clicked === undefined || clicked.isHeading) return false;
    const characters = OFFSET_CELLS + this.#perLine * 3 + 1;
    const column = x >= characters ? x - characters : Math.floor((x - OFFSET_CELLS) / 3);
    const offset = clicked.offset + column;
    if (column < 0 || column >= this.#perLine || offset >= this.#length(clicked.source)) return false;
    this.#to(clicked.source, offset);
    return true;
  }

  wheel(direction: 1 | -1): void {
    this.#top = Math.max(0, Math.min(this.#lines.length - this.#height, this.#top + direction * 3));
  }

  /** @param linked octets of the field that is selected in the tree */
  draw(pane: Pane, isFocused: boolean, linked: OctetRange | null): void {
    this.#layOut(pane);
    for (let line = 0; line < pane.height; line++) {
      const shown = this.#lines[this.#top + line];
      if (shown === undefined) break;
      const source = this.#sources[shown.source];
      if (shown.isHeading) {
        pane.write(0, line, `${printable(source.name)}, ${source.bytes.length} octets`, style('accent'));
      } else this.#drawOctets(pane, line, shown, isFocused, linked);
    }
  }

  #drawOctets(
    pane: Pane,
    y: number,
    { source, offset }: DumpLine,
    isFocused: boolean,
    linked: OctetRange | null,
  ): void {
    const { bytes } = this.#sources[source];
    pane.write(0, y, offset.toString(16).padStart(4, '0'), style('dim'));
    const characters = OFFSET_CELLS + this.#perLine * 3 + 1;
    for (let column = 0; column < this.#perLine && offset + column < bytes.length; column++) {
      const at = offset + column;
      const octet = bytes[at];
      const isLinked =
        linked !== null && linked.source === source && at >= linked.start && at < linked.start + linked.length;
      const isCursor = isFocused && source === this.source && at === this.offset;
      const ground = isCursor ? 'selected' : isLinked ? 'linked' : 'base';
      const bold = isLinked ? Attribute.bold : Attribute.none;
      const x = OFFSET_CELLS + column * 3;
      pane.write(x, y, octet.toString(16).padStart(2, '0'), style(octet === 0 ? 'dim' : 'text', ground, bold));
      const goesOn = isLinked && linked !== null && at + 1 < linked.start + linked.length && column + 1 < this.#perLine;
      if (goesOn) pane.lay(x + 2, y, 1, 'linked');
      const isText = octet >= 0x20 && octet <= 0x7e;
      pane.write(
        characters + column,
        y,
        isText ? String.fromCharCode(octet) : '·',
        style(isText ? 'text' : 'dim', ground),
      );
    }
  }

  #layOut(pane: Pane): void {
    const perLine = pane.width >= OFFSET_CELLS + 16 * 4 + 1 ? 16 : pane.width >= OFFSET_CELLS + 8 * 4 + 1 ? 8 : 4;
    const isSame = perLine === this.#perLine && this.#lines.length > 0;
    this.#height = pane.height;
    if (!isSame) {
      this.#perLine = perLine;
      this.#lines = [];
      this.#sources.forEach(({ bytes }, source) => {
        if (this.#sources.length > 1) this.#lines.push({ source, offset: 0, isHeading: true });
        for (let offset = 0; offset < bytes.length; offset += perLine) {
          this.#lines.push({ source, offset, isHeading: false });
        }
      });
      this.#scrollToCursor();
    }
    this.#top = Math.max(0, Math.min(this.#top, this.#lines.length - this.#height));
  }

  #move(step: number): void {
    const offset = this.offset + step;
    if (offset < 0 && this.source > 0) this.#to(this.source - 1, this.#length(this.source - 1) - 1);
    else if (offset >= this.#length(this.source) && this.source + 1 < this.#sources.length)
      this.#to(this.source + 1, 0);
    else this.#to(this.source, offset);
  }

  #to(source: number, offset: number): void {
    this.source = Math.max(0, source);
    this.offset = Math.max(0, Math.min(offset, this.#length(this.source) - 1));
    this.#scrollToCursor();
  }

  #scrollToCursor(): void {
    const line = this.#lines.findIndex(
      ({ source, offset, isHeading }) =>
        !isHeading && source === this.source && this.offset >= offset && this.offset < offset + this.#perLine,
    );
    if (line < 0) return;
    if (line < this.#top) this.#top = line;
    if (line >= this.#top + this.#height) this.#top = line - this.#height + 1;
  }

  #length(source: number): number {
    return this.#sources[source]?.bytes.length ?? 0;
  }
}
