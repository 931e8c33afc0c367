// IP fragments inside SDUs that were opened: put together again, so that what the datagram holds can be described. Bounded
// by the table (dissectors/internet/fragments.ts).

import {
  addFragment,
  createFragmentTable,
  type FragmentTable,
  fragmentOf,
} from '../../dissectors/internet/fragments.ts';
import { createIpCursor } from '../../dissectors/internet/ip-cursor.ts';
import { decodeIpv4 } from '../../dissectors/internet/ipv4.ts';
import { decodeIpv6 } from '../../dissectors/internet/ipv6.ts';
import { Problem } from '../../dissectors/problems.ts';
import { SduType } from '../../dissectors/sidelink/pdcp-slrb.ts';
import { MessageFlag, type MessageTable } from './message-table.ts';

/** The specification says: flags and offset of an IPv4 header (RFC 791 3.1), next header of an IPv6 one (RFC 8200 3). */
const IPV4_HEADER = 20;
const IPV4_FRAGMENT_AT = 6;
const IPV4_MORE_AND_OFFSET = 0x3fff;
const IPV6_HEADER = 40;
const IPV6_NEXT_HEADER_AT = 6;
/** Hop-by-hop options, routing header, fragment, destination options: a fragment header is one or stands behind one. */
const MAY_LEAD_TO_FRAGMENT: readonly number[] = [0, 43, 44, 60];

/** Remembers fragments of one capture. Ask in the order of the capture, for every message. */
export class SduFragments {
  /** Null until there is a fragment: most captures have none. */
  #table: FragmentTable | null = null;
  readonly #cursor = createIpCursor();

  /** Datagrams given up to keep within the caps. */
  get evictions(): number {
    return this.#table?.evicted ?? 0;
  }

  /** Payload of the IP datagram that this message completes; null for every other message. */
  take(table: MessageTable, row: number): Uint8Array | null {
    if (table.sduType[row] !== SduType.ip || (table.flags[row] & MessageFlag.plaintextShown) === 0) return null;
    const bytes = table.bodyBytes(row);
    const at = table.bodyAt(row);
    const end = at + table.length[row];
    if (!mayBeFragment(bytes, at, end)) return null;
    const cursor = this.#cursor;
    const decode = bytes[at] >>> 4 === 4 ? decodeIpv4 : decodeIpv6;
    if (decode(bytes, at, end, cursor, null) !== Problem.none || !cursor.fragment) return null;
    // Two senders may use one identification for different datagrams.
    const scope = `${table.destination[row]}|${table.source[row]}`;
    const fragment = fragmentOf(bytes, cursor, end, scope, table.time[row] / 1000);
    this.#table ??= createFragmentTable();
    const result = addFragment(this.#table, fragment);
    return result.state === 'whole' ? result.payload : null;
  }
}

function mayBeFragment(bytes: Uint8Array, at: number, end: number): boolean {
  if (at + IPV4_HEADER > end) return false;
  if (bytes[at] >>> 4 === 4) {
    const flagsAt = at + IPV4_FRAGMENT_AT;
    return (((bytes[flagsAt] << 8) | bytes[flagsAt + 1]) & IPV4_MORE_AND_OFFSET) !== 0;
  }
  if (bytes[at] >>> 4 !== 6 || at + IPV6_HEADER > end) return false;
  return MAY_LEAD_TO_FRAGMENT.includes(bytes[at + IPV6_NEXT_HEADER_AT]);
}
