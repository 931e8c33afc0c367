// One PDCP PDU as somebody sent it: the octets, and the truth about them that only the sender knows.

import { ExitCode, SidescopeError } from '../daemon/errors.ts';
import { encodePdcpSlrb, SduType } from '../dissectors/sidelink/pdcp-slrb.ts';
import type { Random } from './random.ts';
import type { InjectStep, MessageStep } from './scenario-steps.ts';
import { type Content, makeContent } from './sdu-content.ts';
import { type Counters, indexOf, type World, type WorldGroup, type WorldKey, type WorldRadio } from './world.ts';

/** The specification says: SN 65,535 is the last; the counter of a new PTK begins at 1 (TS 33.303 6.2.3.2). */
const LAST_SN = 0xffff;
const FIRST_SN = 1;

/** What became of the SDU between sender and receiver. */
export type Treatment =
  /** Header and SDU in the clear. */
  | 'plain'
  /** The header says ciphered, the SDU is in the clear. */
  | 'claimed'
  /** Ciphered under a PGK. */
  | 'ciphered'
  /** Random octets of somebody who has no key. */
  | 'random';

/** A PDCP PDU and the truth about it. */
export interface SentMessage {
  readonly pdu: Uint8Array;
  readonly source: number;
  readonly group: WorldGroup;
  readonly version: number;
  readonly lcid: number;
  /** What the PDCP header says. */
  readonly sduType: number;
  readonly pgkIndex: number;
  readonly ptkId: number;
  readonly sn: number;
  readonly treatment: Treatment;
  /** The key it was ciphered under. */
  readonly key: WorldKey | null;
  /** What a reader with the right key sees: the SDU with whatever bits were turned over on the way. */
  readonly sdu: Uint8Array;
  /** `good`; `tampered`: IP header good, UDP not; `garbled`: IP header damaged. */
  readonly state: 'good' | 'tampered' | 'garbled';
  /** Too little inside to be sure of, whatever the key. */
  readonly unsure: boolean;
}

/** A message of a step that talks or sends; the radio's counters move on. */
export function nextMessage(
  world: World,
  step: MessageStep,
  radio: WorldRadio,
  lcid: number,
  time: number,
  random: Random,
  again: SentMessage | null,
): SentMessage {
  const version = step.wire.version ?? radio.group.described.version;
  const content: Content =
    again === null
      ? makeContent(step, radio, random)
      : { sdu: again.sdu, sduType: again.sduType, unsure: again.unsure };
  const sduType = step.header?.sduType ?? content.sduType;
  const unsure = content.unsure || (sduType > SduType.arp && sduType !== SduType.pc5Signalling);
  // What its header calls PC5-S and is none comes to nothing, whatever the key.
  const mistyped = sduType === SduType.pc5Signalling && content.sduType !== SduType.pc5Signalling;
  const common = { source: radio.id, group: radio.group, version, lcid, sduType, unsure };
  if (step.cipher === 'off') {
    const header = { pgkIndex: 0, ptkId: 0, sn: 0, ...overrides(step) };
    const { sdu, state } = flipped(step, content.sdu);
    const pdu = encodePdcpSlrb({ sduType, ...header, sdu });
    const treatment = header.pgkIndex === 0 && header.ptkId === 0 ? 'plain' : 'claimed';
    return { ...common, ...header, pdu, treatment, key: null, sdu, state: mistyped ? 'garbled' : state };
  }
  const key = chosenKey(world, step, radio, time);
  const counters = world.counters(radio, lcid);
  changeKey(counters, key);
  const truth = { pgkIndex: indexOf(key), ptkId: counters.ptkId, sn: counters.sn };
  counters.sent.push(truth);
  advance(counters, step);
  const header = { ...truth, ...overrides(step) };
  const algorithm = step.key?.algorithm ?? key.algorithm;
  const way = step.cipher === 'claimed' ? ({ sdu: content.sdu, state: 'good' } as const) : flipped(step, content.sdu);
  const { sdu } = way;
  const state = mistyped ? 'garbled' : way.state;
  if (step.cipher === 'claimed' || algorithm === 'EEA0') {
    // EEA0 leaves the SDU as it is: under a key that wants it, that is what a key makes of it.
    const treatment = key.algorithm === 'EEA0' && header.pgkIndex === truth.pgkIndex ? 'ciphered' : 'claimed';
    return { ...common, ...header, pdu: encodePdcpSlrb({ sduType, ...header, sdu }), treatment, key, sdu, state };
  }
  const p2 = step.key?.p2 === 'own' ? key.group.id : radio.group.id;
  const body = world.cipher(key, algorithm, p2, radio.id, truth.ptkId, truth.sn, lcid, sdu);
  const pdu = encodePdcpSlrb({ sduType, ...header, sdu: body });
  if (header.pgkIndex === 0 && header.ptkId === 0 && truth.pgkIndex === 0 && truth.ptkId === 0) {
    throw looksPlain(step, key);
  }
  // A header that names other counters than the cipher had makes the SDU come out as noise.
  const misnamed = header.ptkId !== truth.ptkId || header.sn !== truth.sn || header.pgkIndex !== truth.pgkIndex;
  return { ...common, ...header, pdu, treatment: misnamed ? 'random' : 'ciphered', key, sdu, state };
}

/** The specification says (TS 36.323 5.6.1): PGK index 0 with PTK id 0 stands for a message that is not ciphered. */
function looksPlain({ at }: MessageStep, key: WorldKey): SidescopeError {
  return new SidescopeError(
    'scenario.looks-plain',
    `step at ${at} s: PGK ${key.id} has index 0, and with PTK id 0 the header says that nothing is ciphered`,
    'Give the radio or the step another ptkId, or the group a PGK whose id is no multiple of 32',
    ExitCode.usage,
  );
}

/** A message of an outsider under a radio's headers. The radio's own counters stay where they are. */
export function injectedMessage(
  world: World,
  step: InjectStep,
  radio: WorldRadio,
  index: number,
  time: number,
  random: Random,
): SentMessage {
  const { lcid } = radio.described;
  const counters = world.counters(radio, lcid);
  const key =
    step.pgk === null ? (counters.key ?? world.validKey(radio.group, time)) : world.key(radio.group, step.pgk);
  const last = counters.sent.at(-1);
  const seen = counters.sent.at(-1 - (index % Math.max(1, counters.sent.length)));
  let { sn } = counters;
  if (step.sn === 'seen') sn = seen?.sn ?? sn;
  else sn = (step.sn === 'next' ? sn : step.sn) + index;
  const header = { pgkIndex: indexOf(key), ptkId: last?.ptkId ?? counters.ptkId, sn: sn & LAST_SN };
  const sdu = random.octets(random.between(step.octets[0], step.octets[1]));
  return {
    ...header,
    pdu: encodePdcpSlrb({ sduType: SduType.ip, ...header, sdu }),
    source: radio.id,
    group: radio.group,
    version: radio.group.described.version,
    lcid,
    sduType: SduType.ip,
    treatment: 'random',
    key: null,
    sdu,
    state: 'good',
    unsure: false,
  };
}

/** Moves a channel's counters to where the step wants them, once before its first message. */
export function setCounters(counters: Counters, step: MessageStep): void {
  if (step.counter === null) return;
  const { ptkId, sn, move, movePtkId } = step.counter;
  counters.ptkId = ((ptkId ?? counters.ptkId) + movePtkId) & LAST_SN;
  counters.sn = ((sn ?? counters.sn) + move) & LAST_SN;
}

function advance(counters: Counters, step: MessageStep): void {
  if (step.counter?.stuck === true) return;
  if (counters.sn < LAST_SN) {
    counters.sn++;
    return;
  }
  counters.sn = FIRST_SN;
  if (step.counter?.atWrap !== 'same-ptk') counters.ptkId = (counters.ptkId + 1) & LAST_SN;
}

/** A new PGK is taken into use with a new PTK id (reference 1.4). */
function changeKey(counters: Counters, key: WorldKey): void {
  if (counters.key !== null && counters.key !== key) {
    counters.ptkId = (counters.ptkId + 1) & LAST_SN;
    counters.sn = FIRST_SN;
  }
  counters.key = key;
}

function chosenKey(world: World, step: MessageStep, radio: WorldRadio, time: number): WorldKey {
  const group = step.key?.group === undefined || step.key.group === null ? radio.group : world.group(step.key.group);
  const pgk = step.key?.pgk ?? null;
  return pgk === null ? world.validKey(group, time) : world.key(group, pgk);
}

function overrides(step: MessageStep): { pgkIndex?: number; ptkId?: number; sn?: number } {
  if (step.header === null) return {};
  const { pgkIndex, ptkId, sn } = step.header;
  return {
    ...(pgkIndex !== null && { pgkIndex }),
    ...(ptkId !== null && { ptkId }),
    ...(sn !== null && { sn }),
  };
}

/** Offsets in an IPv4 packet without options: last octet of the source address, low octet of the UDP length. */
const SOURCE_LOW = 15;
const UDP_LENGTH_LOW = 25;

function flipped(step: MessageStep, clear: Uint8Array): { sdu: Uint8Array; state: SentMessage['state'] } {
  if (step.flip === null) return { sdu: clear, state: 'good' };
  if (clear[0] !== 0x45 || clear[9] !== 17 || clear.length <= UDP_LENGTH_LOW + 3) {
    throw new SidescopeError(
      'scenario.nothing-to-flip',
      `step at ${step.at} s: flip wants IPv4 with UDP and data inside`,
      'Use content rtp, udp or monp with ip 4',
      ExitCode.usage,
    );
  }
  const sdu = clear.slice();
  const at = step.flip === 'ip-header' ? SOURCE_LOW : step.flip === 'udp-length' ? UDP_LENGTH_LOW : sdu.length - 1;
  sdu[at] ^= 0x10;
  return { sdu, state: step.flip === 'ip-header' ? 'garbled' : 'tampered' };
}
