// The slow, obvious twin of the capture readers: the whole input in memory, one object a frame, big integers for time.
// It knows what the readers know of sound captures, and no damage: what does not fit ends it.

import type { ReadFrame } from './read-all.ts';

const NANOSECONDS = 1_000_000_000n;

/** Frames of a sound pcap or pcapng capture. */
export function readReference(input: Uint8Array): ReadFrame[] {
  const view = new DataView(input.buffer, input.byteOffset, input.length);
  return view.getUint32(0) === 0x0a0d0d0a ? readPcapng(input, view) : readPcap(input, view);
}

function readPcap(input: Uint8Array, view: DataView): ReadFrame[] {
  const little = view.getUint8(0) !== 0xa1;
  const nano = view.getUint32(0, little) === 0xa1b23c4d;
  const frames: ReadFrame[] = [];
  let at = 24;
  while (at < input.length) {
    const [seconds, fraction, captured, original] = [0, 4, 8, 12].map((field) => view.getUint32(at + field, little));
    frames.push({
      number: frames.length + 1,
      seconds: seconds,
      nanoseconds: nano ? fraction : fraction * 1000,
      digits: nano ? 9 : 6,
      linkType: view.getUint32(20, little) % 0x10000,
      interfaceId: 0,
      original: original,
      bytes: input.slice(at + 16, at + 16 + captured),
    });
    at += 16 + captured;
  }
  return frames;
}

interface Origin {
  id: number;
  linkType: number;
  snapLength: number;
  perSecond: bigint;
  offset: bigint;
}

function readPcapng(input: Uint8Array, view: DataView): ReadFrame[] {
  const frames: ReadFrame[] = [];
  let little = true;
  let origins: Origin[] = [];
  let interfaces = 0;
  let at = 0;
  const row = (origin: Origin, units: bigint | null, original: number, bytes: Uint8Array) => {
    const time = ((units ?? 0n) * NANOSECONDS) / origin.perSecond;
    const own = {
      seconds: Math.min(Number(time / NANOSECONDS + origin.offset), 8_639_999_999_999),
      nanoseconds: Number(time % NANOSECONDS),
      digits: origin.perSecond > 1_000_000n ? 9 : 6,
    };
    const { seconds, nanoseconds, digits } =
      units === null ? (frames.at(-1) ?? { seconds: 0, nanoseconds: 0, digits: 6 }) : own;
    frames.push({
      number: frames.length + 1,
      seconds,
      nanoseconds,
      digits,
      linkType: origin.linkType,
      interfaceId: origin.id,
      original,
      bytes,
    });
  };
  while (at < input.length) {
    if (view.getUint32(at) === 0x0a0d0d0a) {
      little = view.getUint8(at + 8) === 0x4d;
      origins = [];
    }
    const u16 = (field: number) => view.getUint16(at + field, little);
    const u32 = (field: number) => view.getUint32(at + field, little);
    const units = () => (BigInt(u32(12)) << 32n) + BigInt(u32(16));
    const length = u32(4);
    switch (u32(0)) {
      case 1:
        origins.push({ id: interfaces++, linkType: u16(8), snapLength: u32(12), ...clock(view, at + 16, little) });
        break;
      case 2:
        row(origins[u16(8)], units(), u32(24), input.slice(at + 28, at + 28 + u32(20)));
        break;
      case 3: {
        const { snapLength } = origins[0];
        const captured = snapLength === 0 ? u32(8) : Math.min(u32(8), snapLength);
        row(origins[0], null, u32(8), input.slice(at + 12, at + 12 + captured));
        break;
      }
      case 6:
        row(origins[u32(8)], units(), u32(24), input.slice(at + 28, at + 28 + u32(20)));
        break;
    }
    at += length;
  }
  return frames;
}

function clock(view: DataView, optionsAt: number, little: boolean): Pick<Origin, 'perSecond' | 'offset'> {
  let perSecond = 1_000_000n;
  let offset = 0n;
  let at = optionsAt;
  for (let code = view.getUint16(at, little); code === 9 || code === 14; code = view.getUint16(at, little)) {
    if (code === 9) {
      const value = view.getUint8(at + 4);
      perSecond = value >= 128 ? 2n ** BigInt(value - 128) : 10n ** BigInt(value);
      at += 8;
    } else {
      offset = view.getBigInt64(at + 4, little);
      at += 12;
    }
  }
  return { perSecond, offset };
}
