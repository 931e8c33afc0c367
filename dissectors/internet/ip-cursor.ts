// Where an IP decoder leaves what it found, for the decoder that goes on. One object is reused from call to call.

/** The part of an IP packet that the next decoder needs. Offsets are into the octets that were decoded. */
export interface IpCursor {
  /** 4 or 6. */
  version: number;
  /** First octet of the header. */
  headerAt: number;
  /** First octet behind the header, and behind IPv6 extension headers. */
  payloadAt: number;
  /** One behind the last octet that the IP header's own length claims; may lie beyond what was captured. */
  payloadEnd: number;
  /** IP protocol number of what follows (IPv6: of the last extension header). */
  protocol: number;
  /** Offset of the source address, of the destination address, and the octets of one: 4 or 16. */
  sourceAt: number;
  destinationAt: number;
  addressLength: number;
  /** Time to live, or hop limit. */
  hops: number;
  /** True for any fragment: more are to come, or this is not the first. */
  fragment: boolean;
  /** For a fragment: its identification, its octet offset, and whether more follow. */
  identification: number;
  fragmentOffset: number;
  moreFragments: boolean;
}

/** A cursor to reuse. */
export function createIpCursor(): IpCursor {
  return {
    version: 0,
    headerAt: 0,
    payloadAt: 0,
    payloadEnd: 0,
    protocol: 0,
    sourceAt: 0,
    destinationAt: 0,
    addressLength: 0,
    hops: 0,
    fragment: false,
    identification: 0,
    fragmentOffset: 0,
    moreFragments: false,
  };
}
