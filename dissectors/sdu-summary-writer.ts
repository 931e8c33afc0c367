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
import { PieceStore } from './piece-store.ts';
import { Problem } from './problems.ts';
import { describeSdu } from './sdu.ts';
import { SduType } from './sidelink/pdcp-slrb.ts';

const NO_PROTOCOLS: readonly string[] = [];
/** What a store of pieces says where it has none. */
const NO_STREAM = -1;

/** Looks at one SDU after the other: `look`, then `protocols` and `write`. */
export class SduSummaryWriter {
  /** Names of the layers inside the SDU looked at last, outermost first. One array for each chain of protocols. */
  protocols: readonly string[] = NO_PROTOCOLS;
  /** Its summary: the text of a stream and a sequence number, or, where there is no stream (-1), a whole sentence. */
  #stream = NO_STREAM;
  #sequence = 0;
  #sentence = '';

  readonly #ip = createIpCursor();
  readonly #udp = createUdpCursor();
  /**
   * By source, destination, ports and payload type: all of a summary but the sequence number, which stands last. Its value
   * is a place in `#chains`.
   */
  readonly #streams = new PieceStore(4);
  readonly #chains: (readonly string[])[] = [];

  /** Parameters as those of `describeSdu`. */
  look(bytes: Uint8Array, at: number, length: number, sduType: number, reassembled: Uint8Array | null): void {
    if (sduType === SduType.ip && this.#lookRtp(bytes, at, at + length)) return;
    const { protocols, summary } = describeSdu(bytes, at, length, sduType, reassembled);
    this.protocols = protocols;
    this.#stream = NO_STREAM;
    this.#sentence = summary;
  }

  /** The summary as it stands between the quotes of a JSON string. */
  writeJson(out: AsciiWriter): void {
    if (this.#stream === NO_STREAM) out.jsonInside(this.#sentence);
    else {
      this.#streams.write(this.#stream, out);
      out.decimal(this.#sequence);
    }
  }

  /** The summary as it is. */
  writeText(out: AsciiWriter): void {
    if (this.#stream === NO_STREAM) out.text(this.#sentence);
    else {
      this.#streams.write(this.#stream, out);
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
    const streams = this.#streams;
    const { key } = streams;
    key[0] = uint32(bytes, ip.sourceAt);
    key[1] = uint32(bytes, ip.destinationAt);
    key[2] = (sourcePort << 16) | destinationPort;
    key[3] = rtpPayloadType(bytes, payloadAt);
    const known = streams.find();
    const stream = known === NO_STREAM ? this.#describe(bytes, at, end) : known;
    this.protocols = this.#chains[streams.value(stream)];
    this.#stream = stream;
    this.#sequence = rtpSequence(bytes, payloadAt);
    return true;
  }

  /** Describes a stream that is new here. */
  #describe(bytes: Uint8Array, at: number, end: number): number {
    const { protocols, summary } = describeSdu(bytes, at, end - at, SduType.ip);
    let chain = this.#chains.indexOf(protocols);
    if (chain === -1) chain = this.#chains.push(protocols) - 1;
    return this.#streams.put(Buffer.from(summary.replace(/\d+$/, '')), chain);
  }
}
