// Radios that speak as radios do, and things that happen between: for tests that hold two ways of reading equal.

import { addressOf, announcement, datagram, datagram6, noise, type Said, Scene, speech } from './scene.ts';

/** The radios. */
export const RADIOS = [0x0a0b0c, 0x0a0b0d, 0x0a0b0e];

/** What may happen. */
export const KINDS = [
  ...['lost', 'late', 'replay', 'reuse', 'far', 'turn', 'return', 'lcid', 'version', 'moved', 'ssrc', 'still'],
  ...['datagram', 'ipv6', 'arp', 'forged', 'flipped', 'plain', 'fragment', 'group', 'copy', 'wait', 'hour', 'type'],
  ...[
    'algorithm',
    'key',
    'keyBack',
    'cut',
    'wrap',
    'page',
    'goes',
    'reset',
    'leap',
    'otherKey',
    'away',
    'back',
    'drops',
    'lostBefore',
  ],
] as const;

/** A value of `KINDS`. */
export type Kind = (typeof KINDS)[number];

/** Where a radio stands. */
interface Standing {
  readonly source: number;
  ptkId: number;
  pgk: number;
  lcid: number;
  version: 1 | 3;
  ssrc: number;
  sequence: number;
  address: Uint8Array;
}

/** Radios that speak as usual between things that are not. */
export class Talk {
  readonly scene = new Scene();
  readonly #radios: readonly Standing[] = RADIOS.map((source) => ({
    ...{ source, ptkId: 5, pgk: 39, lcid: 3, version: 1, ssrc: source, sequence: 1 },
    address: addressOf(source),
  }));
  /** The next SN of each key, PTK id and LCID of a radio: who comes back goes on where it was. */
  readonly #next = new Map<string, number>();
  #at = 0;
  #dropped = 0;

  /** Usual messages of a radio. */
  usual(radio: number, messages: number): void {
    for (let i = 0; i < messages; i++) this.say(radio, {});
  }

  /** The next message of a radio, or another one. */
  say(radio: number, other: Partial<Said>): void {
    const standing = this.#radios[radio];
    const { ptkId, pgk, lcid, version, ssrc, address } = standing;
    const sn = this.#sn(standing);
    this.#at += 0.02;
    const sdu = speech(ssrc, standing.sequence & 0xffff, address);
    standing.sequence++;
    this.scene.say({ at: this.#at, source: RADIOS[radio], sn, ptkId, pgk, lcid, version, sdu, ...other });
    if (other.sn === undefined) this.#moveTo(standing, sn + 1);
  }

  /** Nobody speaks for some time. */
  wait(seconds: number): void {
    this.#at += seconds;
  }

  /**
   * Something happens.
   *
   * @param by how far, how much or how long
   */
  happen(radio: number, kind: Kind, by: number): void {
    const standing = this.#radios[radio];
    const { address } = standing;
    const sn = this.#sn(standing);
    const other = this.#radios[(radio + 1) % RADIOS.length];
    const become = (changes: Partial<Standing>): void => void Object.assign(standing, changes);
    const acts: Readonly<Record<Kind, () => void>> = {
      lost: () => this.#moveTo(standing, sn + by),
      late: () => this.say(radio, { sn: (sn - by) & 0xffff }),
      replay: () => void this.scene.again(Math.max(1, this.scene.frames - by), this.#at + by / 60),
      reuse: () => this.say(radio, { sn: (sn - 1) & 0xffff, sdu: noise(by, 80) }),
      far: () => this.say(radio, { sn: (sn + by * 300) & 0xffff }),
      turn: () => become({ ptkId: standing.ptkId + 1 }),
      return: () => become({ ptkId: Math.max(1, standing.ptkId - 1) }),
      lcid: () => become({ lcid: standing.lcid === 3 ? 4 : 3 }),
      version: () => become({ version: standing.version === 1 ? 3 : 1 }),
      moved: () => become({ address: by % 2 === 0 ? addressOf(RADIOS[radio]) : other.address }),
      ssrc: () => become({ ssrc: by % 2 === 0 ? RADIOS[radio] : other.ssrc }),
      still: () => become({ sequence: standing.sequence + by }),
      datagram: () => this.say(radio, { sdu: datagram(by, address) }),
      ipv6: () =>
        this.say(radio, {
          sdu: datagram6(
            by,
            Uint8Array.from({ length: 16 }, (_, i) => i + 1),
          ),
        }),
      arp: () => this.say(radio, { sdu: announcement(noise(by & 3, 6), address), sduType: 1 }),
      forged: () => this.say(radio, { air: noise(by, 60 + by), sn: sn + (by % 3) }),
      flipped: () => this.say(radio, { flip: [[by % 60, 1 << (by & 7)]] }),
      plain: () => this.say(radio, { plain: true }),
      fragment: () => this.say(radio, { sdu: fragmentOf(speech(standing.ssrc, standing.sequence, address)) }),
      group: () => this.say(radio, { group: 0xf00002, pgk: 50 }),
      copy: () => void this.scene.again(Math.max(1, this.scene.frames), this.#at + 0.001, by & 1),
      wait: () => this.wait(by),
      hour: () => this.wait(by * 60),
      drops: () => this.#lose(by, false),
      lostBefore: () => this.#lose(by, true),
      back: () => this.wait(-by * 60),
      type: () => this.say(radio, { sduType: by & 7 }),
      algorithm: () => this.say(radio, { algorithm: '128-EEA1' }),
      key: () => become({ pgk: Math.min(41, standing.pgk + 1) }),
      keyBack: () => become({ pgk: Math.max(39, standing.pgk - 1) }),
      cut: () => this.say(radio, { captured: 30 + by }),
      wrap: () => this.#moveTo(standing, 65_530),
      page: () => this.#moveTo(standing, (sn | 0xff) - 2),
      reset: () => this.#moveTo(standing, 1 + (by & 7)),
      leap: () => this.#moveTo(standing, sn + by * 80),
      otherKey: () => become({ lcid: standing.lcid === 3 ? 4 : 3, pgk: standing.pgk === 39 ? 40 : 39 }),
      away: () => {
        const sdu = datagram(by, address, Uint8Array.of(239, 255, 0, 2));
        for (let i = 0; i <= by % 12; i++) this.say(radio, { sdu, group: 0xf00002, pgk: 50 });
      },
      goes: () => this.say(radio, { sdu: datagram(by, address, Uint8Array.of(239, 255, 0, 2)) }),
    };
    acts[kind]();
  }

  /** The capture says that it lost frames; or the next frame does. */
  #lose(frames: number, byFrame: boolean): void {
    this.#dropped += frames;
    this.scene.mark({ kind: 'drops', interfaceId: 0, dropped: this.#dropped, ...(byFrame && { byFrame }) });
  }

  #sn(standing: Standing): number {
    return this.#next.get(streamOf(standing)) ?? 240;
  }

  #moveTo(standing: Standing, sn: number): void {
    this.#next.set(streamOf(standing), sn & 0xffff);
  }
}

function streamOf({ source, pgk, ptkId, lcid }: Standing): string {
  return `${source} ${pgk} ${ptkId} ${lcid}`;
}

/** The same datagram with the flag of more fragments, and the checksum that goes with it. */
function fragmentOf(datagramOctets: Uint8Array): Uint8Array {
  const octets = Uint8Array.from(datagramOctets);
  octets[6] |= 0x20;
  const sum = ((octets[10] << 8) | octets[11]) - 0x2000;
  const folded = sum <= 0 ? sum + 0xffff : sum;
  octets[10] = folded >>> 8;
  octets[11] = folded & 0xff;
  return octets;
}
