// Frames for Wireshark (`format: pcapng`): the frames that records stand on, with a comment each, as `read -w` writes
// them; deciphered IP on an interface of its own where the record's plaintext may leave. Whoever may see metadata only gets
// no octet behind the PDCP header. Every subscription has interfaces of its own, so nothing is shared here.

import { PcapngWriter } from '../../captures/formats/pcapng-writer.ts';
import { createWalkTable, walkBatch } from '../../dissectors/walk.ts';
import { DECIPHERED_INTERFACE } from '../export/deciphered-interface.ts';
import { reframe } from '../export/reframe.ts';
import { Form } from './access.ts';
import type { History } from './catch-up.ts';
import type { FanOut } from './fan-out.ts';
import { batchOfFrame, headerOctets } from './frame-headers.ts';
import { PCAPNG_HEAD_OCTETS } from './protocol.ts';
import { recordComment } from './record-comment.ts';
import type { MissingRange, RelayedFrame } from './relay-port.ts';
import { type RelayedEvent, type RelayRecord, traitsOf, wholeEvent } from './relay-record.ts';
import { KeyUses } from './stream-class.ts';
import type { Subscription } from './subscription.ts';

// The specification says: LINKTYPE_RAW, IPv4 or IPv6 (tcpdump.org/linktypes).
const LINKTYPE_RAW = 101;

// We chose.
/** Octets gathered before a message is sent. */
const MESSAGE_OCTETS = 64 * 1024;
/** Frame numbers remembered as written: segments of a later message are not written twice. */
const REMEMBERED_FRAMES = 4096;

/** One capture on its way to one subscription. */
class PcapngStream {
  readonly #writer: PcapngWriter;
  readonly #interfaces = new Map<string, number>();
  readonly #written = new Set<number>();
  #pieces: Uint8Array[] = [];
  octets = 0;

  constructor() {
    this.#writer = new PcapngWriter((piece) => {
      this.#pieces.push(piece);
      this.octets += piece.length;
    }, 'sidescope relay');
  }

  /** Whether a frame was written; remembers that it is now. */
  wasWritten(number: number): boolean {
    if (this.#written.has(number)) return true;
    this.#written.add(number);
    if (this.#written.size > REMEMBERED_FRAMES) {
      const [oldest] = this.#written;
      this.#written.delete(oldest);
    }
    return false;
  }

  /** Writes a captured frame. @param shown octets of it that may be seen */
  frame(frame: RelayedFrame, shown: number, comments: readonly string[]): void {
    const { linkType, bytes, original } = reframed(frame, shown);
    const name = `${frame.interfaceName} (link type ${linkType})`;
    const { seconds, nanoseconds } = frame;
    const interfaceId = this.#interface(name, linkType, frame.digits);
    this.#writer.frame({ interfaceId, seconds, nanoseconds, bytes, original, comments });
  }

  /** Writes a deciphered packet behind its frame. */
  plain(frame: RelayedFrame, bytes: Uint8Array, comment: string): void {
    const { seconds, nanoseconds } = frame;
    const interfaceId = this.#interface(DECIPHERED_INTERFACE, LINKTYPE_RAW, frame.digits);
    this.#writer.frame({ interfaceId, seconds, nanoseconds, bytes, comments: [comment] });
  }

  /** A message of what was written since: sid, sequence number told through, blocks. */
  take(sid: number, through: number): Uint8Array {
    const head = Buffer.alloc(PCAPNG_HEAD_OCTETS);
    head.writeUInt32BE(sid, 0);
    head.writeBigUInt64BE(BigInt(through), 8);
    const message = Buffer.concat([head, ...this.#pieces]);
    this.#pieces = [];
    this.octets = 0;
    return message;
  }

  #interface(name: string, linkType: number, digits: number): number {
    const key = `${name} ${digits}`;
    const known = this.#interfaces.get(key);
    if (known !== undefined) return known;
    const resolution = digits > 6 ? 'nanoseconds' : 'microseconds';
    const added = this.#writer.addInterface({ linkType, name, resolution });
    this.#interfaces.set(key, added);
    return added;
  }
}

const streams = new WeakMap<Subscription, PcapngStream>();
const walk = createWalkTable();

/** The octets of a frame that may be seen, as Wireshark opens them with no configuration. */
function reframed(frame: RelayedFrame, shown: number): { linkType: number; bytes: Uint8Array; original: number } {
  const batch = batchOfFrame(frame, shown);
  walkBatch(batch, walk);
  return reframe(batch, 0, walk) ?? { linkType: frame.linkType, bytes: batch.bytes, original: frame.original };
}

/** Records of one frame, in order. */
interface FrameRecords {
  readonly frame: number;
  readonly records: RelayRecord[];
}

/** Records by the frame that they came with. A finding belongs to the frame it stands behind, or to none. */
function byFrame(records: readonly RelayRecord[]): FrameRecords[] {
  const groups: FrameRecords[] = [];
  for (const record of records) {
    const { event } = record;
    const last = groups.at(-1);
    if (event.type === 'epoch') continue;
    const frame = event.type === 'finding' ? last?.frame : event.frame;
    if (frame === undefined || (event.type === 'finding' && !event.frames.includes(frame))) continue;
    if (last?.frame === frame) last.records.push(record);
    else groups.push({ frame, records: [record] });
  }
  return groups;
}

function streamOf(subscription: Subscription): PcapngStream {
  let stream = streams.get(subscription);
  if (stream === undefined) {
    stream = new PcapngStream();
    streams.set(subscription, stream);
  }
  return stream;
}

/** Sends the frames of a piece of the stream. */
export async function tellPcapng(
  subscription: Subscription,
  fanOut: FanOut,
  history: History,
  records: readonly RelayRecord[],
  piece: { readonly missing: readonly MissingRange[]; readonly next: number },
): Promise<void> {
  const stream = streamOf(subscription);
  const groups = byFrame(
    records.filter((record) => subscription.stream.access.viewOfRecord(traitsOf(record)) !== null),
  );
  const frames = await framesOf(groups, history);
  if (subscription.ended || !subscription.outlet.isGranted()) return;
  // From here on nothing is waited for: what is asked now holds when it leaves.
  fanOut.gate.refresh();
  let keys = new KeyUses();
  let count = 0;
  const send = (through: number): void => {
    const message = stream.take(subscription.options.sid, through);
    fanOut.sendBinary(subscription, message, count, keys.list());
    keys = new KeyUses();
    count = 0;
  };
  for (const { records: own } of groups) {
    count += writeGroup(subscription, fanOut, stream, own, frames, keys);
    if (stream.octets >= MESSAGE_OCTETS) send((own.at(-1) as RelayRecord).seq);
  }
  fanOut.tellGap(subscription);
  for (const { from, to, reason } of piece.missing) fanOut.tellGapOf(subscription, { from, to, reason, records: null });
  subscription.cursor = piece.next;
  if (stream.octets > 0) send(piece.next - 1);
}

function framesOf(groups: readonly FrameRecords[], history: History): Promise<ReadonlyMap<number, RelayedFrame>> {
  const wanted = new Set<number>();
  for (const { frame, records } of groups) {
    wanted.add(frame);
    for (const { event } of records) {
      if (event.type === 'message') for (const part of event.frames ?? []) wanted.add(part);
    }
  }
  return wanted.size === 0 ? Promise.resolve(new Map()) : history.frames([...wanted]);
}

/** Writes the frames of one group of records. @returns records written */
function writeGroup(
  subscription: Subscription,
  fanOut: FanOut,
  stream: PcapngStream,
  records: readonly RelayRecord[],
  frames: ReadonlyMap<number, RelayedFrame>,
  keys: KeyUses,
): number {
  const { access } = subscription.stream;
  const passing: { readonly record: RelayRecord; readonly form: Form; readonly event: RelayedEvent }[] = [];
  let showsAll = true;
  for (const record of records) {
    const traits = traitsOf(record);
    const form = access.formOf(traits, record.plain !== null, fanOut.gate);
    if (form === Form.none) continue;
    if (!showsOctets(record, form, access.viewOfRecord(traits) !== 'meta')) showsAll = false;
    const event = form === Form.plain ? wholeEvent(record) : record.event;
    if (subscription.stream.passes(event)) passing.push({ record, form, event });
  }
  const [first] = passing;
  if (first === undefined || first.event.type === 'epoch' || first.event.type === 'finding') return 0;
  const { frame: number } = first.event;
  const parts = passing.flatMap(({ event }) => (event.type === 'message' ? (event.frames ?? []) : []));
  for (const part of parts) {
    const segment = frames.get(part);
    if (part === number || segment === undefined || stream.wasWritten(part)) continue;
    stream.frame(segment, shownOctets(segment, showsAll), [
      `sidescope frame ${part}: part of a message that frame ${number} completes`,
    ]);
  }
  const frame = frames.get(number);
  if (frame === undefined) {
    const [{ record: oldest }, newest] = [first, passing.at(-1)?.record.seq ?? first.record.seq];
    fanOut.tellGapOf(subscription, { from: oldest.seq, to: newest, reason: 'frame not kept', records: passing.length });
    return 0;
  }
  if (!stream.wasWritten(number)) {
    stream.frame(
      frame,
      shownOctets(frame, showsAll),
      passing.map(({ event }) => recordComment(event)),
    );
    if (showsAll) for (const { record } of passing) if (holdsClearText(record)) keys.note(traitsOf(record), access);
  }
  for (const { record, form, event } of passing) {
    const packet = form === Form.plain ? packetOf(event) : null;
    if (packet === null) continue;
    keys.note(traitsOf(record), access);
    stream.plain(frame, packet, `sidescope: SDU of frame ${number}; ${recordComment(event)}`);
  }
  return passing.length;
}

/** Whether a record allows all octets of its frame: not for `meta`, and no plaintext that was sent in clear unasked. */
function showsOctets(record: RelayRecord, form: Form, beyondMeta: boolean): boolean {
  return beyondMeta && (form === Form.plain || !holdsClearText(record));
}

/** Whether the SDU stands in the frame unciphered. */
function holdsClearText({ event }: RelayRecord): boolean {
  return event.type === 'message' && (event.verdict === 'clear' || event.verdict === 'downgraded');
}

function shownOctets(frame: RelayedFrame, all: boolean): number {
  return all ? frame.bytes.length : headerOctets(frame);
}

/** The deciphered IP packet of a record. What an unsure key made is written only where it begins as IP does. */
function packetOf(event: RelayedEvent): Uint8Array | null {
  if (event.type !== 'message' || event.sduType !== 'ip' || event.payload === undefined) return null;
  const octets = Buffer.from(event.payload, 'hex');
  const version = octets[0] >> 4;
  return version === 4 || version === 6 ? octets : null;
}
