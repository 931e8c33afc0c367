// Tries every framing that we know on frames that nothing was read from, and says which would fit.

import { GSMTAP_PORT } from '../../dissectors/framing/gsmtap.ts';
import { encodeMacLteFramed } from '../../dissectors/framing/mac-lte.ts';
import { encodeIpv4 } from '../../dissectors/internet/ipv4.ts';
import { IpProtocol } from '../../dissectors/internet/ports.ts';
import { encodeUdp } from '../../dissectors/internet/udp.ts';
import { Problem } from '../../dissectors/problems.ts';
import { createWalkTable, walkBatch } from '../../dissectors/walk.ts';
import { Outcome } from '../../dissectors/walk-table.ts';
import { batchOf, type KeptFrame } from './kept-frames.ts';
import { outerUdp } from './outer-udp.ts';

/** The specification says (tcpdump.org/linktypes). */
const LINKTYPE_ETHERNET = 1;
const LINKTYPE_RAW = 101;
const LINKTYPE_SLL = 113;
const LINKTYPE_USER0 = 147;
const LINKTYPE_UPPER_PDU = 252;
const LINKTYPE_SLL2 = 276;

/** Constants we chose. */
/** A framing fits where at least so many frames, and this part of all that were tried, are whole sidelink PDUs then. */
const LEAST_FRAMES = 2;
const LEAST_PART = 0.7;
/** Octets in front of a frame that are tried to be left out: headers of radios and boxes that nobody described. */
const MOST_SKIPPED = 64;

/** A framing that would fit. */
export interface FramingFit {
  /** In words: what the frames are. */
  readonly what: string;
  /** What to do so that they are read. */
  readonly advice: string;
  /** Frames that are whole sidelink PDUs in this framing, of those tried. */
  readonly frames: number;
  readonly tried: number;
}

interface Candidate {
  readonly what: string;
  readonly advice: string;
  /** The frame in a form that we read; null where it cannot be this. */
  recast(frame: KeptFrame): Pick<KeptFrame, 'bytes' | 'linkType'> | null;
}

const RELABEL = 'let the capture program write that link type, or rewrite it with `editcap -T`';

/** The link types themselves, under the wrong number. */
const LINK_CANDIDATES: readonly Candidate[] = [
  [
    LINKTYPE_USER0,
    'mac-lte-framed records, or UDP as srsRAN writes it (link type 147 to 162)',
    '`editcap -T user0 IN OUT`',
  ],
  [LINKTYPE_UPPER_PDU, 'exported PDUs of Wireshark (link type 252)', '`editcap -T wireshark-upper-pdu IN OUT`'],
  [LINKTYPE_ETHERNET, 'Ethernet (link type 1)', '`editcap -T ether IN OUT`'],
  [LINKTYPE_RAW, 'IP packets (link type 101)', '`editcap -T rawip IN OUT`'],
  [LINKTYPE_SLL, 'Linux cooked frames (link type 113)', '`editcap -T linux-sll IN OUT`'],
  [LINKTYPE_SLL2, 'Linux cooked frames, version 2 (link type 276)', RELABEL],
].map(([linkType, what, how]) => ({
  what: what as string,
  advice: `the link type is wrong: ${how as string} sets it right`,
  recast: ({ bytes }: KeptFrame) => ({ bytes, linkType: linkType as number }),
}));

/** What UDP may carry without saying so. */
const UDP_CANDIDATES: readonly Candidate[] = [
  {
    what: 'GSMTAP on another port than 4729',
    advice: 'send it to port 4729, or give the source of the daemon `"format": "gsmtap"`',
    recast: (frame) => asUdp(payloadOf(frame)),
  },
  {
    what: 'mac-lte-framed records in UDP without the start string `mac-lte`',
    advice: 'let the sender begin each datagram with `mac-lte`, as the heuristic of Wireshark has it',
    recast: (frame) => asUser(payloadOf(frame)),
  },
  {
    what: 'bare SL-SCH PDUs in UDP, without a context in front',
    advice: 'let the sender put `mac-lte` and its context in front of each PDU (RNTI type 8)',
    recast: (frame) => asPdu(payloadOf(frame)),
  },
];

/** What a frame may be with no header of a link at all. */
const BARE_CANDIDATES: readonly Candidate[] = [
  {
    what: 'datagrams as they were in UDP (`mac-lte`, `rlc-lte`, `pdcp-lte`, GSMTAP), without IP and UDP headers',
    advice: 'let the capture program write the IP packets, or write the context of mac-lte-framed with link type 147',
    recast: ({ bytes }) => asUdp(bytes),
  },
  {
    what: 'bare SL-SCH PDUs, without a context in front',
    advice: 'write the context of mac-lte-framed in front of each PDU (01 00 08 01) and link type 147',
    recast: ({ bytes }) => asPdu(bytes),
  },
];

function payloadOf(frame: KeptFrame): Uint8Array | null {
  return outerUdp(frame.bytes, frame.linkType)?.payload ?? null;
}

function asUser(bytes: Uint8Array | null): Pick<KeptFrame, 'bytes' | 'linkType'> | null {
  return bytes === null ? null : { bytes, linkType: LINKTYPE_USER0 };
}

function asPdu(bytes: Uint8Array | null): Pick<KeptFrame, 'bytes' | 'linkType'> | null {
  return bytes === null ? null : asUser(encodeMacLteFramed({}, bytes));
}

function asUdp(payload: Uint8Array | null): Pick<KeptFrame, 'bytes' | 'linkType'> | null {
  if (payload === null) return null;
  const udp = encodeUdp({ sourcePort: GSMTAP_PORT, destinationPort: GSMTAP_PORT, payload });
  const address = Uint8Array.of(127, 0, 0, 1);
  return {
    bytes: encodeIpv4({ source: address, destination: address, protocol: IpProtocol.udp, payload: udp }),
    linkType: LINKTYPE_RAW,
  };
}

/**
 * The framings that fit these frames, the best first: at most three. A bare PDU has few octets that could contradict, so
 * that it counts only where every frame fits.
 */
export function tryFramings(frames: readonly KeptFrame[]): FramingFit[] {
  if (frames.length < LEAST_FRAMES) return [];
  const fits: FramingFit[] = [];
  for (const candidates of [LINK_CANDIDATES, UDP_CANDIDATES, BARE_CANDIDATES]) {
    for (const candidate of candidates) {
      const fitting = sidelinkFrames(frames, candidate);
      const bare = candidate.what.startsWith('bare');
      if (fitting < LEAST_FRAMES || fitting < frames.length * (bare ? 1 : LEAST_PART)) continue;
      fits.push({ what: candidate.what, advice: candidate.advice, frames: fitting, tried: frames.length });
    }
    if (fits.length > 0) break;
  }
  const skipped = fits.length === 0 ? trySkipping(frames) : null;
  if (skipped !== null) fits.push(skipped);
  return fits.sort((left, right) => right.frames - left.frames).slice(0, 3);
}

/** A header of fixed length that nobody described, in front of something that is read. */
function trySkipping(frames: readonly KeptFrame[]): FramingFit | null {
  let best: FramingFit | null = null;
  for (let octets = 1; octets <= MOST_SKIPPED; octets++) {
    for (const candidate of LINK_CANDIDATES.slice(0, 4)) {
      const fitting = sidelinkFrames(frames, {
        ...candidate,
        recast: (frame) =>
          frame.bytes.length <= octets ? null : candidate.recast({ ...frame, bytes: frame.bytes.subarray(octets) }),
      });
      if (fitting < LEAST_FRAMES || fitting < frames.length * LEAST_PART || fitting <= (best?.frames ?? 0)) continue;
      best = {
        what: `${candidate.what} behind ${octets} octets of another header`,
        advice: `\`editcap -C ${octets} IN OUT\` cuts those octets off; then set the link type with \`editcap -T\``,
        frames: fitting,
        tried: frames.length,
      };
    }
  }
  return best;
}

/** How many of the frames are whole sidelink PDUs in this framing. */
function sidelinkFrames(frames: readonly KeptFrame[], candidate: Candidate): number {
  const recast: KeptFrame[] = [];
  for (const frame of frames) {
    const as = candidate.recast(frame);
    if (as !== null) recast.push({ ...frame, ...as, original: as.bytes.length });
  }
  if (recast.length < LEAST_FRAMES) return 0;
  const walk = createWalkTable(recast.length);
  walkBatch(batchOf(recast), walk);
  let fitting = 0;
  for (let row = 0; row < recast.length; row++) {
    const outcome = walk.frames.outcome[row];
    const sidelink = outcome === Outcome.data || outcome === Outcome.slBch || outcome === Outcome.pc5Signalling;
    if (sidelink && walk.frames.problem[row] === Problem.none) fitting++;
  }
  return fitting;
}
