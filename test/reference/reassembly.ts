// RLC UM on STCH with window 0 (TS 36.322 7.2) as it reads: every entity remembers its SN and what it holds, for good. The
// slow, obvious twin of daemon/engine/reassembly.ts, without its caps.

import { Fate, SEGMENT_MS } from '../../daemon/engine/reassembly.ts';
import { ElementFlag } from '../../dissectors/walk-table.ts';

interface Entity {
  /** SN of the next PDU; null before the first. */
  expected: number | null;
  open: { octets: number[]; frames: number[]; lastTime: number } | null;
}

/** See the head of the file. */
export class SlowReassembly {
  completed: readonly number[] = [];
  /** Frames of each SDU that was given up. */
  readonly lost: number[][] = [];
  readonly #entities = new Map<number, Entity>();

  /** Takes one data element of a sender, which has one logical channel. */
  take(sender: number, sn: number, flags: number, octets: Uint8Array, frame: number, time: number): Fate {
    const entity = this.#entities.get(sender) ?? { expected: null, open: null };
    this.#entities.set(sender, entity);
    const starts = (flags & ElementFlag.starts) !== 0;
    const ends = (flags & ElementFlag.ends) !== 0;
    if ((flags & ElementFlag.firstOfPdu) !== 0) {
      if (entity.expected !== null && entity.expected !== sn) this.#giveUp(entity);
      entity.expected = (sn + 1) % 32;
    }
    if (starts) {
      this.#giveUp(entity);
      if (ends) return Fate.whole;
      entity.open = { octets: [...octets], frames: [frame], lastTime: time };
      return Fate.waiting;
    }
    if (entity.open !== null && time - entity.open.lastTime > SEGMENT_MS) this.#giveUp(entity);
    const { open } = entity;
    if (open === null) return Fate.orphan;
    open.octets.push(...octets);
    open.lastTime = time;
    if (!open.frames.includes(frame)) open.frames.push(frame);
    if (!ends) return Fate.waiting;
    this.completed = open.octets;
    entity.open = null;
    return Fate.completed;
  }

  #giveUp(entity: Entity): void {
    if (entity.open !== null) this.lost.push(entity.open.frames);
    entity.open = null;
  }
}
