// Records as the engine wrote them: the text of each, once without and once with what plaintext gave, and beside the texts
// what is needed to route, authorise and count them. Texts are passed on as octets; who must know what stands in one parses it.

import { Form } from './access.ts';
import type { PlainPart, RecordTraits, RelayedEvent, RelayRecord } from './relay-record.ts';

/** Texts one behind the other, UTF-8. */
export interface Texts {
  readonly octets: Uint8Array;
  /** Octets of each; 0 where there is none. Their sum is the length of `octets`. */
  readonly lengths: Uint32Array;
}

/** What a block is made of; it keeps them. */
export interface BlockParts {
  /** What records have in common, each once. */
  readonly traits: readonly RecordTraits[];
  /** Place in `traits` by record. */
  readonly traitOf: Uint32Array;
  /** The record without anything that plaintext gave. */
  readonly outer: Texts;
  /** The whole record, where it has a plain part. */
  readonly plain: Texts;
}

/** Records that came together, in order. */
export class RecordBlock {
  readonly count: number;
  readonly parts: BlockParts;
  readonly #outerAt: Uint32Array;
  readonly #plainAt: Uint32Array;
  /** Records that somebody had to parse, by form and row: filters of several streams look at the same ones. */
  #outerEvents: RelayedEvent[] | null = null;
  #plainEvents: RelayedEvent[] | null = null;

  constructor(parts: BlockParts) {
    this.parts = parts;
    this.count = parts.traitOf.length;
    this.#outerAt = beginnings(parts.outer.lengths);
    this.#plainAt = beginnings(parts.plain.lengths);
  }

  /** Octets of all texts. */
  get octets(): number {
    return this.parts.outer.octets.length + this.parts.plain.octets.length;
  }

  /** What is needed to decide about a record. */
  traits(row: number): RecordTraits {
    return this.parts.traits[this.parts.traitOf[row]];
  }

  /** Whether there is a plain part. */
  hasPlain(row: number): boolean {
    return this.parts.plain.lengths[row] > 0;
  }

  /** The text of a record in a form that it has: a view. */
  text(row: number, form: Form): Uint8Array {
    const isPlain = form === Form.plain;
    const { octets, lengths } = isPlain ? this.parts.plain : this.parts.outer;
    const at = isPlain ? this.#plainAt[row] : this.#outerAt[row];
    return octets.subarray(at, at + lengths[row]);
  }

  /** Octets of that text. */
  textLength(row: number, form: Form): number {
    return form === Form.plain ? this.parts.plain.lengths[row] : this.parts.outer.lengths[row];
  }

  /** The record as an object, as it leaves in a form that it has. */
  event(row: number, form: Form): RelayedEvent {
    this.#outerEvents ??= [];
    this.#plainEvents ??= [];
    const events = form === Form.plain ? this.#plainEvents : this.#outerEvents;
    const known = events[row] as RelayedEvent | undefined;
    if (known !== undefined) return known;
    const { buffer, byteOffset, length } = this.text(row, form);
    const event = JSON.parse(Buffer.from(buffer, byteOffset, length).toString('utf8')) as RelayedEvent;
    events[row] = event;
    return event;
  }

  /** A record with all its parts as an object. */
  record(row: number, seq: number): RelayRecord {
    const { access, key, track } = this.traits(row);
    const event = this.event(row, Form.meta);
    const plain = this.hasPlain(row) ? plainPartOf(this.event(row, Form.plain)) : null;
    return { seq, event, plain, access, key, track };
  }

  /** Overwrites the text with plaintext of a record: it has none from now on. */
  strip(row: number): void {
    this.text(row, Form.plain).fill(0);
    this.parts.plain.lengths[row] = 0;
    this.#plainEvents = null;
  }

  /** The same records without any plaintext; shares the other texts. */
  withoutPlain(): RecordBlock {
    const { count } = this;
    return new RecordBlock({ ...this.parts, plain: { octets: new Uint8Array(0), lengths: new Uint32Array(count) } });
  }
}

/** Members of `PlainPart`. */
const PLAIN_MEMBERS: ReadonlySet<string> = new Set([
  'summary',
  'protocols',
  'payload',
  'evidence',
] satisfies readonly (keyof PlainPart)[]);

/** A block without records. */
export const NO_RECORDS = new RecordBlock({
  traits: [],
  traitOf: new Uint32Array(0),
  outer: { octets: new Uint8Array(0), lengths: new Uint32Array(0) },
  plain: { octets: new Uint8Array(0), lengths: new Uint32Array(0) },
});

/** A block that has its place: its records are numbered from `first` on. */
export interface NumberedBlock {
  readonly first: number;
  readonly block: RecordBlock;
}

function beginnings(lengths: Uint32Array): Uint32Array {
  const at = new Uint32Array(lengths.length);
  for (let row = 1; row < lengths.length; row++) at[row] = at[row - 1] + lengths[row - 1];
  return at;
}

/** The members of a whole record that plaintext gave, or may have given. */
function plainPartOf(event: RelayedEvent): PlainPart {
  return Object.fromEntries(Object.entries(event).filter(([name]) => PLAIN_MEMBERS.has(name)));
}
