// Writes the frames of an analysis as pcapng that Wireshark opens with no configuration (wireshark-interop 1.5, 6.5): MAC
// PDUs as exported PDUs, a comment on every frame, names for addresses, and deciphered IP on an interface of its own where
// that is asked for and the verdict lets plaintext out. Streams: nothing is held but segments of open messages.

import type { CaptureSink } from '../../captures/formats/pcap-writer.ts';
import { PcapngWriter, type WrittenFrame, type WrittenName } from '../../captures/formats/pcapng-writer.ts';
import { MAX_RECORD_OCTETS } from '../../captures/formats/record-reader.ts';
import { LINKTYPE_WIRESHARK_UPPER_PDU } from '../../captures/formats/upper-pdu.ts';
import { ElementFlag } from '../../dissectors/walk-table.ts';
import type { AnalysedFrame, AnalysedMessage } from '../engine/analysed-frame.ts';
import { innerType } from '../engine/message-event.ts';
import { MessageFlag } from '../engine/message-table.ts';
import type { KeyEvent } from '../events.ts';
import type { Keyring } from '../keyring/keyring.ts';
import { addressNames } from './address-names.ts';
import { DECIPHERED_INTERFACE } from './deciphered-interface.ts';
import { frameComments, messageText, plainComment, segmentComment } from './frame-comment.ts';
import { HeldSegments } from './held-segments.ts';
import { reframe } from './reframe.ts';

/** The specification says. */
/** LINKTYPE_RAW: IPv4 or IPv6, told by the version (tcpdump.org/linktypes). */
const LINKTYPE_RAW = 101;
/** SDU type of IP (TS 36.323 Table 6.3.14.1). */
const SDU_TYPE_IP = 0;
const IPV4_HEADER = 20;
const IPV6_HEADER = 40;

/** We chose: names in one block, so that no keyring makes a block longer than readers take. */
const NAMES_PER_BLOCK = 4096;

/** What is written, and of what. */
export interface ExportOptions {
  /** Its addresses get names. Keys are never written. */
  readonly keyring: Keyring;
  /** Name of the program, for file properties. */
  readonly application: string;
  /** Writes deciphered IP packets too. Default false. */
  readonly payload?: boolean;
  /** Which frames are written; absent: all. Called once for each frame. */
  passes?(frame: AnalysedFrame): boolean;
}

/** Told of an analysis as `AnalysisListener` is: `key`, then `frame`. */
export class PcapngExport {
  readonly #writer: PcapngWriter;
  readonly #options: ExportOptions;
  /** Interfaces written so far, by what they stand for. One for each interface and link type of the capture at most. */
  readonly #interfaces = new Map<string, number>();
  readonly #held = new HeldSegments();
  #keys: KeyEvent[] = [];
  #written = 0;

  /** Writes the section header and the names. */
  constructor(sink: CaptureSink, options: ExportOptions) {
    this.#options = options;
    this.#writer = new PcapngWriter(sink, options.application);
    const names: WrittenName[] = addressNames(options.keyring);
    for (let at = 0; at < names.length; at += NAMES_PER_BLOCK)
      this.#writer.names(names.slice(at, at + NAMES_PER_BLOCK));
  }

  /** Frames written so far, deciphered ones among them. */
  get written(): number {
    return this.#written;
  }

  /** Segments that were let go before their message was complete. */
  get evictions(): number {
    return this.#held.evictions;
  }

  /** A key-management message of the frame at hand. */
  key(event: KeyEvent): void {
    this.#keys.push(event);
  }

  /** A frame with all that came of it. */
  frame(frame: AnalysedFrame): void {
    const keys = this.#keys;
    if (keys.length > 0) this.#keys = [];
    const passes = this.#options.passes === undefined || this.#options.passes(frame);
    if (!passes && !holdsSegment(frame)) return;
    const reframed = reframe(frame.batch, frame.row, frame.walk);
    if (reframed === null) return;
    const { linkType, bytes, original } = reframed;
    const { batch, row } = frame;
    const written: WrittenFrame = {
      interfaceId: this.#interface(batch.interfaceId[row], linkType, batch.digits[row]),
      seconds: batch.seconds[row],
      nanoseconds: batch.nanoseconds[row],
      bytes,
      original,
    };
    if (!passes) {
      this.#held.keep(frame.number, written);
      return;
    }
    this.#writeSegments(frame);
    const texts = frame.messages.map((message) => messageText(frame, message));
    this.#write({ ...written, comments: frameComments(frame, keys, texts) });
    if (this.#options.payload === true) this.#writePlain(frame, texts);
  }

  /** The frames that a filter held back and that messages of this one were put together from. */
  #writeSegments(frame: AnalysedFrame): void {
    for (const { row } of frame.messages) {
      if (frame.table.framesCount[row] < 2) continue;
      for (const number of frame.table.framesOf(row)) {
        const segment = this.#held.take(number);
        if (segment !== null) this.#write({ ...segment, comments: [segmentComment(number, frame.number)] });
      }
    }
  }

  #writePlain(frame: AnalysedFrame, texts: readonly string[]): void {
    const writtenAs = this.#written;
    for (const [index, message] of frame.messages.entries()) {
      const packet = shownPacket(frame, message);
      if (packet === null) continue;
      const { batch, row } = frame;
      this.#write({
        interfaceId: this.#plainInterface(),
        seconds: batch.seconds[row],
        nanoseconds: batch.nanoseconds[row],
        bytes: packet,
        comments: [plainComment(frame, message, texts[index], writtenAs)],
      });
    }
  }

  #write(frame: WrittenFrame): void {
    this.#writer.frame(frame);
    this.#written++;
  }

  /** Frames of one interface stay together: what counts as a copy depends on it. */
  #interface(captured: number, linkType: number, digits: number): number {
    const key = `${captured} ${linkType} ${digits}`;
    const known = this.#interfaces.get(key);
    if (known !== undefined) return known;
    const exported = linkType === LINKTYPE_WIRESHARK_UPPER_PDU;
    const added = this.#writer.addInterface({
      linkType,
      name: exported ? `sidelink ${captured}` : `link ${captured}`,
      description: exported
        ? `MAC PDUs of interface ${captured} as exported PDUs`
        : `frames of interface ${captured} as captured`,
      resolution: digits > 6 ? 'nanoseconds' : 'microseconds',
    });
    this.#interfaces.set(key, added);
    return added;
  }

  #plainInterface(): number {
    const known = this.#interfaces.get('plain');
    if (known !== undefined) return known;
    const added = this.#writer.addInterface({
      linkType: LINKTYPE_RAW,
      name: DECIPHERED_INTERFACE,
      description: 'IP packets as deciphered by sidescope',
    });
    this.#interfaces.set('plain', added);
    return added;
  }
}

/** Whether a frame holds a part of an SDU that other frames go on with. */
function holdsSegment(frame: AnalysedFrame): boolean {
  const { frames, elements } = frame.walk;
  const first = frames.firstElement[frame.row];
  const whole = ElementFlag.starts | ElementFlag.ends;
  for (let element = first; element < first + frames.elementCount[frame.row]; element++) {
    if ((elements.flags[element] & whole) !== whole) return true;
  }
  return false;
}

/**
 * The IP packet of a message, or null where the verdict withholds it or it is none: a view, valid as long as the frame.
 * What an unsure key made of an SDU is written only where it begins as IP does, so that no reader calls it broken.
 */
function shownPacket(frame: AnalysedFrame, { row }: AnalysedMessage): Uint8Array | null {
  const { table } = frame;
  if ((table.flags[row] & MessageFlag.plaintextShown) === 0 || innerType(table, row) !== SDU_TYPE_IP) return null;
  const at = table.bodyAt(row);
  const packet = table.bodyBytes(row).subarray(at, at + table.length[row]);
  if (packet.length < IPV4_HEADER || packet.length > MAX_RECORD_OCTETS) return null;
  const version = packet[0] >> 4;
  const headerOctets = version === 4 ? (packet[0] & 0x0f) * 4 : IPV6_HEADER;
  const fits = headerOctets >= IPV4_HEADER && headerOctets <= packet.length;
  return (version === 4 || version === 6) && fits ? packet : null;
}
