// A block of records as parts of a pipe frame: what the engine wrote is taken over as it lies, and nothing of it is parsed but
// the traits, of which there are few.
//
//   part 0   JSON: `through`, and the traits, each once
//   part 1   three columns of 32 bits, a row a record: place of its traits, octets of its outer text, octets of its plain one
//   part 2   outer texts           part 3   plain texts; UTF-8, one behind the other

import { RecordBlock } from '../relay/record-block.ts';
import type { RecordTraits } from '../relay/relay-record.ts';

const PARTS = 4;
const COLUMNS = 3;
/** A text is one line of JSON: the journal keeps it as one. */
const LINE_FEED = 10;

/** Records, and how far frames are judged with them. */
export interface PipedRecords {
  readonly block: RecordBlock;
  readonly through: number;
}

/** The parts of a block. */
export function encodeRecords({ parts, count }: RecordBlock, through: number): Uint8Array[] {
  const { traits, traitOf, outer, plain } = parts;
  const columns = new Uint32Array(count * COLUMNS);
  columns.set(traitOf);
  columns.set(outer.lengths, count);
  columns.set(plain.lengths, 2 * count);
  const head = Buffer.from(JSON.stringify({ through, traits }));
  return [head, new Uint8Array(columns.buffer), outer.octets, plain.octets];
}

/** The block in parts that stand on multiples of 8 of their buffer, copied out of them; null where they are none. */
export function decodeRecords(parts: readonly Uint8Array[]): PipedRecords | null {
  if (parts.length !== PARTS || parts[1].length % (4 * COLUMNS) !== 0) return null;
  const head = headOf(parts[0]);
  if (head === null) return null;
  const count = parts[1].length / (4 * COLUMNS);
  const columns = new Uint32Array(parts[1].buffer, parts[1].byteOffset, count * COLUMNS);
  const column = (index: number): Uint32Array => columns.slice(index * count, (index + 1) * count);
  const { through, traits } = head;
  const traitOf = column(0);
  const outer = { octets: new Uint8Array(parts[2]), lengths: column(1) };
  const plain = { octets: new Uint8Array(parts[3]), lengths: column(2) };
  if (traitOf.some((place) => place >= traits.length)) return null;
  for (const { octets, lengths } of [outer, plain]) {
    let sum = 0;
    for (const length of lengths) sum += length;
    if (sum !== octets.length || octets.includes(LINE_FEED)) return null;
  }
  return { through, block: new RecordBlock({ traits, traitOf, outer, plain }) };
}

function headOf(part: Uint8Array): { readonly through: number; readonly traits: RecordTraits[] } | null {
  try {
    const head = JSON.parse(Buffer.from(part.buffer, part.byteOffset, part.length).toString('utf8')) as {
      readonly through: number;
      readonly traits: RecordTraits[];
    };
    return Number.isSafeInteger(head.through) && Array.isArray(head.traits) ? head : null;
  } catch {
    return null;
  }
}
