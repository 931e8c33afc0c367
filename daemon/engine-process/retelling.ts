// The plain part of a past record, made again: its frames come from the journal, its key is named in the record and may be
// used now. Findings are not told again: what showed them lies in many frames.

import type { FrameBatch } from '../../captures/frame-batch.ts';
import { millisecondsOf } from '../../captures/milliseconds.ts';
import { describeSdu } from '../../dissectors/sdu.ts';
import { PDCP_HEADER_OCTETS } from '../../dissectors/sidelink/pdcp-slrb.ts';
import { createWalkTable, walkBatch } from '../../dissectors/walk.ts';
import { ElementFlag, type WalkTable } from '../../dissectors/walk-table.ts';
import { Evidence, NO_ADDRESSES } from '../engine/evidence.ts';
import { groupAddresses } from '../engine/group-addresses.ts';
import { Fate, Reassembly } from '../engine/reassembly.ts';
import { TrafficKeys } from '../engine/traffic-keys.ts';
import type { MessageEvent } from '../events.ts';
import { layer2IdText, type PgkEpoch } from '../keyring/keyring.ts';
import type { EngineRecord, PlainPart } from '../relay/relay-record.ts';
import { epochNamed } from './key-rows.ts';
import type { PlainGate } from './plain-gate.ts';

/** The specification says: SDU types (TS 36.323 Table 6.3.14.1), algorithm identities (TS 33.401 5.1.3.2). */
const SDU_ARP = 1;
const ALGORITHMS = [1, 2, 3];

/** An SDU that can be read. */
interface ReadableSdu {
  readonly bytes: Uint8Array;
  /** Type of the body as it is; not always what the header says. */
  readonly type: number;
}

/** Makes plain parts again, for some records in a row; then `close`. */
export class Retelling {
  readonly #walk: WalkTable = createWalkTable();
  readonly #traffic = new TrafficKeys();
  readonly #evidence = new Evidence();
  readonly #wall: number;

  /** @param wall wall clock, milliseconds since 1970 */
  constructor(wall: number) {
    this.#wall = wall;
  }

  /**
   * The plain part of a message.
   *
   * @param frames those that the message was put together from, in order
   * @param gate of its track
   * @returns null where view or key do not allow it now, or where the frames do not hold the message
   */
  retell(record: EngineRecord, frames: FrameBatch, gate: PlainGate, view: 'plain' | 'forensic'): PlainPart | null {
    const { event, access, key } = record;
    if (event.type !== 'message') return null;
    if (view === 'plain' && access === 'forensic') return null;
    const pdu = this.#find(event, frames);
    if (pdu === null) return null;
    if (event.verdict === 'clear' || event.verdict === 'downgraded') return this.#clear(event, pdu);
    if (key === null) return null;
    const epoch = epochNamed(gate.live.keyring, key);
    if (epoch === null || !epoch.isHeld) return null;
    if (view === 'plain' && gate.forbids(epoch, Date.parse(event.time), this.#wall)) return null;
    const sdu = this.#decipher(event, pdu, epoch);
    return sdu === null ? null : plainPart(event, sdu);
  }

  /** Overwrites the keys that were derived. */
  close(): void {
    this.#traffic.forgetAll();
  }

  /** The PDCP PDU of a message, by what its header and its frame say. */
  #find(event: MessageEvent, frames: FrameBatch): Uint8Array | null {
    walkBatch(frames, this.#walk);
    const reassembly = new Reassembly(() => undefined);
    const columns = this.#walk.frames;
    const { elements } = this.#walk;
    for (let row = 0; row < frames.count; row++) {
      const first = columns.firstElement[row];
      if (layer2IdText(columns.source[row]) !== event.source) continue;
      for (let element = first; element < first + columns.elementCount[row]; element++) {
        const flags = elements.flags[element];
        const at = elements.at[element];
        const fate =
          (flags & ElementFlag.withoutRlc) !== 0
            ? Fate.whole
            : reassembly.take(
                columns.source[row],
                columns.destination[row],
                columns.version[row],
                elements.lcid[element],
                elements.sn[element],
                flags,
                frames.bytes,
                at,
                elements.length[element],
                elements.available[element],
                row + 1,
                millisecondsOf(frames.seconds[row], frames.nanoseconds[row]),
              );
        if (fate !== Fate.whole && fate !== Fate.completed) continue;
        const pdu =
          fate === Fate.whole ? frames.bytes.subarray(at, at + elements.available[element]) : completed(reassembly);
        if (elements.lcid[element] === event.lcid && isThat(pdu, event)) return pdu;
      }
    }
    return null;
  }

  #clear(event: MessageEvent, pdu: Uint8Array): PlainPart {
    const bytes = pdu.subarray(PDCP_HEADER_OCTETS);
    const type = pdu[0] >>> 5;
    this.#evidence.weigh(bytes, null, 0, bytes.length, type, NO_ADDRESSES);
    return plainPart(event, { bytes, type: this.#bodyType(bytes, type) });
  }

  /** The SDU under a key, with whose algorithm and group id the evidence is that of the record. */
  #decipher(event: MessageEvent, pdu: Uint8Array, epoch: PgkEpoch): ReadableSdu | null {
    const length = pdu.length - PDCP_HEADER_OCTETS;
    const words = new Uint32Array(Math.ceil(length / 16) * 4);
    const plain = new Uint8Array(words.buffer);
    const source = Number.parseInt(event.source, 16);
    const counter = Uint32Array.of(((event.ptkId << 16) | event.sn) >>> 0);
    const columns = {
      count: counter,
      bearer: Uint8Array.of(event.lcid),
      octets: Uint32Array.of(length),
      at: Uint32Array.of(0),
    };
    const addresses = groupAddresses(epoch.group);
    const type = pdu[0] >>> 5;
    for (const { p2, algorithm } of waysToUse(event, epoch)) {
      plain.set(pdu.subarray(PDCP_HEADER_OCTETS));
      const slot = this.#traffic.obtain(epoch, p2, algorithm, source, event.ptkId);
      this.#traffic.cipher(slot).apply(columns, Uint32Array.of(0), 0, 1, words);
      this.#evidence.weigh(plain, words, 0, length, type, addresses);
      const bodyType = this.#bodyType(plain.subarray(0, length), type);
      const isGood = event.verdict === 'unverifiable' || Math.floor(this.#evidence.tenths / 10) >= event.evidenceBits;
      if (isGood) return { bytes: plain.subarray(0, length), type: bodyType };
    }
    return null;
  }

  /** After `weigh`: the type of the body as it is, where the header says IP and it is ARP, or the reverse. */
  #bodyType(bytes: Uint8Array, type: number): number {
    if (this.#evidence.tenths > 0 || type > SDU_ARP) return type;
    this.#evidence.weighSwapped(bytes, 0, bytes.length, type, NO_ADDRESSES);
    return this.#evidence.tenths > 0 ? type ^ 1 : type;
  }
}

function completed(reassembly: Reassembly): Uint8Array {
  const pdu = reassembly.completed;
  return pdu === null ? new Uint8Array(0) : pdu.bytes.subarray(0, pdu.length);
}

function isThat(pdu: Uint8Array, { pgkIndex, ptkId, sn, length }: MessageEvent): boolean {
  return (
    pdu.length === length + PDCP_HEADER_OCTETS &&
    (pdu[0] & 31) === pgkIndex &&
    ((pdu[1] << 8) | pdu[2]) === ptkId &&
    ((pdu[3] << 8) | pdu[4]) === sn
  );
}

/** Ways in which judgement may have used the key: as it is configured first, then as findings say. */
function* waysToUse(event: MessageEvent, epoch: PgkEpoch): Generator<{ p2: number; algorithm: number }> {
  const destination = Number.parseInt(event.group, 16);
  const ids = new Set(/^[0-9a-f]{6}$/.test(event.group) ? [destination, epoch.group.id] : [epoch.group.id]);
  for (const p2 of ids) yield { p2, algorithm: epoch.algorithm };
  for (const algorithm of ALGORITHMS) {
    if (algorithm !== epoch.algorithm) for (const p2 of ids) yield { p2, algorithm };
  }
}

function plainPart(event: MessageEvent, { bytes, type }: ReadableSdu): PlainPart {
  const { protocols, summary } = describeSdu(bytes, 0, bytes.length, type, null);
  return {
    summary: `${summary}${remark(event)}`,
    protocols: [...event.protocols, ...protocols],
    payload: Buffer.from(bytes).toString('hex'),
  };
}

/** What stands behind the summary; the record without plaintext says why a key was not valid. */
function remark({ verdict, summary, pgkIndex, ptkId }: MessageEvent): string {
  if (verdict === 'stale') return ` (${summary})`;
  return verdict === 'downgraded' && (pgkIndex !== 0 || ptkId !== 0) ? ' (header claims ciphering)' : '';
}
