// The TreeWriter of `-Y` and `-e` at speed: it keeps the values of wanted fields and forgets everything else. Its lists
// are reused from frame to frame.

import { frameProtocol } from './frame-fields.ts';
import { isConclusion, problemProtocol } from './judged-fields.ts';
import type { Field, FieldValue, Protocol, TreeWriter } from './layer.ts';

/** Constants we chose. */
/** Values kept of one field of one frame; later ones are left out. A frame of 65 535 octets holds fewer in practice. */
export const VALUES_PER_FIELD = 4096;

/** What somebody wants to know of frames. */
export interface Wanted {
  readonly fields: readonly Field[];
  /** Protocols whose presence matters. */
  readonly layers: readonly Protocol[];
  /** Protocols whose octets matter (`frame contains ...`, `udp[8:2]`). */
  readonly octets: readonly Protocol[];
}

/** What a filter or a row reads after a frame was decoded. */
export interface CollectedFields {
  /** Values that the field has in this frame. 0 for a field that was not wanted. */
  count(field: Field): number;
  /** @param index 0 to `count(field) - 1` */
  value(field: Field, index: number): FieldValue;
  /** Layers of this protocol. 0 for one that was not wanted. */
  layers(protocol: Protocol): number;
  /** Octets from the first of that layer to the end of what holds it (the frame, or the deciphered SDU). */
  octets(protocol: Protocol, index: number): Uint8Array;
}

interface LayerSlot {
  readonly octets: boolean;
  readonly lists: Uint8Array[];
  count: number;
}

interface FieldSlot {
  readonly values: FieldValue[];
  count: number;
}

const NO_OCTETS = new Uint8Array(0);

/** Everything that any of the parties wants, each thing once. */
export function joinWanted(...parties: readonly Wanted[]): Wanted {
  return {
    fields: [...new Set(parties.flatMap((wanted) => wanted.fields))],
    layers: [...new Set(parties.flatMap((wanted) => wanted.layers))],
    octets: [...new Set(parties.flatMap((wanted) => wanted.octets))],
  };
}

/** Collects the wanted values of one frame after the other: `reset`, decode with it, read. */
export class FieldCollector implements TreeWriter, CollectedFields {
  /** By field id; holes are fields that nobody wants. */
  readonly #fields: (FieldSlot | undefined)[] = [];
  readonly #layers = new Map<Protocol, LayerSlot>();
  readonly #used: FieldSlot[] = [];
  readonly #protocols: string[] = [];
  readonly #wantsProtocols: boolean;
  /** Octets that hold what is decoded now, and what `end` has to bring back: null where the source stays. */
  #bytes: Uint8Array = NO_OCTETS;
  readonly #outer: (Uint8Array | null)[] = [];

  constructor(wanted: Wanted) {
    for (const field of wanted.fields) {
      if (this.#fields[field.id] !== undefined) continue;
      const slot = { values: [], count: 0 };
      this.#fields[field.id] = slot;
      this.#used.push(slot);
    }
    for (const protocol of wanted.layers) this.#layers.set(protocol, { octets: false, lists: [], count: 0 });
    for (const protocol of wanted.octets) this.#layers.set(protocol, { octets: true, lists: [], count: 0 });
    this.#wantsProtocols = this.#fields[frameProtocol.fields.protocols.id] !== undefined;
  }

  /** Forgets the last frame. @param frame octets of the next one */
  reset(frame: Uint8Array): void {
    for (const slot of this.#used) slot.count = 0;
    for (const slot of this.#layers.values()) slot.count = 0;
    this.#protocols.length = 0;
    this.#outer.length = 0;
    this.#bytes = frame;
  }

  begin(protocol: Protocol, at: number, _length: number): void {
    this.#outer.push(null);
    this.#layer(protocol, at);
    if (this.#wantsProtocols && protocol !== frameProtocol && !isConclusion(protocol)) {
      this.#protocols.push(protocol.name);
    }
  }

  group(_label: string, _at: number, _length: number): void {
    this.#outer.push(null);
  }

  source(_name: string, bytes: Uint8Array): void {
    this.#outer.push(this.#bytes);
    this.#bytes = bytes;
  }

  end(): void {
    const outer = this.#outer.pop();
    if (outer !== undefined && outer !== null) this.#bytes = outer;
  }

  add(field: Field, _at: number, _length: number, value: FieldValue): void {
    const slot = this.#fields[field.id];
    if (slot !== undefined && slot.count < VALUES_PER_FIELD) slot.values[slot.count++] = value;
  }

  generated(field: Field, value: FieldValue): void {
    this.add(field, 0, 0, value);
  }

  problem(code: string, at: number, text: string): void {
    this.#layer(problemProtocol, at);
    this.add(problemProtocol.fields.code, 0, 0, code);
    this.add(problemProtocol.fields.at, 0, 0, at);
    this.add(problemProtocol.fields.text, 0, 0, text);
  }

  count(field: Field): number {
    if (this.#wantsProtocols && field === frameProtocol.fields.protocols) return 1;
    return this.#fields[field.id]?.count ?? 0;
  }

  value(field: Field, index: number): FieldValue {
    if (this.#wantsProtocols && field === frameProtocol.fields.protocols) return this.#protocols.join(':');
    return this.#fields[field.id]?.values[index] ?? '';
  }

  layers(protocol: Protocol): number {
    return this.#layers.get(protocol)?.count ?? 0;
  }

  octets(protocol: Protocol, index: number): Uint8Array {
    return this.#layers.get(protocol)?.lists[index] ?? NO_OCTETS;
  }

  #layer(protocol: Protocol, at: number): void {
    const slot = this.#layers.get(protocol);
    if (slot === undefined || slot.count >= VALUES_PER_FIELD) return;
    if (slot.octets) slot.lists[slot.count] = this.#bytes.subarray(at);
    slot.count++;
  }
}
