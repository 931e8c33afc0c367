// The interfaces of one source through all its restarts and files: each keeps its number and has one link type, whatever
// number the capture at hand gives it. Takes out what is no frame.

import { type CaptureMark, CUSTOM_BLOCK_LINKTYPE, type FrameBatch } from '../frame-batch.ts';
import { SourceFailure } from './source-attempt.ts';
import { sourceProblem } from './source-problems.ts';

/** Constants we chose. */
/** Interfaces of one source. A capture that names more is refused: the journal keeps every one for ever. */
export const MAX_SOURCE_INTERFACES = 1024;

/** Numbers interfaces and frames of a source. */
export class SourceInterfaces {
  readonly #defaultName: string;
  readonly #names: string[] = [];
  /** Name, link type and place among equals of a section, to number. */
  readonly #known = new Map<string, number>();
  /** Number in the capture at hand to number in the source. */
  #numbers: number[] = [];
  /** How often each name and link type stood in the section at hand. */
  #equals = new Map<string, number>();
  #frames = 0;

  /** @param defaultName for interfaces that a capture does not name */
  constructor(defaultName: string) {
    this.#defaultName = defaultName;
  }

  /** Frames numbered so far. */
  get frames(): number {
    return this.#frames;
  }

  /** Name of an interface, by the number in this source. */
  name(interfaceId: number): string {
    return this.#names[interfaceId] ?? this.#defaultName;
  }

  /** A new capture begins, whose numbers begin anew. */
  begin(): void {
    this.#numbers = [];
    this.#equals.clear();
  }

  /**
   * The batch with the numbers of the source. Valid as long as the one given.
   * @throws SourceFailure where it names more interfaces than a source may have
   */
  numbered(given: FrameBatch): FrameBatch {
    const batch = withoutCustomBlocks(given);
    const marks: CaptureMark[] = [];
    let interfaceId = batch.interfaceId;
    let row = 0;
    // In order: what stands before a section has the numbers of before.
    for (let at = 0; at <= batch.marks.length; at++) {
      const end = at < batch.marks.length ? batch.marks[at].beforeRow : batch.count;
      for (; row < end; row++) {
        const local = batch.interfaceId[row];
        // Classic pcap has an interface and no block that says so.
        const number = this.#numbers[local] ?? this.#add(local, undefined, batch.linkType[row]);
        if (number !== local && interfaceId === batch.interfaceId) {
          interfaceId = batch.interfaceId.slice(0, batch.count);
        }
        interfaceId[row] = number;
      }
      if (at < batch.marks.length) marks.push(this.#markNumbered(batch.marks[at]));
    }
    const firstFrame = this.#frames + 1;
    this.#frames += batch.count;
    return {
      bytes: batch.bytes,
      view: batch.view,
      count: batch.count,
      firstFrame,
      offset: batch.offset,
      captured: batch.captured,
      original: batch.original,
      seconds: batch.seconds,
      nanoseconds: batch.nanoseconds,
      digits: batch.digits,
      linkType: batch.linkType,
      interfaceId,
      marks,
    };
  }

  #markNumbered(mark: CaptureMark): CaptureMark {
    if (mark.kind === 'section') this.#equals.clear();
    if (mark.kind === 'interface') this.#add(mark.interfaceId, mark.name, mark.linkType ?? 0);
    const number = this.#numbers[mark.interfaceId];
    return number === undefined ? mark : { ...mark, interfaceId: number };
  }

  #add(local: number, name: string | undefined, linkType: number): number {
    const kind = `${linkType} ${name ?? ''}`;
    const equals = this.#equals.get(kind) ?? 0;
    this.#equals.set(kind, equals + 1);
    const key = `${equals} ${kind}`;
    let number = this.#known.get(key);
    if (number === undefined) {
      number = this.#names.length;
      if (number === MAX_SOURCE_INTERFACES) {
        const sentence = `the capture has named more than ${MAX_SOURCE_INTERFACES} different interfaces`;
        throw new SourceFailure(sourceProblem('source.too-many-interfaces', sentence));
      }
      this.#names.push(name ?? this.#defaultName);
      this.#known.set(key, number);
    }
    this.#numbers[local] = number;
    return number;
  }
}

/** The batch without its rows that are no frames: as a rule the batch itself. */
function withoutCustomBlocks(batch: FrameBatch): FrameBatch {
  let row = 0;
  while (row < batch.count && batch.linkType[row] !== CUSTOM_BLOCK_LINKTYPE) row++;
  if (row === batch.count) return batch;
  const rows = Array.from({ length: batch.count }, (_, row) => row);
  const kept = rows.filter((row) => batch.linkType[row] !== CUSTOM_BLOCK_LINKTYPE);
  return {
    bytes: batch.bytes,
    view: batch.view,
    count: kept.length,
    firstFrame: batch.firstFrame,
    offset: Uint32Array.from(kept, (row) => batch.offset[row]),
    captured: Uint32Array.from(kept, (row) => batch.captured[row]),
    original: Uint32Array.from(kept, (row) => batch.original[row]),
    seconds: Float64Array.from(kept, (row) => batch.seconds[row]),
    nanoseconds: Uint32Array.from(kept, (row) => batch.nanoseconds[row]),
    digits: Uint8Array.from(kept, (row) => batch.digits[row]),
    linkType: Uint16Array.from(kept, (row) => batch.linkType[row]),
    interfaceId: Uint16Array.from(kept, (row) => batch.interfaceId[row]),
    marks: batch.marks.map((mark) => ({
      ...mark,
      beforeRow: kept.filter((row) => row < mark.beforeRow).length,
    })),
  };
}
