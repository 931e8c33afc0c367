// The bodies of the pcapng blocks that hold no packet: interfaces, names, statistics, secrets, and the options that all
// of them may end with (draft-ietf-opsawg-pcapng 3.5 and 4). Positions are offsets into the window; a block that
// contradicts itself gives null.

import { DEFAULT_RESOLUTION, InterfaceClock } from './interface-clock.ts';
import { NameRecord, Option, padded } from './pcapng-layout.ts';

/** Constants we chose. */
/**
 * Names taken from one name resolution block, and octets of one name. What is beyond is left out: names are a help for
 * the eye, and a longer name is none of the domain name system.
 */
export const MAX_NAMES = 65_536;
export const MAX_NAME_OCTETS = 255;

/** Octets before a value: type or code, and length, of 2 octets each. */
const PREFIX = 4;

/** One interface of the current section. */
export interface CaptureInterface {
  /** Counted through the whole file from 0. */
  readonly id: number;
  readonly linkType: number;
  /** if_name; null where the capture does not say. */
  readonly name: string | null;
  /** Octets after which its frames were cut; 0 where there is no limit. */
  readonly snapLength: number;
  readonly clock: InterfaceClock;
  /** Packets lost as its packet blocks counted them. */
  droppedByPackets: number;
  /** Packets lost as its last statistics block said. */
  droppedByStatistics: number;
}

/** One of the blocks in the window, complete and with equal lengths at both ends. */
export interface BlockBody {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly littleEndian: boolean;
  /** Where the body begins. */
  readonly begin: number;
  /** Behind the body: where the second length stands. */
  readonly end: number;
}

/**
 * Calls `take` with each option from `at` on, up to the end of options or of the body.
 * @returns false where an option claims more octets than the body has
 */
export function readOptions(
  body: BlockBody,
  at: number,
  take: (code: number, valueAt: number, octets: number) => void,
): boolean {
  const { view, littleEndian, end } = body;
  let option = at;
  while (end - option >= PREFIX) {
    const code = view.getUint16(option, littleEndian);
    const octets = view.getUint16(option + 2, littleEndian);
    if (code === Option.end) {
      return true;
    }
    if (octets > end - option - PREFIX) {
      return false;
    }
    take(code, option + PREFIX, octets);
    option += PREFIX + padded(octets);
  }
  return true;
}

function skipOption(): void {}

/** True where every option from `at` on fits into the body. */
export function optionsFit(body: BlockBody, at: number): boolean {
  return readOptions(body, at, skipOption);
}

/** Interface description block (4.2). An if_tsresol or if_tsoffset of another length than theirs is passed over. */
export function readInterface(body: BlockBody, id: number): CaptureInterface | null {
  const { view, littleEndian, begin, end } = body;
  if (end - begin < 8) {
    return null;
  }
  let resolution = DEFAULT_RESOLUTION;
  let name: string | null = null;
  let offsetSeconds = 0;
  const whole = readOptions(body, begin + 8, (code, at, octets) => {
    if (code === Option.interfaceName && name === null) {
      name = nameText(body.bytes.subarray(at, at + octets));
    } else if (code === Option.interfaceResolution && octets === 1) {
      resolution = view.getUint8(at);
    } else if (code === Option.interfaceTimeOffset && octets === 8) {
      offsetSeconds = Number(view.getBigInt64(at, littleEndian));
    }
  });
  if (!whole) {
    return null;
  }
  return {
    id,
    linkType: view.getUint16(begin, littleEndian),
    name,
    snapLength: view.getUint32(begin + 4, littleEndian),
    clock: new InterfaceClock(resolution, offsetSeconds),
    droppedByPackets: 0,
    droppedByStatistics: 0,
  };
}

/** Text of an option up to its first zero octet, at most MAX_NAME_OCTETS of it; null where it is empty. */
function nameText(value: Uint8Array): string | null {
  const zero = value.indexOf(0);
  const end = Math.min(zero < 0 ? value.length : zero, MAX_NAME_OCTETS);
  return end === 0 ? null : new TextDecoder().decode(value.subarray(0, end));
}

/** What an interface statistics block says (4.6). */
export interface Statistics {
  /** Interface, counted in its section. */
  readonly interfaceId: number;
  /** Packets lost by the interface and by the system since the capture began; null where neither is said. */
  readonly dropped: number | null;
}

/** Interface statistics block (4.6). */
export function readStatistics(body: BlockBody): Statistics | null {
  const { view, littleEndian, begin, end } = body;
  if (end - begin < 12) {
    return null;
  }
  let dropped: number | null = null;
  const whole = readOptions(body, begin + 12, (code, at, octets) => {
    const drops = code === Option.statisticsInterfaceDropped || code === Option.statisticsSystemDropped;
    if (drops && octets === 8) {
      dropped = (dropped ?? 0) + Number(view.getBigUint64(at, littleEndian));
    }
  });
  return whole ? { interfaceId: view.getUint32(begin, littleEndian), dropped } : null;
}

/** epb_dropcount (4.3): packets lost since the packet before, 0 where it is not said; null where an option is damaged. */
export function readDropCount(body: BlockBody, at: number): number | null {
  let dropped = 0;
  const whole = readOptions(body, at, (code, valueAt, octets) => {
    if (code === Option.packetDropCount && octets === 8) {
      dropped += Number(body.view.getBigUint64(valueAt, body.littleEndian));
    }
  });
  return whole ? dropped : null;
}

/** Decryption secrets block (4.7): true where the secrets fit into it. They are not looked at. */
export function secretsFit(body: BlockBody): boolean {
  const { view, littleEndian, begin, end } = body;
  return end - begin >= 8 && view.getUint32(begin + 4, littleEndian) <= end - begin - 8;
}

/** Name resolution block (4.5): address text to its first name. Addresses other than IPv4 and IPv6 are passed over. */
export function readNames(body: BlockBody): Map<string, string> | null {
  const { bytes, view, littleEndian, end } = body;
  const names = new Map<string, string>();
  let at = body.begin;
  while (end - at >= PREFIX) {
    const type = view.getUint16(at, littleEndian);
    const octets = view.getUint16(at + 2, littleEndian);
    if (type === NameRecord.end) {
      return names;
    }
    if (octets > end - at - PREFIX) {
      return null;
    }
    const value = bytes.subarray(at + PREFIX, at + PREFIX + octets);
    const addressOctets = type === NameRecord.ipv4 ? 4 : type === NameRecord.ipv6 ? 16 : 0;
    if (addressOctets > 0 && octets > addressOctets && names.size < MAX_NAMES) {
      const nameEnd = value.indexOf(0, addressOctets);
      const name = value.subarray(addressOctets, nameEnd < 0 ? octets : nameEnd);
      if (name.length > 0 && name.length <= MAX_NAME_OCTETS) {
        const address = addressText(value.subarray(0, addressOctets));
        names.set(address, new TextDecoder().decode(name));
      }
    }
    at += PREFIX + padded(octets);
  }
  return names;
}

/** An IPv4 address of 4 octets in dotted decimal, an IPv6 address of 16 as RFC 5952 writes it. */
export function addressText(address: Uint8Array): string {
  if (address.length === 4) {
    return address.join('.');
  }
  const groups: number[] = [];
  for (let at = 0; at + 1 < address.length; at += 2) {
    groups.push((address[at] << 8) | address[at + 1]);
  }
  // The longest run of two or more zero groups, the first of equals, becomes "::".
  let runAt = -1;
  let run = 1;
  for (let at = 0; at < groups.length; at++) {
    let end = at;
    while (groups[end] === 0) {
      end++;
    }
    if (end - at > run) {
      runAt = at;
      run = end - at;
    }
  }
  const text = (from: number, to?: number) =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':');
  return runAt < 0 ? text(0) : `${text(0, runAt)}::${text(runAt + run)}`;
}
