// What a faithful reader says about a scenario's capture, worked out from what was sent. Nothing here decodes or
// deciphers: who sent what under which key is known.

import { createHash } from 'node:crypto';
import type { Verdict } from '../daemon/events.ts';
import { SduType } from '../dissectors/sidelink/pdcp-slrb.ts';
import type { OutcomeName } from '../dissectors/walk-table.ts';
import { type Delivery, DeliveryTruth } from './delivery.ts';
import type { ExpectedKey, ExpectedMessage, OneOf } from './expected.ts';
import type { FrameRecord } from './frame-records.ts';
import type { SentMessage } from './sent-message.ts';
import { layer2Hex } from './text-forms.ts';
import { pduName } from './timeline.ts';
import type { Element, RlcPdu } from './transmission.ts';
import { indexOf, isHeld, isUsable, type World, type WorldGroup, type WorldKey } from './world.ts';

/** The specification says (findings.md, preamble; interfaces.md 3). */
/** Milliseconds within which an identical MAC PDU is a copy: behind the first one; behind the last on another interface. */
const REPEAT_MS = 320;
const OTHER_INTERFACE_MS = 50;
/** Octets of an SDU below which nothing is sure. */
const SHORTEST_SURE = 28;
const PDCP_HEADER_OCTETS = 5;
const RLC_SN_MASK = 0x1f;
const VERSION_UNICAST = 2;
const VERSION_WHOLE = 3;

/** What a faithful reader says. */
export interface GroundTruth {
  readonly messages: readonly ExpectedMessage[];
  readonly keys: readonly ExpectedKey[];
  /** Frames that came to nothing, by category; what segments came to is in `segments`. */
  readonly undecoded: ReadonlyMap<OutcomeName, number>;
  /** Frames of which only segments of SDUs that never were complete arrived: lost, or still waiting at the end. */
  readonly segments: number;
  /** Frames that were cut before their MAC PDU: malformed, or nothing says any more that they were sidelink. */
  readonly framingCut: number;
  readonly copies: boolean;
}

/** Works it out, frame by frame. */
export function groundTruth(world: World, records: readonly FrameRecord[]): GroundTruth {
  const walk = new TruthWalk(world);
  for (const record of records) walk.frame(record);
  return walk.finish(records.length);
}

/** An SDU of which pieces have arrived. */
interface OpenSdu {
  readonly message: SentMessage;
  readonly next: number;
  readonly lastSn: number;
  readonly frames: readonly number[];
  /** Whether one of the frames was cut behind its headers. */
  readonly cut: boolean;
}

interface Heard {
  readonly first: number;
  readonly last: number;
  readonly interface: number;
}

class TruthWalk {
  readonly #world: World;
  readonly #messages: ExpectedMessage[] = [];
  readonly #keys: ExpectedKey[] = [];
  readonly #undecoded = new Map<OutcomeName, number>();
  readonly #heard = new Map<string, Heard>();
  readonly #open = new Map<string, OpenSdu>();
  /** Context (destination, source, index, PTK id) to the key that opened a message of it. */
  readonly #proved = new Map<string, WorldKey>();
  readonly #inMessages = new Set<number>();
  readonly #segmentsOnly = new Set<number>();
  readonly #deliveries = new DeliveryTruth();
  readonly #deliveriesHeard = new Map<Delivery, { readonly time: number; readonly interfaces: Set<number> }>();
  /** Groups that the reader knows from deliveries. */
  readonly #delivered = new Set<WorldGroup>();
  #framingCut = 0;
  #copies = false;

  constructor(world: World) {
    this.#world = world;
  }

  frame(record: FrameRecord): void {
    const { what } = record.arrival;
    if (what.kind === 'noise') {
      const outcome =
        what.pdu !== '' && what.outcome !== 'padding-only' && this.#isCopy(what.pdu, record)
          ? 'duplicate'
          : what.outcome;
      this.#count(outcome);
    } else if (what.kind === 'delivery') this.#delivery(record, what.delivery);
    else if (what.kind === 'transmission') this.#transmission(record);
  }

  finish(frames: number): GroundTruth {
    let segments = 0;
    for (const frame of this.#segmentsOnly) if (frame <= frames && !this.#inMessages.has(frame)) segments++;
    return {
      messages: this.#messages,
      keys: this.#keys,
      undecoded: this.#undecoded,
      segments,
      framingCut: this.#framingCut,
      copies: this.#copies,
    };
  }

  #count(outcome: OutcomeName): void {
    this.#undecoded.set(outcome, (this.#undecoded.get(outcome) ?? 0) + 1);
  }

  #delivery(record: FrameRecord, delivery: Delivery): void {
    this.#count('key-management');
    if (this.#isDeliveryCopy(record, delivery)) return;
    const { key } = delivery;
    const { accepted, reason } = this.#deliveries.judge(delivery, record.milliseconds);
    const named = accepted ? { group: layer2Hex(key.group.id), pgkId: key.id } : {};
    this.#keys.push({ frame: record.frame, event: 'delivered', ...named, accepted, reason });
    if (!accepted) return;
    this.#delivered.add(key.group);
    // Of a group that only the delivery tells of, a reader knows no derivation but the standard's.
    const { listed, derivation } = key.group.described;
    key.held = listed || derivation === 'ts33303';
    key.notBefore = delivery.notBefore;
    key.notAfter = delivery.notAfter;
  }

  #transmission(record: FrameRecord): void {
    const { what } = record.arrival;
    if (what.kind !== 'transmission') return;
    const { transmission } = what;
    if (!what.crcOk) {
      this.#count('crc-failed');
      return;
    }
    const cut = record.cutOctets > 0;
    const kept = transmission.pdu.length - record.cutOctets;
    if (cut && kept <= 0) {
      this.#framingCut++;
      return;
    }
    if (transmission.malformed || (cut && kept < transmission.headerOctets)) {
      this.#count('malformed');
      return;
    }
    if (this.#isCopy(pduName(transmission.pdu.subarray(0, kept)), record)) {
      this.#count('duplicate');
      return;
    }
    if (transmission.rlcPdus[0].elements[0].message.version === VERSION_UNICAST) {
      this.#count('unicast');
      return;
    }
    let order = 0;
    for (const rlcPdu of transmission.rlcPdus) {
      for (const element of rlcPdu.elements) {
        const taken = this.#take(record.frame, rlcPdu, element, cut);
        if (taken === null) continue;
        for (const frame of taken.frames) this.#inMessages.add(frame);
        this.#messages.push(this.#expect(record, element.message, taken.frames, order++, taken.cut));
      }
    }
    if (order === 0) this.#segmentsOnly.add(record.frame);
  }

  #isCopy(name: string, record: FrameRecord): boolean {
    const now = { interface: record.arrival.interface, time: record.milliseconds };
    const heard = this.#heard.get(name);
    const copy =
      heard !== undefined &&
      (Math.abs(now.time - heard.first) <= REPEAT_MS ||
        (now.interface !== heard.interface && Math.abs(now.time - heard.last) <= OTHER_INTERFACE_MS));
    // Repeats count from the first transmission; another antenna from whoever heard it last.
    const first = copy ? heard.first : now.time;
    this.#heard.set(name, { first, last: now.time, interface: now.interface });
    if (copy) this.#copies = true;
    return copy;
  }

  /** A delivery is not repeated by HARQ: only another interface makes a copy of it. */
  #isDeliveryCopy({ arrival, milliseconds }: FrameRecord, delivery: Delivery): boolean {
    const heard = this.#deliveriesHeard.get(delivery);
    if (
      heard === undefined ||
      Math.abs(milliseconds - heard.time) > OTHER_INTERFACE_MS ||
      heard.interfaces.has(arrival.interface)
    ) {
      this.#deliveriesHeard.set(delivery, { time: milliseconds, interfaces: new Set([arrival.interface]) });
      return false;
    }
    heard.interfaces.add(arrival.interface);
    this.#copies = true;
    return true;
  }

  /** Follows reassembly by name: the frames of the SDU that this element completes and whether one was cut, or null. */
  #take(
    frame: number,
    { lcid, sn }: RlcPdu,
    { message, part, parts }: Element,
    cut: boolean,
  ): Pick<OpenSdu, 'frames' | 'cut'> | null {
    const entity = `${message.source}/${message.group.id}/${message.version}/${lcid}`;
    const open = this.#open.get(entity);
    if (parts === 1) {
      this.#open.delete(entity);
      return { frames: [frame], cut };
    }
    if (part === 0) {
      this.#open.set(entity, { message, next: 1, lastSn: sn, frames: [frame], cut });
      return null;
    }
    const follows =
      open !== undefined &&
      open.message === message &&
      open.next === part &&
      ((open.lastSn + 1) & RLC_SN_MASK) === (sn & RLC_SN_MASK);
    this.#open.delete(entity);
    if (!follows) return null;
    // Two pieces of it may stand in one frame.
    const frames = open.frames.at(-1) === frame ? open.frames : [...open.frames, frame];
    const taken = { frames, cut: open.cut || cut };
    if (part === parts - 1) return taken;
    this.#open.set(entity, { message, next: part + 1, lastSn: sn, ...taken });
    return null;
  }

  #expect(
    record: FrameRecord,
    message: SentMessage,
    frames: readonly number[],
    order: number,
    cut: boolean,
  ): ExpectedMessage {
    const judged = cut ? DAMAGED : this.#judge(message, record.milliseconds);
    const shown = judged.sdu === null ? null : createHash('sha256').update(judged.sdu).digest('hex');
    return {
      frame: record.frame,
      order,
      ...(frames.length > 1 && { frames }),
      group: this.#groupText(message, judged.pgkId !== null && judged.verdict !== 'no-key'),
      source: layer2Hex(message.source),
      lcid: message.lcid,
      pgkIndex: message.pgkIndex,
      ptkId: message.ptkId,
      sn: message.sn,
      pgkId: judged.pgkId,
      verdict: judged.verdict,
      sha256: shown,
      time: record.time,
    };
  }

  /** The group as it is printed: versions 1 and 2 carry the 16 high bits of the destination only. */
  #groupText({ group, version }: SentMessage, opened: boolean): OneOf<string> {
    const id = layer2Hex(group.id);
    if (version === VERSION_WHOLE) return id;
    const partial = `${id.slice(0, 4)}??`;
    const fitting = this.#known(group);
    if (fitting.length === 0) return partial;
    if (fitting.length === 1) return layer2Hex(fitting[0].id);
    return opened ? id : [id, partial];
  }

  /** Groups of the keyring that the destination in the PDU could be. */
  #listed({ id }: WorldGroup): WorldGroup[] {
    return this.#world.groups.filter(({ described }) => described.listed && described.id >> 8 === id >> 8);
  }

  /** The same with groups that came by MIKEY: the reader has their keys, and no policy. */
  #known(group: WorldGroup): WorldGroup[] {
    const near = [...this.#delivered].filter(({ described, id }) => !described.listed && id >> 8 === group.id >> 8);
    return [...this.#listed(group), ...near];
  }

  #judge(message: SentMessage, time: number): Judgement {
    const { treatment, sdu, unsure } = message;
    if (message.pgkIndex === 0 && message.ptkId === 0) {
      const groups = message.version === VERSION_WHOLE ? this.#exactly(message.group) : this.#listed(message.group);
      const required = groups.length > 0 && groups.every(({ described }) => described.protection === 'required');
      return { verdict: required ? 'downgraded' : 'clear', pgkId: null, sdu: message.pdu.subarray(PDCP_HEADER_OCTETS) };
    }
    const context = `${message.group.id}/${message.version}/${message.source}/${message.pgkIndex}/${message.ptkId}`;
    const proved = this.#proved.get(context);
    const provedKey = proved !== undefined && isHeld(proved) ? proved : undefined;
    const key = message.key !== null && isHeld(message.key) ? message.key : null;
    // A fragment whose IP header is damaged does not look like one any more.
    const recognisable = message.state !== 'garbled' || message.sduType !== SduType.ip;
    if ((unsure && recognisable) || sdu.length < SHORTEST_SURE) return this.#unsure(message, key, provedKey, time);
    if (treatment === 'claimed' && message.state !== 'garbled') return { verdict: 'downgraded', pgkId: null, sdu };
    if (treatment === 'ciphered' && key !== null && message.state !== 'garbled') {
      if (message.state === 'good') this.#proved.set(context, key);
      return { verdict: isUsable(key, time) ? 'decrypted' : 'stale', pgkId: key.id, sdu };
    }
    if (provedKey !== undefined) return { verdict: 'forged', pgkId: provedKey.id, sdu: null };
    return { verdict: 'no-key', pgkId: null, sdu: null };
  }

  #exactly({ id }: WorldGroup): WorldGroup[] {
    return this.#world.groups.filter(({ described }) => described.listed && described.id === id);
  }

  /** Short, non-IP, reserved, a fragment: `unverifiable` under the only key that fits. */
  #unsure(message: SentMessage, key: WorldKey | null, proved: WorldKey | undefined, time: number): Judgement {
    const fitting = this.#known(message.group)
      .flatMap(({ keys }) => keys)
      .filter((candidate) => indexOf(candidate) === message.pgkIndex && isHeld(candidate));
    if (fitting.length === 0) return { verdict: ['no-key', 'unverifiable'], pgkId: 'any', sdu: null };
    const only = proved ?? (fitting.length === 1 ? fitting[0] : undefined);
    const right = only !== undefined && only === key && message.treatment === 'ciphered';
    if (message.treatment === 'claimed' && message.sdu.length >= SHORTEST_SURE) {
      // A fragment in the clear may show by its IP header alone that it was never ciphered.
      return { verdict: ['unverifiable', 'no-key', 'forged', 'downgraded'], pgkId: 'any', sdu: null };
    }
    return {
      verdict: right || message.sdu.length < SHORTEST_SURE ? 'unverifiable' : ['unverifiable', 'no-key', 'forged'],
      pgkId: right ? only.id : 'any',
      sdu: right && isUsable(only, time) ? message.sdu : null,
    };
  }
}

interface Judgement {
  readonly verdict: OneOf<Verdict>;
  readonly pgkId: ExpectedMessage['pgkId'];
  /** What the reader may show, or could show with `--allow-stale`; null: nothing that can be known. */
  readonly sdu: Uint8Array | null;
}

const DAMAGED: Judgement = { verdict: 'damaged', pgkId: 'any', sdu: null };
