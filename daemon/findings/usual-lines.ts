// What is remembered of the usual message of a context (usual.ts): two lines of the cache for each, in words and numbers. The
// loop over many messages is written twice, in usual.ts and in usual-kernel.ts, and both work on this.

import { WIRE_CONTEXT_CAP } from '../engine/wire-contexts.ts';
import { ADDRESS_CHECKS } from './binding.ts';
import { RTP_CHECKS } from './rtp-sources.ts';

/**
 * We chose: contexts whose last message is remembered, 128 octets each. As many as there can be: none takes another's place.
 * Slots of contexts are given in order, so lines of those that nobody has take no memory.
 */
export const CONTEXTS = WIRE_CONTEXT_CAP;
/** Checks whose outcome is the same for all usual messages of a context. */
export const CHECKS = ADDRESS_CHECKS | RTP_CHECKS;

// What is remembered of a context, in 32-bit words: what the message must have in common with the last one,
export const STAMP = 0;
export const CONTEXT = 1;
export const SENDER = 2;
export const RECEIVER = 3;
export const HEADER = 4;
export const FLAGS = 5;
export const GROUP = 6;
export const KEY = 7;
export const PASSED = 8;
/** Source address and SSRC as words of the host. */
export const ADDRESS = 9;
/** 0 where nothing is lent; else two more than where the next one of the group begins to which something is. */
export const LENT = 10;
/** how far it came: the next SN, the SN to stop at, the last SSRC and sequence number, the last message kept of the page, */
export const NEXT = 11;
export const STOP = 12;
export const SSRC = 13;
export const SEQUENCE = 14;
export const LAST = 15;
/** messages that are not written down, page of positions, RTP stream or NONE, low half of its last frame, */
export const MESSAGES = 16;
export const PAGE = 17;
export const RTP = 18;
export const RTP_FRAME = 19;
/** where the rules keep what they know of it, */
export const STREAM = 20;
export const MEMBER = 21;
export const OWNER = 22;
/** while a run is taken, the address of its sum in it, else 0 (usual-kernel.ts), */
export const SUM = 23;
/** and as numbers of 64 bits: capture time from which and until which key and place in the roster need not be looked at, */
export const FROM = 12;
export const UNTIL = 13;
/** time and frame of the last message. */
export const TIME = 14;
export const FRAME = 15;
export const LINE_WORDS = 32;
/** Octets of all lines. */
export const LINES_OCTETS = CONTEXTS * LINE_WORDS * 4;
