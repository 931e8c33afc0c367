// A subscription on its way from the past to now: records of the journal, with plaintext deciphered again where that is
// allowed now, then records that are still in memory, until it stands where its stream stands. Pulled by the socket: a
// client that reads slowly reads slowly, and takes no memory.

import { printableJson } from '../../dissectors/printable.ts';
import { canBePlain, Form } from './access.ts';
import type { FanOut } from './fan-out.ts';
import { tellPcapng } from './pcapng-stream.ts';
import { BATCH_OCTETS } from './protocol.ts';
import type { MissingRange, RelayedFrame } from './relay-port.ts';
import { type PlainPart, type RelayedEvent, type RelayRecord, traitsOf, wholeEvent } from './relay-record.ts';
import { KeyUses, recordsMessage } from './stream-class.ts';
import type { Subscription } from './subscription.ts';

// We chose: records asked for at once. Enough to fill a message, few enough that who listens to what comes now waits for some
// ms only, in the engine too, which deciphers them again.
const ASKED_AT_ONCE = 128;
/** Rounds near the end in which plaintext of the newest records is asked for; then the stream is joined as it is. */
const LAST_ROUNDS = 8;

/** Where the past is. */
export interface History {
  history(
    seq: number,
    limit: number,
  ): Promise<{ readonly records: readonly RelayRecord[]; readonly missing: readonly MissingRange[] }>;
  plainOf(
    records: readonly RelayRecord[],
    view: 'plain' | 'forensic',
    reason: string | null,
  ): Promise<readonly (PlainPart | null)[]>;
  frames(numbers: readonly number[]): Promise<ReadonlyMap<number, RelayedFrame>>;
}

/** A piece of the past, in order. */
interface Piece {
  readonly records: readonly RelayRecord[];
  readonly missing: readonly MissingRange[];
  /** What comes behind it. */
  readonly next: number;
}

/** Takes a subscription as far as its socket allows; calls come again when there is room or something new. */
export function catchUp(subscription: Subscription, fanOut: FanOut, history: History): void {
  const isHeld = subscription.wantedFrom === null;
  if (!isHeld && subscription.options.format === 'json' && fanOut.join(subscription)) {
    tellLive(subscription, fanOut);
    return;
  }
  if (subscription.cursor >= fanOut.ring.next) {
    // It never joins a stream, but is told once that all of the past is there.
    if (!isHeld && !subscription.wasLive) tellLive(subscription, fanOut);
    return;
  }
  void goOn(subscription, fanOut, history);
}

async function goOn(subscription: Subscription, fanOut: FanOut, history: History): Promise<void> {
  subscription.busy = true;
  let progress = false;
  try {
    progress = await step(subscription, fanOut, history);
  } catch {
    // The journal cannot be read now. What is in memory can; the rest is a gap.
    const { first } = fanOut.ring;
    if (subscription.cursor < first) subscription.skip(first, 'history cannot be read', null);
  }
  subscription.busy = false;
  if (!progress) return;
  // At once where that was all, before more can come; else from a fresh stack, for a long past is many steps.
  if (subscription.cursor === fanOut.ring.next) fanOut.pump(subscription);
  else setImmediate(() => fanOut.pump(subscription));
}

function tellLive(subscription: Subscription, fanOut: FanOut): void {
  subscription.wasLive = true;
  fanOut.tellGap(subscription);
  const message = { type: 'live', sid: subscription.options.sid, seq: subscription.cursor - 1 };
  fanOut.sendText(subscription, Buffer.from(JSON.stringify(message)), 0, []);
}

async function step(subscription: Subscription, fanOut: FanOut, history: History): Promise<boolean> {
  const before = subscription.cursor;
  const piece = await nextPiece(subscription, fanOut, history);
  if (subscription.ended) return false;
  // Near the end, where new records come as fast as their plaintext, the engine makes it without being asked.
  if (piece.next === fanOut.ring.next) subscription.lastRounds++;
  const { wantedFrom } = subscription;
  const asks = subscription.lastRounds <= LAST_ROUNDS || wantedFrom === null || before < wantedFrom;
  const records = asks ? await withPlain(subscription, piece.records, history) : piece.records;
  // Its number may be another subscription's by now, with another view.
  if (subscription.ended) return false;
  if (subscription.options.format === 'pcapng') {
    await tellPcapng(subscription, fanOut, history, records, piece);
  } else {
    tellPiece(subscription, fanOut, records, piece);
  }
  return !subscription.ended && subscription.cursor > before;
}

async function nextPiece(subscription: Subscription, fanOut: FanOut, history: History): Promise<Piece> {
  const { ring } = fanOut;
  const { cursor } = subscription;
  if (cursor >= ring.first) {
    const end = Math.min(ring.next, cursor + ASKED_AT_ONCE);
    return { records: ring.records(cursor, end), missing: [], next: end };
  }
  const { records, missing } = await history.history(cursor, ASKED_AT_ONCE);
  const last = Math.max(records.at(-1)?.seq ?? 0, missing.at(-1)?.to ?? 0);
  if (last >= cursor) return { records, missing, next: last + 1 };
  // Neither kept nor known to be missing: memory is all there is.
  const { first } = fanOut.ring;
  if (first <= cursor) return { records: [], missing: [], next: cursor };
  return { records: [], missing: [{ from: cursor, to: first - 1, reason: 'not kept' }], next: first };
}

/** Records with the plain parts that the view allows; asks for those that are not there. */
async function withPlain(
  subscription: Subscription,
  records: readonly RelayRecord[],
  history: History,
): Promise<readonly RelayRecord[]> {
  const { stream, options } = subscription;
  const complete = [...records];
  for (const view of ['plain', 'forensic'] as const) {
    const places: number[] = [];
    for (const [place, record] of records.entries()) {
      const traits = traitsOf(record);
      if (record.plain !== null || !canBePlain(traits)) continue;
      if (stream.access.viewOfRecord(traits) === view) places.push(place);
    }
    if (places.length === 0) continue;
    const wanted = places.map((place) => records[place]);
    const parts = await history.plainOf(wanted, view, view === 'forensic' ? options.reason : null);
    for (const [index, place] of places.entries()) complete[place] = { ...records[place], plain: parts[index] ?? null };
  }
  return complete;
}

/** Sends a piece as JSON messages. Every record is asked about now: the wait may have been long. */
function tellPiece(subscription: Subscription, fanOut: FanOut, records: readonly RelayRecord[], piece: Piece): void {
  const { stream, outlet, options } = subscription;
  if (!outlet.isGranted()) return;
  fanOut.gate.refresh();
  let items: Uint8Array[] = [];
  let count = 0;
  let octets = 0;
  let keys = new KeyUses();
  const send = (): void => {
    if (items.length > 0) fanOut.sendText(subscription, recordsMessage(options.sid, items), count, keys.list());
    items = [];
    count = 0;
    octets = 0;
    keys = new KeyUses();
  };
  const put = (item: Uint8Array): void => {
    if (octets + item.length > BATCH_OCTETS) send();
    items.push(item);
    octets += item.length + 1;
  };
  let gaps = piece.missing;
  const tellGapsBefore = (seq: number): void => {
    while (gaps.length > 0 && gaps[0].from < seq) {
      const { from, to, reason } = gaps[0];
      put(Buffer.from(JSON.stringify({ gap: { from, to, reason, records: null } })));
      gaps = gaps.slice(1);
    }
  };
  fanOut.tellGap(subscription);
  for (const record of records) {
    tellGapsBefore(record.seq);
    const traits = traitsOf(record);
    const form = stream.access.formOf(traits, record.plain !== null, fanOut.gate);
    if (form === Form.none) continue;
    const event = form === Form.plain ? wholeEvent(record) : record.event;
    if (!stream.passes(event)) continue;
    put(itemOf(record.seq, event));
    count++;
    if (form === Form.plain) keys.note(traits, stream.access);
  }
  tellGapsBefore(piece.next);
  send();
  subscription.cursor = piece.next;
}

/** One element of a `records` message: the octets that the live stream has. */
function itemOf(seq: number, event: RelayedEvent): Uint8Array {
  return Buffer.from(`{"seq":${seq},"record":${printableJson(event)}}`);
}
