// Memory of a ring of rounds (round-slot.ts). Octets, arenas and columns of all slots are one piece, in which the kernels of
// each thread work (../engine/shared-layout.ts): what is looked up, deciphered and read there is copied neither there nor back.
// Hosts that cannot have that have the same in pieces.

import { WINDOW_OCTETS } from '../../captures/input-window.ts';
import { createSharedMemory, type SharedMemory } from '../../dissectors/security/wasm/shared-memory.ts';
import { KERNELS_OCTETS, READ_BEHIND_OCTETS } from '../engine/shared-layout.ts';

/** We chose: octets that most rounds get by with. A larger round gets memory of its own, which the next one gives back. */
const JOINED_OCTETS = 64 * 1024;
const PLAIN_OCTETS = 1024 * 1024;
const LIST_OCTETS = 8 * 1024;

/** Octets of a slot in the one piece, its arena and behind that its columns on lines of the cache. */
const ARENA_AT = (WINDOW_OCTETS + READ_BEHIND_OCTETS + 63) & ~63;
const COLUMNS_AT = ARENA_AT + PLAIN_OCTETS;

/** The memory of a slot, as the other thread gets it. */
export interface RoundMemory {
  readonly columns: Uint8Array<SharedArrayBuffer>;
  /** Octets of frames, of joined PDUs and of deciphered SDUs; lists of frames. */
  readonly octets: Uint8Array<SharedArrayBuffer>;
  readonly joined: Uint8Array<SharedArrayBuffer>;
  readonly plain: Uint8Array<SharedArrayBuffer>;
  readonly lists: Uint8Array<SharedArrayBuffer>;
}

/**
 * Memory that takes the place of the slot's, where another size was needed; null: the slot's again. Not the slot's itself,
 * which would be another object in the thread that is told. Columns have as many rows as any round.
 */
export type ReplacedMemory = Partial<
  Record<Exclude<keyof RoundMemory, 'columns'>, Uint8Array<SharedArrayBuffer> | null>
>;

/** The memory of a ring. */
export interface RingMemory {
  readonly slots: readonly RoundMemory[];
  /** The one piece; null: there is none. */
  readonly shared: SharedMemory | null;
}

/** Makes the memory of a ring of so many slots, `columnOctets` of them columns. */
export function createRingMemory(slots: number, columnOctets: number): RingMemory {
  const slotOctets = (COLUMNS_AT + columnOctets + 63) & ~63;
  const shared = createSharedMemory(KERNELS_OCTETS + slots * slotOctets);
  return {
    shared,
    slots: Array.from({ length: slots }, (_, slot) => {
      const at = KERNELS_OCTETS + slot * slotOctets;
      const own = (from: number, octets: number) =>
        shared === null ? piece(octets) : new Uint8Array(shared.buffer, at + from, octets);
      return {
        columns: own(COLUMNS_AT, columnOctets),
        octets: own(0, WINDOW_OCTETS),
        joined: piece(JOINED_OCTETS),
        plain: own(ARENA_AT, PLAIN_OCTETS),
        lists: piece(LIST_OCTETS),
      };
    }),
  };
}

/**
 * What has to take the place of what a slot holds now.
 *
 * @param own what the slot has
 * @param needed octets of a round
 */
export function enough(
  name: keyof ReplacedMemory,
  own: RoundMemory,
  held: RoundMemory,
  needed: number,
): ReplacedMemory {
  if (needed <= own[name].length) return held[name] === own[name] ? {} : { [name]: null };
  if (needed <= held[name].length) return {};
  let octets = own[name].length;
  while (octets < needed) octets *= 2;
  return { [name]: piece(octets) };
}

function piece(octets: number): Uint8Array<SharedArrayBuffer> {
  return new Uint8Array(new SharedArrayBuffer(octets));
}
