// Builds captures octet by octet, sound and damaged, in both byte orders.

/** Byte order of what is built. */
export type Order = 'little' | 'big';

/** Numbers and octets behind each other; a number is written with the octets given. */
export function octets(
  order: Order,
  ...parts: (Uint8Array | readonly [octets: 1 | 2 | 4 | 8, value: number | bigint])[]
) {
  const bytes = parts.map((part) => {
    if (part instanceof Uint8Array) {
      return part;
    }
    const [length, value] = part;
    const full = new Uint8Array(8);
    new DataView(full.buffer).setBigUint64(0, BigInt.asUintN(64, BigInt(value)), order === 'little');
    return order === 'little' ? full.slice(0, length) : full.slice(8 - length);
  });
  return joined(...bytes);
}

/** Pieces behind each other. */
export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Octets of Latin-1 text. */
export function text(value: string): Uint8Array {
  return Uint8Array.from(value, (letter) => letter.charCodeAt(0));
}

/** `value` padded with zeros to a multiple of 4. */
export function padded(value: Uint8Array): Uint8Array {
  return joined(value, new Uint8Array((4 - (value.length % 4)) % 4));
}

/** File header of classic pcap. */
export function pcapHeader(
  order: Order = 'little',
  more: { nano?: boolean; linkType?: number; snapLength?: number; major?: number; minor?: number } = {},
): Uint8Array {
  return octets(
    order,
    [4, more.nano === true ? 0xa1b23c4d : 0xa1b2c3d4],
    [2, more.major ?? 2],
    [2, more.minor ?? 4],
    [8, 0],
    [4, more.snapLength ?? 65_535],
    [4, more.linkType ?? 147],
  );
}

/** One record of classic pcap. */
export function pcapRecord(
  frame: Uint8Array,
  order: Order = 'little',
  more: { seconds?: number; fraction?: number; captured?: number; original?: number } = {},
): Uint8Array {
  return octets(
    order,
    [4, more.seconds ?? 5],
    [4, more.fraction ?? 6],
    [4, more.captured ?? frame.length],
    [4, more.original ?? frame.length],
    frame,
  );
}

/** A pcapng block; `first` and `last` are its two lengths where they are to be wrong. */
export function block(
  type: number,
  body: Uint8Array,
  order: Order = 'little',
  more: { first?: number; last?: number } = {},
): Uint8Array {
  const full = padded(body);
  const length = full.length + 12;
  return octets(order, [4, type], [4, more.first ?? length], full, [4, more.last ?? more.first ?? length]);
}

/** A pcapng option; `length` where it is to be wrong. */
export function option(code: number, value: Uint8Array, order: Order = 'little', length = value.length): Uint8Array {
  return octets(order, [2, code], [2, length], padded(value));
}

/** Section header block. */
export function section(order: Order = 'little', more: { major?: number; minor?: number; magic?: number } = {}) {
  const magic = more.magic ?? 0x1a2b3c4d;
  return block(0x0a0d0d0a, octets(order, [4, magic], [2, more.major ?? 1], [2, more.minor ?? 0], [8, -1]), order);
}

/** Interface description block. */
export function interfaceBlock(
  linkType = 147,
  order: Order = 'little',
  more: { snapLength?: number; resolution?: number; offset?: bigint; options?: Uint8Array } = {},
): Uint8Array {
  const options = [more.options ?? new Uint8Array()];
  if (more.resolution !== undefined) {
    options.push(option(9, Uint8Array.of(more.resolution), order));
  }
  if (more.offset !== undefined) {
    options.push(option(14, octets(order, [8, more.offset]), order));
  }
  return block(1, octets(order, [2, linkType], [2, 0], [4, more.snapLength ?? 0], ...options), order);
}

/** Enhanced packet block. */
export function packetBlock(
  frame: Uint8Array,
  order: Order = 'little',
  more: { interfaceId?: number; time?: bigint; captured?: number; original?: number; options?: Uint8Array } = {},
): Uint8Array {
  const time = more.time ?? 1_000_000n;
  return block(
    6,
    octets(
      order,
      [4, more.interfaceId ?? 0],
      [4, time >> 32n],
      [4, time & 0xffffffffn],
      [4, more.captured ?? frame.length],
      [4, more.original ?? frame.length],
      padded(frame),
      more.options ?? new Uint8Array(),
    ),
    order,
  );
}

/** Section and one interface, as most captures begin. */
export function pcapngStart(order: Order = 'little'): Uint8Array {
  return joined(section(order), interfaceBlock(147, order));
}

/** Obsolete packet block. */
export function oldPacketBlock(frame: Uint8Array, drops: number, time: bigint, order: Order = 'little'): Uint8Array {
  const lengths = [
    [4, frame.length],
    [4, frame.length],
  ] as const;
  return block(
    2,
    octets(order, [2, 0], [2, drops], [4, time >> 32n], [4, time & 0xffffffffn], ...lengths, padded(frame)),
    order,
  );
}

/** Simple packet block. */
export function simplePacketBlock(frame: Uint8Array, original = frame.length, order: Order = 'little'): Uint8Array {
  return block(3, octets(order, [4, original], padded(frame)), order);
}

/** Interface statistics block with drop counters: of the interface, of the system. */
export function statisticsBlock(interfaceId: number, dropped: number, bySystem: number, order: Order = 'little') {
  const counters = joined(
    option(5, octets(order, [8, dropped]), order),
    option(7, octets(order, [8, bySystem]), order),
  );
  return block(5, octets(order, [4, interfaceId], [8, 0], counters), order);
}
