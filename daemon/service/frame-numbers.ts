// Gives the frames of all sources the daemon's own numbers, interfaces and tracks (docs/daemon.md, a frame's way).

import { type FrameBatch, NO_INTERFACE } from '../../captures/frame-batch.ts';
import type { LiveSource } from '../../captures/sources/live-source.ts';
import type { Track } from '../engine-process/engine-port.ts';
import type { JournalPort } from '../journal/journal-port.ts';

/** Name of the track that all sources with the wall clock share. */
export const WALL_TRACK = 'wall';

/** Tracks by their number. Numbers hold for this run of the daemon; names hold for the journal. */
export class Tracks {
  readonly #tracks: Track[] = [{ track: 0, clock: 'wall', name: WALL_TRACK }];

  /** The track of a source: the common one, or one of its own where the capture's clock counts. */
  of(source: Pick<LiveSource, 'name' | 'clock'>): Track {
    if (source.clock === 'wall') return this.#tracks[0];
    return this.named(source.name, 'capture');
  }

  /** The track of a name, made where it is new: a source of an earlier run may be gone while its frames are kept. */
  named(name: string, clock: Track['clock'] = 'capture'): Track {
    const known = this.#tracks.find((each) => each.name === name);
    if (known !== undefined) return known;
    const track: Track = { track: this.#tracks.length, clock: name === WALL_TRACK ? 'wall' : clock, name };
    this.#tracks.push(track);
    return track;
  }

  all(): readonly Track[] {
    return this.#tracks;
  }
}

/** The numbering of one source. */
export class FrameNumbers {
  readonly #source: Pick<LiveSource, 'name' | 'interfaceName'>;
  readonly #journal: Pick<JournalPort, 'interfaceId' | 'nextFrame'>;
  readonly #track: Track;
  readonly #known = new Map<number, number>();

  constructor(
    source: Pick<LiveSource, 'name' | 'interfaceName'>,
    track: Track,
    journal: Pick<JournalPort, 'interfaceId' | 'nextFrame'>,
  ) {
    this.#source = source;
    this.#track = track;
    this.#journal = journal;
  }

  /** The batch with the daemon's numbers; octets and all other columns are the source's own, valid as long as that one. */
  number(batch: FrameBatch): FrameBatch {
    const interfaceId = new Uint16Array(batch.count);
    for (let row = 0; row < batch.count; row++) {
      interfaceId[row] = this.#interface(batch.interfaceId[row], batch.linkType[row]);
    }
    const marks = batch.marks.map((mark) => {
      return mark.interfaceId < 0 ? mark : { ...mark, interfaceId: this.#interfaceOfMark(mark.interfaceId) };
    });
    return { ...batch, firstFrame: this.#journal.nextFrame, interfaceId, marks };
  }

  #interface(interfaceId: number, linkType: number): number {
    if (interfaceId === NO_INTERFACE) return NO_INTERFACE;
    // One number holds both: link types have 16 bits.
    const key = interfaceId * 0x1_0000 + linkType;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const given = this.#journal.interfaceId({
      source: this.#source.name,
      name: this.#source.interfaceName(interfaceId),
      linkType,
      track: this.#track.name,
    });
    this.#known.set(key, given);
    return given;
  }

  /** A mark names an interface without its link type: the first number that frames of it got, else none. */
  #interfaceOfMark(interfaceId: number): number {
    for (const [key, given] of this.#known) if (Math.floor(key / 0x1_0000) === interfaceId) return given;
    return -1;
  }
}
