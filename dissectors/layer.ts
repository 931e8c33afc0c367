// The contract that every dissector meets. A protocol declares its fields once; the tree, `-e`, `-Y`, completion and
// docs/protocols.md all read that table. Its decode function runs with a tree writer when somebody looks and with null
// on the fast path.

/** How a field's value is held and compared. */
export type FieldType = 'uint' | 'bool' | 'l2id' | 'ipv4' | 'ipv6' | 'ether' | 'bytes' | 'text' | 'time' | 'marker';

/** How a number is shown: the first of two bases is the one of `-T fields`; people see both. */
export type FieldBase = 'dec' | 'hex' | 'dec_hex' | 'hex_dec' | 'none';

/** One field of one protocol, declared once. */
export interface Field {
  /** Number of the declaration in this process: index into tables made while it runs, never stored or sent. */
  readonly id: number;
  /** Name for `-Y` and `-e`; Wireshark's own where Wireshark has one. */
  readonly name: string;
  /** What people read in the tree. */
  readonly label: string;
  readonly type: FieldType;
  readonly base: FieldBase;
  /** Octets that hold the field: 0 where the length varies or the field is generated. */
  readonly width: number;
  /** Bits of those octets that belong to the field (big endian number); 0 means all. */
  readonly mask: number;
  /** Names of values; a value that is not listed shows as its number. */
  readonly values: ReadonlyMap<number, string> | null;
  /** One sentence: what it means. */
  readonly about: string;
  /** Where it is defined, e.g. `TS 36.323 6.2.10`. */
  readonly clause: string;
}

/** One protocol: a name, and its fields in the order of its octets. */
export interface Protocol {
  /** Name in the `protocols` of an event, e.g. `pdcp-slrb`. */
  readonly name: string;
  /** Title in the tree. */
  readonly title: string;
  readonly about: string;
  readonly clause: string;
  readonly fields: Readonly<Record<string, Field>>;
}

/** What a declaration says of a field; the rest takes the defaults of `field`. */
export interface FieldOptions {
  readonly base?: FieldBase;
  readonly width?: number;
  readonly mask?: number;
  readonly values?: ReadonlyMap<number, string>;
  readonly about: string;
  readonly clause: string;
}

let declared = 0;

/** Declares one field. Defaults: shown in decimal, one octet wide, all bits, no value names. */
export function field(name: string, label: string, type: FieldType, options: FieldOptions): Field {
  return {
    id: declared++,
    name,
    label,
    type,
    base: options.base ?? 'dec',
    width: options.width ?? 1,
    mask: options.mask ?? 0,
    values: options.values ?? null,
    about: options.about,
    clause: options.clause,
  };
}

/** A field's value as a tree or a filter sees it. Times are nanoseconds since 1970; addresses are their octets. */
export type FieldValue = number | bigint | boolean | string | Uint8Array;

/**
 * Where a decoder reports what it sees. Offsets are octets from the start of the current source (the frame, or what
 * `source` began).
 */
export interface TreeWriter {
  /** Opens a layer; fields that follow belong to it until `end`. */
  begin(protocol: Protocol, at: number, length: number): void;
  end(): void;
  /** Opens a node below the current one, for repeated or nested parts; closed by `end`. */
  group(label: string, at: number, length: number): void;
  /** A field that lies in the octets. */
  add(field: Field, at: number, length: number, value: FieldValue): void;
  /** A field that was worked out, shown in brackets. */
  generated(field: Field, value: FieldValue): void;
  /** Something is wrong at an octet of this layer. */
  problem(code: string, at: number, text: string): void;
  /** Fields from here to the matching `end` lie in other octets than the frame's, e.g. the deciphered SDU. */
  source(name: string, bytes: Uint8Array): void;
}
