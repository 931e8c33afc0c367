// The checksums of a traced document, worked out for other octets of the same layout: the one thing in the layers above PDCP
// that depends on octets which are not compared.

import type { TracedStep } from '../ek-trace.ts';
import { Problem } from '../problems.ts';
import { createIpCursor, type IpCursor } from './ip-cursor.ts';
import { decodeIpv4, IPV4, ipv4ChecksumFits } from './ipv4.ts';
import { decodeIpv6, IPV6 } from './ipv6.ts';
import { createUdpCursor, decodeUdp, UDP, type UdpCursor, udpChecksumStatus } from './udp.ts';

interface Ipv4Check {
  readonly source: number;
  readonly cursor: IpCursor;
  readonly status: number;
}

interface UdpCheck {
  readonly source: number;
  readonly ip: IpCursor | null;
  readonly cursor: UdpCursor;
  readonly end: number;
  readonly status: number;
}

/** Checksums by what their status has to be. */
export class TransportChecks {
  readonly #headers: readonly Ipv4Check[];
  readonly #datagrams: readonly UdpCheck[];

  private constructor(headers: readonly Ipv4Check[], datagrams: readonly UdpCheck[]) {
    this.#headers = headers;
    this.#datagrams = datagrams;
  }

  /**
   * The checks of a document.
   *
   * @param sources the octets that the steps refer to
   * @returns null where the document says otherwise than the checks: then it rests on more than they know
   */
  static of(steps: readonly TracedStep[], sources: readonly Uint8Array[]): TransportChecks | null {
    const headers: Ipv4Check[] = [];
    const datagrams: UdpCheck[] = [];
    let ip: IpCursor | null = null;
    let ipSource = 0;
    for (const [index, { protocol, source, at, length }] of steps.entries()) {
      if (protocol !== IPV4 && protocol !== IPV6 && protocol !== UDP) continue;
      const bytes = sources[source];
      if (protocol === UDP) {
        const carrier = ipSource === source ? ip : null;
        const end = carrier === null ? bytes.length : Math.min(carrier.payloadEnd, bytes.length);
        const cursor = createUdpCursor();
        if (decodeUdp(bytes, at, end, carrier, cursor, null) !== Problem.none) return null;
        const status = udpChecksumStatus(bytes, end, carrier, cursor);
        if (status !== toldOf(steps, index, UDP.fields.checksumStatus)) return null;
        datagrams.push({ source, ip: carrier, cursor, end, status });
        continue;
      }
      const cursor = createIpCursor();
      const decode = protocol === IPV4 ? decodeIpv4 : decodeIpv6;
      if (decode(bytes, at, bytes.length, cursor, null) !== Problem.none) return null;
      // Extension headers that the layer does not tell of would be compared nowhere.
      if (cursor.payloadAt !== at + length) return null;
      ip = cursor;
      ipSource = source;
      if (protocol === IPV6) continue;
      const status = ipv4ChecksumFits(bytes, cursor) ? 1 : 0;
      if (status !== toldOf(steps, index, IPV4.fields.checksumStatus)) return null;
      headers.push({ source, cursor, status });
    }
    return new TransportChecks(headers, datagrams);
  }

  /** Whether every status is the same for other octets of the same layout. */
  hold(sources: readonly Uint8Array[]): boolean {
    for (const { source, cursor, status } of this.#headers) {
      if ((ipv4ChecksumFits(sources[source], cursor) ? 1 : 0) !== status) return false;
    }
    for (const { source, ip, cursor, end, status } of this.#datagrams) {
      if (udpChecksumStatus(sources[source], end, ip, cursor) !== status) return false;
    }
    return true;
  }
}

/** What the layer that begins at a step says of a field; NaN where it says nothing. */
function toldOf(steps: readonly TracedStep[], layer: number, field: TracedStep['field']): number {
  for (let index = layer + 1; index < steps.length && steps[index].protocol === null; index++) {
    if (steps[index].field === field) return Number(steps[index].value);
  }
  return Number.NaN;
}
