// A large capture for benchmarks, written as it is made: talk spurts of many radios in several groups, mac-lte-framed
// SL-SCH in classic pcap (link type 147). Memory does not grow with the number of messages.

import type { CaptureSink } from '../captures/formats/pcap-writer.ts';
import { foldChecksum } from '../dissectors/internet/checksum.ts';
import {
  ALGORITHM_ID,
  type CipherAlgorithm,
  createTrafficCipher,
  type MessageColumns,
} from '../dissectors/security/algorithm.ts';
import { derivePek } from '../dissectors/security/kdf.ts';
import {
  type BulkRadio,
  LCID,
  makeGroups,
  makeRadios,
  pcapHeader,
  type RecordLayout,
  recordLayout,
} from './bulk-radios.ts';
import { Random } from './random.ts';
import { isoSeconds, layer2Hex } from './text-forms.ts';

/** The specification says. */
const LAST_SN = 0xffff;
/** Milliseconds and samples of one PCMU packet (RFC 3551 4.2). */
const PACKET_MS = 20;
const PACKET_SAMPLES = 160;

/** We chose. */
/** First instant of every bulk capture: 2026-05-01T10:00:00Z. */
const START_SECONDS = 1_777_629_600;
/** Seconds before and after the start for which each PGK is valid. */
const WINDOW_SECONDS = 30 * 86_400;
/** Messages that are ciphered and written together: about a megabyte a piece. */
const MESSAGES_PER_PIECE = 8192;
const FEWEST_OCTETS = 41;
const MOST_OCTETS = 2000;

/** What to write. */
export interface BulkOptions {
  /** Messages, one a frame. */
  readonly messages: number;
  /** Radios, 1 to 200,000; each sends one message every 20 ms. Default 200. */
  readonly senders?: number;
  /** Groups, 1 to 2,000; radios are dealt to them in turn. Default 8. */
  readonly groups?: number;
  /** PGKs of each group, 1 to 31, all valid; its radios use them in turn. Default 1. */
  readonly pgksPerGroup?: number;
  /** Default 128-EEA2. */
  readonly algorithm?: Exclude<CipherAlgorithm, 'EEA0'>;
  /** Octets of an SDU (IPv4, UDP, RTP headers and speech), 41 to 2,000. Default 120. */
  readonly octets?: number;
  /** Share of the radios, 0 to 1, that cipher under a PGK of which the keyring has other octets. Default 0. */
  readonly unknownKeyShare?: number;
  /** Every message begins a new PTK id, so that every message needs a PEK of its own. Default false. */
  readonly freshPtkIds?: boolean;
  /** Default `bulk`. */
  readonly seed?: string;
}

/** What was written. */
export interface BulkCapture {
  /** The keyring for it, format sidescope-keyring/1, for JSON.stringify. */
  readonly keyring: Readonly<Record<string, unknown>>;
  readonly messages: number;
  /** Octets of the capture file. */
  readonly octets: number;
}

/**
 * Writes a capture of talk spurts with right checksums and counters: the SN rises by one, and behind 65,535 the PTK id
 * rises and the SN begins at 1 (TS 33.303 6.2.3.2).
 *
 * @param sink gets the file in pieces of up to some megabytes, in fresh memory
 * @throws RangeError where an option is out of range; then nothing is written
 */
export function writeBulkCapture(sink: CaptureSink, options: BulkOptions): BulkCapture {
  const random = new Random(options.seed ?? 'bulk');
  const messages = inRange('messages', options.messages, 0, Number.MAX_SAFE_INTEGER);
  const octets = inRange('octets', options.octets ?? 120, FEWEST_OCTETS, MOST_OCTETS);
  const radioCount = inRange('senders', options.senders ?? 200, 1, 200_000);
  const groupCount = inRange('groups', options.groups ?? 8, 1, 2000);
  const pgkCount = inRange('pgksPerGroup', options.pgksPerGroup ?? 1, 1, 31);
  const algorithm = options.algorithm ?? '128-EEA2';
  const share = options.unknownKeyShare ?? 0;
  if (!(share >= 0 && share <= 1)) throw new RangeError(`unknownKeyShare is ${share}, not in 0 to 1`);

  const groups = makeGroups(random.fork('groups'), groupCount, pgkCount);
  const radios = makeRadios(random.fork('radios'), radioCount, groups, octets, share);
  let written = 0;
  const counted: CaptureSink = (piece) => {
    written += piece.length;
    sink(piece);
  };
  counted(pcapHeader());
  const layout = recordLayout(octets);
  const pieces = new PieceWriter(radios, layout, octets, algorithm, options.freshPtkIds ?? false);
  for (let first = 0; first < messages; first += MESSAGES_PER_PIECE) {
    counted(pieces.make(first, Math.min(MESSAGES_PER_PIECE, messages - first)));
  }
  for (const radio of radios) radio.cipher?.forget();

  const keyring = {
    format: 'sidescope-keyring/1',
    groups: groups.map((group, index) => ({
      id: layer2Hex(group.id),
      name: `Bulk ${index + 1}`,
      algorithm,
      protection: 'required',
      derivation: 'ts33303',
      multicast: [group.multicast.join('.')],
      members: radios
        .filter((radio) => radio.group === group)
        .map((radio, member) => ({
          id: layer2Hex(radio.id),
          name: `Radio ${index + 1}.${member + 1}`,
          addresses: [radio.address.join('.')],
        })),
      keys: group.keys.map(({ id, hex }) => ({
        id,
        key: hex,
        notBefore: isoSeconds(START_SECONDS - WINDOW_SECONDS),
        notAfter: isoSeconds(START_SECONDS + WINDOW_SECONDS),
      })),
    })),
  };
  return { keyring, messages, octets: written };
}

function inRange(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`${name} is ${value}, not a whole number from ${least} to ${most}`);
}

/** Makes the records of some thousand messages at a time: plaintext first, then one cipher call for each radio. */
class PieceWriter {
  readonly #radios: readonly BulkRadio[];
  readonly #layout: RecordLayout;
  readonly #octets: number;
  readonly #algorithm: CipherAlgorithm;
  readonly #fresh: boolean;
  /** The SDUs of a piece, each at a word. */
  readonly #arena: Uint32Array;
  readonly #arenaOctets: Uint8Array;
  readonly #columns: MessageColumns;
  readonly #rows = new Uint32Array(MESSAGES_PER_PIECE);
  readonly #pek = new Uint8Array(16);

  constructor(
    radios: readonly BulkRadio[],
    layout: RecordLayout,
    octets: number,
    algorithm: CipherAlgorithm,
    fresh: boolean,
  ) {
    this.#radios = radios;
    this.#layout = layout;
    this.#octets = octets;
    this.#algorithm = algorithm;
    this.#fresh = fresh;
    const words = Math.ceil(octets / 4);
    this.#arena = new Uint32Array(words * MESSAGES_PER_PIECE);
    this.#arenaOctets = new Uint8Array(this.#arena.buffer);
    this.#columns = {
      count: new Uint32Array(MESSAGES_PER_PIECE),
      bearer: new Uint8Array(MESSAGES_PER_PIECE).fill(LCID),
      octets: new Uint32Array(MESSAGES_PER_PIECE).fill(octets),
      at: Uint32Array.from({ length: MESSAGES_PER_PIECE }, (_, row) => row * words),
    };
  }

  /** Records `first` to `first + count - 1` of the capture. The radios take turns. */
  make(first: number, count: number): Uint8Array {
    const { record } = this.#layout;
    const piece = new Uint8Array(record * count);
    for (let row = 0; row < count; row++) this.#plain(piece, row, first + row);
    for (let index = 0; index < Math.min(this.#radios.length, count); index++) {
      this.#cipher(this.#radios[(first + index) % this.#radios.length], index, count);
    }
    const { pdcp, sdu } = this.#layout;
    for (let row = 0; row < count; row++) {
      const from = this.#columns.at[row] * 4;
      piece.set(this.#arenaOctets.subarray(from, from + this.#octets), row * record + sdu);
      const counter = this.#columns.count[row];
      const at = row * record + pdcp + 1;
      piece[at] = counter >>> 24;
      piece[at + 1] = counter >>> 16;
      piece[at + 2] = counter >>> 8;
      piece[at + 3] = counter;
    }
    return piece;
  }

  /** Copies a radio's record and writes what changes from message to message; the SDU goes to the arena. */
  #plain(piece: Uint8Array, row: number, message: number): void {
    const radios = this.#radios;
    const turn = Math.floor(message / radios.length);
    const index = message % radios.length;
    const radio = radios[index];
    const { record, frameSubframe, rlc } = this.#layout;
    const at = row * record;
    piece.set(radio.record, at);
    const milliseconds = turn * PACKET_MS;
    const micros = Math.floor((index * PACKET_MS * 1000) / radios.length) + (milliseconds % 1000) * 1000;
    writeLittle32(piece, at, START_SECONDS + Math.floor(milliseconds / 1000) + Math.floor(micros / 1_000_000));
    writeLittle32(piece, at + 4, micros % 1_000_000);
    const subframe = milliseconds + Math.floor((index * PACKET_MS) / radios.length);
    write16(piece, at + frameSubframe, ((Math.floor(subframe / 10) & 0x3ff) << 4) | (subframe % 10));
    piece[at + rlc] = turn & 0x1f;

    // RFC 1071: what changes is added to the sums over what stays.
    const sdu = this.#columns.at[row] * 4;
    const octets = this.#arenaOctets;
    octets.set(radio.sdu, sdu);
    const identification = (turn + 1) & 0xffff;
    const sequence = (radio.sequence + turn) & 0xffff;
    const timestamp = (radio.timestamp + turn * PACKET_SAMPLES) >>> 0;
    write16(octets, sdu + 4, identification);
    write16(octets, sdu + 10, foldChecksum(radio.ipSum + identification));
    write16(octets, sdu + 30, sequence);
    write16(octets, sdu + 32, timestamp >>> 16);
    write16(octets, sdu + 34, timestamp & 0xffff);
    const checksum = foldChecksum(radio.udpSum + sequence + (timestamp >>> 16) + (timestamp & 0xffff));
    write16(octets, sdu + 26, checksum === 0 ? 0xffff : checksum);

    if (radio.sn === LAST_SN || (this.#fresh && turn > 0)) {
      radio.ptkId = (radio.ptkId + 1) & 0xffff;
      radio.sn = 0;
    }
    radio.sn++;
    this.#columns.count[row] = ((radio.ptkId << 16) | radio.sn) >>> 0;
  }

  /** Ciphers every `senders`-th message from row `first` on: those of one radio, PTK id by PTK id. */
  #cipher(radio: BulkRadio, first: number, count: number): void {
    let row = first;
    while (row < count) {
      const ptkId = this.#columns.count[row] >>> 16;
      let used = 0;
      while (row < count && this.#columns.count[row] >>> 16 === ptkId) {
        this.#rows[used++] = row;
        row += this.#radios.length;
      }
      if (radio.cipher === null || radio.cipherPtkId !== ptkId) {
        radio.cipher?.forget();
        const algorithm = ALGORITHM_ID[this.#algorithm];
        derivePek(radio.pgk, 'ts33303', radio.id, ptkId, radio.group.id, algorithm, this.#pek);
        radio.cipher = createTrafficCipher(this.#algorithm, this.#pek);
        radio.cipherPtkId = ptkId;
      }
      radio.cipher.apply(this.#columns, this.#rows, 0, used, this.#arena);
    }
  }
}

function write16(octets: Uint8Array, at: number, value: number): void {
  octets[at] = value >>> 8;
  octets[at + 1] = value;
}

function writeLittle32(octets: Uint8Array, at: number, value: number): void {
  octets[at] = value;
  octets[at + 1] = value >>> 8;
  octets[at + 2] = value >>> 16;
  octets[at + 3] = value >>> 24;
}
