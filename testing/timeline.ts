// Runs the steps of a scenario in the order of their times and gives what arrives at the capture's interfaces.

import { createHash } from 'node:crypto';
import { ExitCode, SidescopeError } from '../daemon/errors.ts';
import { LinkKind, linkKind } from '../dissectors/registry.ts';
import { encodeRlcUm } from '../dissectors/sidelink/rlc-um.ts';
import { encodeSlSch } from '../dissectors/sidelink/sl-sch.ts';
import { type Delivery, makeDelivery } from './delivery.ts';
import { carriesIp, mostOctets, wrapDatagram, wrapMacPdu } from './interface-framing.ts';
import type { Random } from './random.ts';
import { FRAMINGS, type FramingName } from './scenario.ts';
import type { InjectStep, MessageStep, NoiseStep, ReplayStep, ScenarioStep } from './scenario-steps.ts';
import { injectedMessage, nextMessage, type SentMessage, setCounters } from './sent-message.ts';
import { packMessages, type TimedMessage, type Transmission } from './transmission.ts';
import type { World, WorldRadio } from './world.ts';

/** The specification says: RNTI types of the framing, LCID of unprotected PC5-S (TS 36.321 Table 6.2.4-1). */
const RNTI_C = 3;
const RNTI_SL_BCH = 7;
const DOWNLINK = 1;
const LCID_PC5_S = 28;
const VERSION_UNICAST = 2;
/** Octets of MIB-SL (TS 36.331). */
const MIB_SL_OCTETS = 5;
const DNS_PORT = 53;
const MIKEY_PORT = 2269;

/** We chose: what each noise counts as under `undecoded`. */
const NOISE_OUTCOMES = {
  ethernet: 'not-sidelink',
  'lte-downlink': 'not-sidelink',
  'unknown-linktype': 'unknown-linktype',
  'sl-bch': 'sl-bch',
  'padding-only': 'padding-only',
  unicast: 'unicast',
  'pc5-signalling': 'pc5-signalling',
} as const satisfies Record<NoiseStep['content'], string>;

/** An interface of the capture. */
export interface CaptureInterface {
  readonly name: string;
  readonly framing: FramingName;
  readonly linkType: number;
  /** Whether its clock counts nanoseconds; else microseconds. */
  readonly nanoseconds: boolean;
}

/** What arrived, or happened, at an interface. */
export interface Arrival {
  /** Microseconds after the start, true time. */
  readonly time: number;
  readonly step: number;
  readonly interface: number;
  readonly what:
    | {
        readonly kind: 'transmission';
        readonly transmission: Transmission;
        readonly crcOk: boolean;
        readonly snap: number | null;
      }
    | { readonly kind: 'noise'; readonly outcome: (typeof NOISE_OUTCOMES)[NoiseStep['content']]; readonly pdu: string }
    | { readonly kind: 'delivery'; readonly delivery: Delivery }
    | { readonly kind: 'clock'; readonly shift: number }
    | { readonly kind: 'drops'; readonly dropped: number };
  /** The frame's octets; empty for what is no frame. */
  readonly bytes: Uint8Array;
}

/** The interfaces of a scenario; one of `mac-lte-framed` where it names none. */
export function interfacesOf(world: World): CaptureInterface[] {
  const { interfaces, resolution } = world.scenario.capture;
  if (interfaces.length === 0) {
    const linkType = FRAMINGS['mac-lte-framed'];
    return [{ name: 'pc5', framing: 'mac-lte-framed', linkType, nanoseconds: resolution === 'nanoseconds' }];
  }
  return interfaces.map((one) => ({
    name: one.name,
    framing: one.framing,
    linkType: one.linkType ?? FRAMINGS[one.framing],
    nanoseconds: (one.resolution ?? resolution) === 'nanoseconds',
  }));
}

/** Runs all steps. The arrivals come sorted by time. */
export function runSteps(world: World, interfaces: readonly CaptureInterface[]): Arrival[] {
  const run = new TimelineRun(world, interfaces);
  const steps = world.scenario.steps.map((step, index) => ({ step, index }));
  steps.sort((a, b) => a.step.at - b.step.at);
  for (const { step, index } of steps) run.step(step, index);
  // Sorting is stable: what arrives at the same instant stays in the order of the steps.
  return run.arrivals.sort((a, b) => a.time - b.time);
}

/** Which interfaces a step takes, and what to say where there is none. */
interface Suits {
  readonly is: (one: CaptureInterface) => boolean;
  readonly what: string;
  readonly hint: string;
}

const CARRIES_IP: Suits = {
  is: ({ framing }) => carriesIp(framing),
  what: 'carries IP',
  hint: 'Add an interface with framing udp-ethernet to the capture, and name it in the step',
};

const NOISE_SUITS: Readonly<Partial<Record<NoiseStep['content'], Suits>>> = {
  ethernet: CARRIES_IP,
  'unknown-linktype': {
    is: ({ linkType }) => linkKind(linkType) === LinkKind.unknown,
    what: 'has a link type that readers do not know',
    hint: 'Add an interface with a linkType such as 9999 to the capture, and name it in the step',
  },
};

/** What a labelled step gave so far. */
interface Labelled {
  readonly arrivals: Arrival[];
  readonly messages: SentMessage[];
}

class TimelineRun {
  readonly arrivals: Arrival[] = [];
  readonly #world: World;
  readonly #interfaces: readonly CaptureInterface[];
  readonly #byLabel = new Map<string, Labelled>();

  constructor(world: World, interfaces: readonly CaptureInterface[]) {
    this.#world = world;
    this.#interfaces = interfaces;
  }

  step(step: ScenarioStep, index: number): void {
    const random = this.#world.random.fork(`step ${index}`);
    const time = Math.round(step.at * 1e6);
    switch (step.do) {
      case 'talk':
      case 'send':
        this.#messages(step, index, time, random);
        break;
      case 'inject':
        this.#inject(step, index, time, random);
        break;
      case 'replay':
        this.#replay(this.#earlier(step.step, step.at, 'arrivals'), step, index, time);
        break;
      case 'delivery': {
        const at = this.#interface(step.interface, CARRIES_IP);
        const delivery = makeDelivery(this.#world, step, time, random);
        const bytes = wrapDatagram(this.#interfaces[at].framing, delivery.octets, MIKEY_PORT);
        this.#arrive({ time, step: index, interface: at, what: { kind: 'delivery', delivery }, bytes }, step.label);
        break;
      }
      case 'noise':
        this.#noise(step, index, time, random);
        break;
      case 'clock':
      case 'drops': {
        const what =
          step.do === 'clock'
            ? ({ kind: 'clock', shift: Math.round(step.shift * 1e6) } as const)
            : ({ kind: 'drops', dropped: step.dropped } as const);
        const at = this.#interface(step.interface, null);
        this.arrivals.push({ time, step: index, interface: at, what, bytes: new Uint8Array(0) });
        break;
      }
    }
  }

  #messages(step: MessageStep, index: number, time: number, random: Random): void {
    const world = this.#world;
    const radio = world.radio(step.radio);
    const lcids = step.wire.lcids.length > 0 ? step.wire.lcids : [radio.described.lcid];
    for (const lcid of lcids) setCounters(world.counters(radio, lcid), step);
    const earlier = step.again === null ? [] : this.#earlier(step.again, step.at, 'messages');
    const timed: TimedMessage[] = [];
    for (let message = 0; message < step.count; message++) {
      const at = time + Math.round(message * step.every * 1000);
      const lcid = lcids[Math.floor(message / step.wire.concatenate) % lcids.length];
      const again = earlier.length === 0 ? null : earlier[message % earlier.length];
      const now = world.scenario.start + at / 1000;
      timed.push({ message: nextMessage(world, step, radio, lcid, now, random, again), time: at });
    }
    const transmissions = packMessages(step, timed, this.#rlcSn(radio), random);
    this.#remember(step.label, timed);
    transmissions.forEach((transmission, frame) => {
      const late = step.jitter > 0 ? random.between(0, Math.round(step.jitter * 1000)) : 0;
      const lost = step.loss !== null && (random.chance(step.loss.probability) || step.loss.frames.includes(frame));
      const at = this.#interface(step.wire.interface ?? radio.described.interface, null);
      const facts = { crcOk: step.crc === 'ok', snap: step.snap };
      if (!lost) this.#hear(transmission, transmission.time + late, index, at, facts, step.label);
      for (const copy of step.copies) {
        if (!random.chance(copy.probability)) continue;
        const delay = Math.round(copy.delay * 1000);
        const where = copy.interface === null ? at : this.#interface(copy.interface, null);
        this.#hear(transmission, transmission.time + late + delay, index, where, facts, null);
      }
    });
  }

  #inject(step: InjectStep, index: number, time: number, random: Random): void {
    const radio = this.#world.radio(step.radio);
    const at = this.#interface(radio.described.interface, null);
    const timed: TimedMessage[] = [];
    for (let message = 0; message < step.count; message++) {
      const sentAt = time + Math.round(message * step.every * 1000);
      const now = this.#world.scenario.start + sentAt / 1000;
      timed.push({ message: injectedMessage(this.#world, step, radio, message, now, random), time: sentAt });
    }
    const wire = { ...PLAIN_WIRE };
    // The outsider does not know where the radio's RLC SN stands.
    const transmissions = packMessages(
      { wire, at: step.at, every: step.every },
      timed,
      () => random.between(0, 31),
      random,
    );
    for (const transmission of transmissions) {
      this.#hear(transmission, transmission.time, index, at, { crcOk: true, snap: null }, step.label);
    }
  }

  #replay(
    all: readonly Arrival[],
    { from, count, interface: where, label }: ReplayStep,
    index: number,
    time: number,
  ): void {
    const heard = all.slice(from, count === null ? all.length : from + count);
    for (const arrival of heard) {
      const { what } = arrival;
      const at = time + arrival.time - heard[0].time;
      const through = where === null ? arrival.interface : this.#interface(where, null);
      if (what.kind === 'transmission') this.#hear(what.transmission, at, index, through, what, label);
      else this.#arrive({ ...arrival, time: at, step: index, interface: through }, label);
    }
  }

  #noise(step: NoiseStep, index: number, time: number, random: Random): void {
    const at = this.#interface(step.interface, NOISE_SUITS[step.content] ?? null);
    for (let frame = 0; frame < step.count; frame++) {
      const sentAt = time + Math.round(frame * step.every * 1000);
      const { bytes, pdu } = this.#noiseFrame(step, this.#interfaces[at].framing, sentAt, random);
      const outcome = NOISE_OUTCOMES[step.content];
      this.#arrive(
        { time: sentAt, step: index, interface: at, what: { kind: 'noise', outcome, pdu }, bytes },
        step.label,
      );
    }
  }

  #noiseFrame(
    step: NoiseStep,
    framing: FramingName,
    time: number,
    random: Random,
  ): { readonly bytes: Uint8Array; readonly pdu: string } {
    const octets = random.octets(random.between(step.octets[0], step.octets[1]));
    const milliseconds = Math.floor(time / 1000);
    const facts = { milliseconds, crcOk: true };
    const source = random.between(1, 0xff_fffe);
    const destination = (this.#world.groups.at(0)?.id ?? 0) & 0xff_ffff;
    const mac = (version: number, lcid: number | null): { bytes: Uint8Array; pdu: string } => {
      const sdus =
        lcid === null ? [] : [{ lcid, sdu: encodeRlcUm({ fi: 0, sn: random.between(0, 31), elements: [octets] }) }];
      const size = lcid === null ? octets.length + 8 : 0;
      const pdu = encodeSlSch({ version, source, destination, sdus, size });
      return { bytes: wrapMacPdu(framing, pdu, facts), pdu: pduName(pdu) };
    };
    switch (step.content) {
      case 'ethernet':
        return { bytes: wrapDatagram(framing, octets, DNS_PORT), pdu: '' };
      case 'lte-downlink':
        return { bytes: wrapMacPdu(framing, octets, { ...facts, rntiType: RNTI_C, direction: DOWNLINK }), pdu: '' };
      case 'unknown-linktype':
        return { bytes: octets, pdu: '' };
      case 'sl-bch':
        return {
          bytes: wrapMacPdu(framing, random.octets(MIB_SL_OCTETS), { ...facts, rntiType: RNTI_SL_BCH }),
          pdu: '',
        };
      case 'padding-only':
        return mac(1, null);
      case 'unicast':
        return mac(VERSION_UNICAST, 3);
      case 'pc5-signalling':
        return mac(1, LCID_PC5_S);
    }
  }

  #hear(
    transmission: Transmission,
    time: number,
    step: number,
    at: number,
    facts: { readonly crcOk: boolean; readonly snap: number | null },
    label: string | null,
  ): void {
    const milliseconds = Math.floor(transmission.time / 1000);
    const bytes = wrapMacPdu(this.#interfaces[at].framing, transmission.pdu, { milliseconds, crcOk: facts.crcOk });
    const several = transmission.rlcPdus.length > 1 || transmission.rlcPdus[0].elements.length > 1;
    if (facts.snap !== null && facts.snap < bytes.length && several) {
      const message = `step at ${this.#atOf(step)} s: snap cuts a frame of several SDUs`;
      const hint = 'Put one SDU into each frame, or lengthen snap';
      throw new SidescopeError('scenario.cut-several', message, hint, ExitCode.usage);
    }
    const most = mostOctets(this.#interfaces[at].framing);
    if (bytes.length > most) {
      const message = `step at ${this.#atOf(step)} s: a frame has ${bytes.length} octets; on its interface one takes up to ${most}`;
      throw new SidescopeError(
        'scenario.too-large',
        message,
        'Lessen octets, or put less into each PDU',
        ExitCode.usage,
      );
    }
    const what = { kind: 'transmission', transmission, crcOk: facts.crcOk, snap: facts.snap } as const;
    this.#arrive({ time, step, interface: at, what, bytes }, label);
  }

  #atOf(step: number): number {
    return this.#world.scenario.steps[step].at;
  }

  #arrive(arrival: Arrival, label: string | null): void {
    const { name, linkType } = this.#interfaces[arrival.interface];
    const isNoise = arrival.what.kind === 'noise' && arrival.what.outcome === 'unknown-linktype';
    if (!isNoise && linkKind(linkType) === LinkKind.unknown) {
      const message = `step at ${this.#atOf(arrival.step)} s: readers do not know link type ${linkType} of interface ${name}`;
      const hint = 'Name another interface in the step; on this one goes noise with content unknown-linktype';
      throw new SidescopeError('scenario.no-interface', message, hint, ExitCode.usage);
    }
    this.arrivals.push(arrival);
    if (label !== null) this.#labelled(label).arrivals.push(arrival);
  }

  #remember(label: string | null, timed: readonly TimedMessage[]): void {
    if (label !== null) this.#labelled(label).messages.push(...timed.map(({ message }) => message));
  }

  /** What a labelled step that ran before gave. @throws SidescopeError where that is nothing */
  #earlier<What extends 'arrivals' | 'messages'>(label: string, at: number, what: What): Labelled[What] {
    const found = this.#byLabel.get(label)?.[what] ?? [];
    if (found.length > 0) return found;
    const wanted = what === 'messages' ? 'messages were sent in step' : 'frames were heard of step';
    const message = `step at ${at} s: no ${wanted} ${label} before it`;
    throw new SidescopeError('scenario.nothing-before', message, 'Name a step with an earlier time', ExitCode.usage);
  }

  #labelled(label: string): Labelled {
    let entry = this.#byLabel.get(label);
    if (entry === undefined) {
      entry = { arrivals: [], messages: [] };
      this.#byLabel.set(label, entry);
    }
    return entry;
  }

  #rlcSn(radio: WorldRadio): (lcid: number) => number {
    return (lcid) => this.#world.counters(radio, lcid).rlcSn++;
  }

  #interface(name: string | null, suits: Suits | null): number {
    const index = this.#interfaces.findIndex((one) => (name === null ? (suits?.is(one) ?? true) : one.name === name));
    if (index >= 0 && (suits === null || suits.is(this.#interfaces[index]))) return index;
    const { what, hint } = suits ?? CARRIES_IP;
    const message = name === null ? `no interface of the capture ${what}` : `interface ${name} is none that ${what}`;
    throw new SidescopeError('scenario.no-interface', message, hint, ExitCode.usage);
  }
}

const PLAIN_WIRE: MessageStep['wire'] = {
  version: null,
  lcids: [],
  segments: 1,
  concatenate: 1,
  pduOctets: null,
  perMacPdu: 1,
  padding: [0, 0],
  fill: 0,
  interface: null,
  damage: null,
};

/** What tells one MAC PDU from another. */
export function pduName(pdu: Uint8Array): string {
  return createHash('sha256').update(pdu).digest('hex');
}
