// What `describeSdu` says of an SDU, as octets: for output of which there is so much that a string for each message would
// cost more than finding the message. RTP, nearly all of the traffic of groups that talk, is put together from the text of
// its endpoints, made once; everything else is described as anywhere else. A test keeps the two equal.

import type { AsciiWriter } from './ascii-writer.ts';
import { createIpCursor } from './internet/ip-cursor.ts';
import { decodeIpv4 } from './internet/ipv4.ts';
import { IpProtocol } from './internet/ports.ts';
import { createUdpCursor, decodeUdp } from './internet/udp.ts';
import { looksLikeRtp, rtpPayloadType, rtpSequence } from './media/rtp.ts';
import { uint32 } from './octets.ts';
import { PieceTable } from './piece-table.ts';
import { Problem } from './problems.ts';
import { describeSdu } from './sdu.ts';
import { SduType } from './sidelink/pdcp-slrb.ts';

const NO_PROTOCOLS: readonly string[] = [];

/** Looks at one SDU after the other: `look`, then `protocols` and `write`. */
export class SduSummaryWriter {
  /** Names of the layers inside the SDU looked at last, outermost first. One array for each chain of protocols. */
  protocols: readonly string[] = NO_PROTOCOLS;
  /** Its summary: the text of a stream and a sequence number, or, where there is no stream, a whole sentence. */
  #stream: Uint8Array | null = null;
  #sequence = 0;
  #sentence = '';

  readonly #ip = createIpCursor();
  readonly #udp = createUdpCursor();
  readonly #streams = new PieceTable(NO_STREAM);

  /** Parameters as those of `describeSdu`. */
  look(bytes: Uint8Array, at: number, length: number, sduType: number, reassembled: Uint8Array | null): void {
    if (sduType === SduType.ip && this.#lookRtp(bytes, at, at + length)) return;
    const { protocols, summary } = describeSdu(bytes, at, length, sduType, reassembled);
    this.protocols = protocols;
    this.#stream = null;
    this.#sentence = summary;
  }

  /** The summary as it stands between the quotes of a JSON string. */
  writeJson(out: AsciiWriter): void {
    if (this.#stream === null) out.jsonInside(this.#sentence);
    else {
      out.octets(this.#stream);
      out.decimal(this.#sequence);
    }
  }

  /** The summary as it is. */
  writeText(out: AsciiWriter): void {
    if (this.#stream === null) out.text(this.#sentence);
    else {
      out.octets(this.#stream);
      out.decimal(this.#sequence);
    }
  }

  /** Takes the SDU where it is an RTP packet over UDP and IPv4 in one piece. */
  #lookRtp(bytes: Uint8Array, at: number, end: number): boolean {
    const ip = this.#ip;
    const udp = this.#udp;
    if (decodeIpv4(bytes, at, end, ip, null) !== Problem.none) return false;
    if (ip.protocol !== IpProtocol.udp || ip.fragment) return false;
    const ipEnd = Math.min(ip.payloadEnd, end);
    if (decodeUdp(bytes, ip.payloadAt, ipEnd, null, udp, null) !== Problem.none) return false;
    const { sourcePort, destinationPort, payloadAt } = udp;
    if (!looksLikeRtp(bytes, payloadAt, Math.min(udp.payloadEnd, ipEnd), sourcePort, destinationPort)) return false;
    const source = uint32(bytes, ip.sourceAt);
    const destination = uint32(bytes, ip.destinationAt);
    const ports = ((sourcePort << 16) | destinationPort) >>> 0;
    const type = rtpPayloadType(bytes, payloadAt);
    const stream =
      this.#known(source, destination, ports, type) ?? this.#describe(bytes, at, end, source, destination, ports, type);
    this.protocols = stream.protocols;
    this.#stream = stream.text;
    this.#sequence = rtpSequence(bytes, payloadAt);
    return true;
  }

  #known(source: number, destination: number, ports: number, type: number): Stream | null {
    const { places } = this.#streams;
    const place = this.#streams.placeOf(numberOf(source, destination, ports, type));
    const first = places[place];
    if (first.source === source && first.destination === destination && first.ports === ports && first.type === type) {
      return first;
    }
    const second = places[place + 1];
    return second.source === source &&
      second.destination === destination &&
      second.ports === ports &&
      second.type === type
      ? second
      : null;
  }

  /** Describes a stream that is new here, in the place of the older of two. */
  #describe(
    bytes: Uint8Array,
    at: number,
    end: number,
    source: number,
    destination: number,
    ports: number,
    type: number,
  ): Stream {
    const { protocols, summary } = describeSdu(bytes, at, end - at, SduType.ip);
    const text = Uint8Array.from(Buffer.from(summary.replace(/\d+$/, '')));
    const stream = { source, destination, ports, type, protocols, text };
    this.#streams.put(this.#streams.placeOf(numberOf(source, destination, ports, type)), stream);
    return stream;
  }
}

/** The number by which a stream is found. */
function numberOf(source: number, destination: number, ports: number, type: number): number {
  return source ^ Math.imul(destination, 0x85ebca6b) ^ ports ^ (type << 24);
}

/** What the summaries of a stream have in common. */
interface Stream {
  readonly source: number;
  readonly destination: number;
  /** Source port in the 16 high bits, destination port in the 16 low ones. */
  readonly ports: number;
  readonly type: number;
  readonly protocols: readonly string[];
  /** All but the sequence number, which stands last. */
  readonly text: Uint8Array;
}

/** No stream has this payload type. */
const NO_STREAM: Stream = {
  ...{ source: 0, destination: 0, ports: 0, type: -1 },
  ...{ protocols: NO_PROTOCOLS, text: new Uint8Array(0) },
};
