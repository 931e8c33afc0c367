// A small world for tests of findings: radios say things in one group or more, and the real pipeline reads them.

import type { CaptureMark, FrameBatch } from '../../../captures/frame-batch.ts';
import { Analysis, type AnalysisOptions } from '../../../daemon/analysis.ts';
import type { FindingEvent, KeyEvent, MessageEvent, SummaryEvent } from '../../../daemon/events.ts';
import { parseKeyring } from '../../../daemon/keyring/keyring-file.ts';
import { encodeMacLteFramed } from '../../../dissectors/framing/mac-lte.ts';
import { encodeArp } from '../../../dissectors/internet/arp.ts';
import { encodeIpv4 } from '../../../dissectors/internet/ipv4.ts';
import { encodeIpv6 } from '../../../dissectors/internet/ipv6.ts';
import { encodeUdp } from '../../../dissectors/internet/udp.ts';
import { encodeRtp } from '../../../dissectors/media/rtp.ts';
import { decipher } from '../../../dissectors/security/algorithm.ts';
import { derivePek, PreparedPgk } from '../../../dissectors/security/kdf.ts';
import { ALGORITHM_ID, type CipherAlgorithm } from '../../../dissectors/security/traffic-cipher.ts';
import { encodePdcpSlrb } from '../../../dissectors/sidelink/pdcp-slrb.ts';
import { encodeRlcUm } from '../../../dissectors/sidelink/rlc-um.ts';
import { encodeSlSch } from '../../../dissectors/sidelink/sl-sch.ts';

/** The start of every scene, in seconds since 1970: 2026-05-02T10:00:00Z. */
export const START = Date.UTC(2026, 4, 2, 10) / 1000;

const LINKTYPE_USER0 = 147;
const GROUP = 'f00001';

/** The octets of a key: nobody takes them for a pattern. */
export function keyOctets(seed: number): string {
  return Buffer.from(Uint8Array.from({ length: 32 }, (_, i) => (i * i * 7 + seed * 31 + i * seed + 5) & 255)).toString(
    'hex',
  );
}

/** A PGK for `keyring`. */
export function pgk(id: number, more: Record<string, unknown> = {}, seed = id): Record<string, unknown> {
  return { id, key: keyOctets(seed), notBefore: '2026-05-01T00:00:00Z', notAfter: '2026-05-08T00:00:00Z', ...more };
}

/** A keyring of one group, f00001 with 128-EEA2 and PGK 39. */
export function keyring(group: Record<string, unknown> = {}, others: readonly Record<string, unknown>[] = []) {
  return {
    format: 'sidescope-keyring/1',
    groups: [
      { id: GROUP, algorithm: '128-EEA2', multicast: ['239.255.0.1'], keys: [pgk(39), pgk(40, LATER)], ...group },
      ...others,
    ],
  };
}

/** Dates of a key behind all others, so that nobody misses a successor. */
export const LATER = { notBefore: '2026-05-08T00:00:00Z', notAfter: '2026-05-15T00:00:00Z' };

/** One message; what is absent is usual. */
export interface Said {
  /** Seconds after `START`, to the nanosecond. */
  readonly at: number;
  readonly sn: number;
  readonly source?: number;
  readonly ptkId?: number;
  readonly lcid?: number;
  /** PGK id and the seed of its octets, which is the id where absent. */
  readonly pgk?: number;
  readonly seed?: number;
  readonly group?: number;
  readonly algorithm?: CipherAlgorithm;
  readonly version?: 1 | 3;
  readonly sduType?: number;
  /** Octets in the clear; a datagram where absent, different for each `say`. */
  readonly sdu?: Uint8Array;
  /** What goes on the air in place of the ciphered SDU. */
  readonly air?: Uint8Array;
  /** Sends the SDU unciphered. */
  readonly plain?: boolean;
  /** Header fields that are not the truth. */
  readonly header?: { readonly pgkIndex?: number; readonly ptkId?: number; readonly sn?: number };
  readonly interfaceId?: number;
  /** Octets captured, where not all. */
  readonly captured?: number;
  /** Turns bits of the SDU over, on the air: octet and mask. */
  readonly flip?: readonly (readonly [number, number])[];
}

interface Frame {
  readonly octets: Uint8Array;
  readonly captured: number;
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly interfaceId: number;
}

/** Addresses that end in the source's last octet. */
export function addressOf(source: number): Uint8Array {
  return Uint8Array.of(169, 254, 10, source & 255);
}

/** Octets that look random and are the same in every run. */
export function noise(seed: number, length: number): Uint8Array {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1;
  return Uint8Array.from({ length }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 255;
  });
}

/** A UDP datagram over IPv4. */
export function datagram(seed: number, source: Uint8Array, destination = Uint8Array.of(239, 255, 0, 1), octets = 60) {
  return inIpv4(noise(seed, octets), source, destination, 7000, seed);
}

/** A UDP datagram over IPv6. */
export function datagram6(seed: number, source: Uint8Array): Uint8Array {
  const destination = Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9);
  const addresses = { source, destination };
  const payload = encodeUdp({ sourcePort: 7000, destinationPort: 7000, payload: noise(seed, 50), addresses });
  return encodeIpv6({ source, destination, nextHeader: 17, payload });
}

/** An RTP packet. */
export function speech(ssrc: number, sequence: number, source: Uint8Array): Uint8Array {
  const rtp = encodeRtp({ payloadType: 0, sequence, timestamp: sequence * 160, ssrc, payload: noise(sequence, 80) });
  return inIpv4(rtp, source, Uint8Array.of(239, 255, 0, 1), 5000, sequence);
}

/** An ARP announcement. */
export function announcement(hardware: Uint8Array, address: Uint8Array): Uint8Array {
  const nobody = new Uint8Array(6);
  return encodeArp({
    operation: 1,
    senderHardware: hardware,
    senderProtocol: address,
    targetHardware: nobody,
    targetProtocol: address,
  });
}

function inIpv4(
  payload: Uint8Array,
  source: Uint8Array,
  destination: Uint8Array,
  port: number,
  identification: number,
) {
  const udp = encodeUdp({ sourcePort: port, destinationPort: port, payload, addresses: { source, destination } });
  return encodeIpv4({ source, destination, protocol: 17, payload: udp, identification });
}

/** What a scene came to. */
export interface Read {
  readonly findings: readonly FindingEvent[];
  readonly messages: readonly MessageEvent[];
  readonly keys: readonly KeyEvent[];
  readonly summary: SummaryEvent;
  readonly analysis: Analysis;
}

/** Frames in the order in which they were said. */
export class Scene {
  readonly #frames: Frame[] = [];
  readonly #marks: CaptureMark[] = [];
  readonly #rlc = new Map<string, number>();

  /** Frames so far; the number of the last one. */
  get frames(): number {
    return this.#frames.length;
  }

  /** A radio says something. */
  say(said: Said): this {
    return this.frame(this.#mac(said), said);
  }

  /** Messages with rising SNs, 20 ms apart. */
  talk(said: Said, count: number): this {
    for (let i = 0; i < count; i++) this.say({ ...said, at: said.at + i * 0.02, sn: (said.sn + i) & 0xffff });
    return this;
  }

  /** The same transmission is heard again. */
  again(frame: number, at: number, interfaceId = 0): this {
    return this.#add(this.#frames[frame - 1].octets, at, interfaceId);
  }

  /** Any MAC PDU. */
  frame(
    pdu: Uint8Array,
    said: { readonly at: number; readonly interfaceId?: number; readonly captured?: number },
  ): this {
    return this.#add(encodeMacLteFramed({ ueid: 1, sfn: 1 }, pdu), said.at, said.interfaceId ?? 0, said.captured);
  }

  /** The capture says something of itself. */
  mark(mark: Omit<CaptureMark, 'beforeRow'>): this {
    this.#marks.push({ ...mark, beforeRow: this.#frames.length });
    return this;
  }

  /** Reads it all, in batches of `rows`. */
  read(keys: object | null = keyring(), rows = 4096, options: Partial<AnalysisOptions> = {}): Read {
    const findings: FindingEvent[] = [];
    const messages: MessageEvent[] = [];
    const keyEvents: KeyEvent[] = [];
    const held = parseKeyring(JSON.stringify(keys ?? { format: 'sidescope-keyring/1', groups: [] }), 'scene.json');
    const analysis = new Analysis(
      { keyring: held, ...options },
      {
        finding: (event) => void findings.push(event),
        message: (event) => void messages.push(event),
        key: (event) => void keyEvents.push(event),
      },
    );
    for (const batch of this.batches(rows)) analysis.push(batch);
    const summary = analysis.finish(null);
    analysis.engine.close();
    return { findings, messages, keys: keyEvents, summary, analysis };
  }

  /** The frames as a source would give them. */
  batches(rows = 4096): FrameBatch[] {
    const batches: FrameBatch[] = [];
    for (let from = 0; from < this.#frames.length; from += rows) batches.push(this.#batch(from, rows));
    return batches;
  }

  #mac(said: Said): Uint8Array {
    const { source = 0x0a0b0c, lcid = 3, version = 1, group = 0xf00001 } = said;
    const entity = `${source} ${lcid} ${group} ${version}`;
    const sn = this.#rlc.get(entity) ?? 0;
    this.#rlc.set(entity, (sn + 1) & 31);
    const rlc = encodeRlcUm({ fi: 0, sn, elements: [this.#pdcp(said)] });
    return encodeSlSch({ version, source, destination: group, sdus: [{ lcid, sdu: rlc }] });
  }

  #pdcp(said: Said): Uint8Array {
    const { source = 0x0a0b0c, ptkId = 1, sn, sduType = 0 } = said;
    const id = said.pgk ?? 39;
    const clear = said.sdu ?? datagram(this.#frames.length + 1, addressOf(source));
    const header = said.plain === true ? { pgkIndex: 0, ptkId: 0, sn: 0 } : { pgkIndex: id & 31, ptkId, sn };
    const air = said.air ?? (said.plain === true ? clear : this.#cipher(said, clear));
    const sdu = Uint8Array.from(air);
    for (const [octet, mask] of said.flip ?? []) sdu[octet] ^= mask;
    return encodePdcpSlrb({ sduType, ...header, ...said.header, sdu });
  }

  #cipher(said: Said, clear: Uint8Array): Uint8Array {
    const { source = 0x0a0b0c, ptkId = 1, sn, lcid = 3, group = 0xf00001, algorithm = '128-EEA2' } = said;
    const octets = Buffer.from(keyOctets(said.seed ?? said.pgk ?? 39), 'hex');
    const pek = new Uint8Array(16);
    derivePek(new PreparedPgk(octets), 'ts33303', source, ptkId, group, ALGORITHM_ID[algorithm], pek);
    return decipher(algorithm, pek, ((ptkId << 16) | sn) >>> 0, lcid, 0, clear);
  }

  #add(octets: Uint8Array, at: number, interfaceId: number, captured = octets.length): this {
    const nanos = Math.round(at * 1e9);
    const seconds = START + Math.floor(nanos / 1e9);
    const nanoseconds = nanos - Math.floor(nanos / 1e9) * 1e9;
    this.#frames.push({ octets, captured: Math.min(captured, octets.length), seconds, nanoseconds, interfaceId });
    return this;
  }

  #batch(from: number, rows: number): FrameBatch {
    const frames = this.#frames.slice(from, from + rows);
    const bytes = new Uint8Array(frames.reduce((sum, frame) => sum + frame.octets.length, 0) + 8);
    const offset = new Uint32Array(frames.length);
    let at = 0;
    frames.forEach((frame, row) => {
      offset[row] = at;
      bytes.set(frame.octets.subarray(0, frame.captured), at);
      at += frame.captured;
    });
    const isLast = from + rows >= this.#frames.length;
    return {
      bytes,
      view: new DataView(bytes.buffer),
      count: frames.length,
      firstFrame: from + 1,
      offset,
      captured: Uint32Array.from(frames, (frame) => frame.captured),
      original: Uint32Array.from(frames, (frame) => frame.octets.length),
      seconds: Float64Array.from(frames, (frame) => frame.seconds),
      nanoseconds: Uint32Array.from(frames, (frame) => frame.nanoseconds),
      digits: new Uint8Array(frames.length).fill(6),
      linkType: new Uint16Array(frames.length).fill(LINKTYPE_USER0),
      interfaceId: Uint16Array.from(frames, (frame) => frame.interfaceId),
      marks: this.#marks
        .filter(({ beforeRow }) => beforeRow >= from && (beforeRow < from + rows || isLast))
        .map((mark) => ({ ...mark, beforeRow: mark.beforeRow - from })),
    };
  }
}

/** Names of findings above `info`, in order. */
export function alarms(read: Read): string[] {
  return read.findings.filter((event) => event.severity !== 'info').map((event) => event.name);
}

/** The records of one name. */
export function named(read: Read, name: string): FindingEvent[] {
  return read.findings.filter((event) => event.name === name);
}

/** `name severity confidence count` of each record, for short expectations. */
export function told(read: Read): string[] {
  return read.findings.map((event) => `${event.name} ${event.severity} ${event.confidence} ${event.count}`);
}
