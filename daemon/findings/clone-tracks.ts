// Two counters under one identity (member.clone): a stream is followed as a track that goes forward. A message that lies
// far from it, or takes a position that other ciphertext has, stands on a second track; who goes to and fro is two.

import type { Streams } from './streams.ts';

// The specification says (findings, member.clone, ctr.out_of_order).
/** Alternations that make a clone. */
export const ALTERNATIONS = 4;
/** A message this far behind is late, not on another track. */
const LATE = 1024;

/** We chose: PDUs after which a track that nothing was added to is over. One spurt of speech is some hundreds. */
const TRACK_PDUS = 8192;

/** Puts the first message of a stream on its track. */
export function beginTrack(streams: Streams, stream: number, sn: number): void {
  streams.trackSn[stream] = sn;
}

/**
 * Follows a message that is no replay; true where it is the fourth or a later alternation.
 *
 * @param isReuse whether other ciphertext has its position
 */
export function followTrack(streams: Streams, stream: number, sn: number, isReuse: boolean): boolean {
  const ahead = (sn - streams.trackSn[stream]) & 0xffff;
  if (streams.hasOther[stream] === 0) {
    if (ahead >= 1 && ahead <= LATE) streams.trackSn[stream] = sn;
    else if (isReuse || isFar(ahead)) beginOther(streams, stream, sn);
    return false;
  }
  if (streams.pdus[stream] - streams.switchedAt[stream] > TRACK_PDUS) {
    streams.hasOther[stream] = 0;
    streams.alternations[stream] = 0;
    return followTrack(streams, stream, sn, isReuse);
  }
  const aheadOfOther = (sn - streams.otherSn[stream]) & 0xffff;
  const onTrack = ahead >= 1 && ahead <= LATE;
  const onOther = aheadOfOther >= 1 && aheadOfOther <= LATE;
  if (onOther && (!onTrack || aheadOfOther < ahead)) {
    streams.otherSn[stream] = streams.trackSn[stream];
    streams.trackSn[stream] = sn;
    streams.switchedAt[stream] = streams.pdus[stream];
    if (streams.alternations[stream] < 255) streams.alternations[stream]++;
    return streams.alternations[stream] >= ALTERNATIONS;
  }
  if (onTrack) streams.trackSn[stream] = sn;
  else if (isReuse || (isFar(ahead) && isFar(aheadOfOther))) beginOther(streams, stream, sn);
  return false;
}

function isFar(ahead: number): boolean {
  return ahead > LATE && ahead < 0x1_0000 - LATE;
}

function beginOther(streams: Streams, stream: number, sn: number): void {
  streams.otherSn[stream] = streams.trackSn[stream];
  streams.trackSn[stream] = sn;
  streams.hasOther[stream] = 1;
  streams.alternations[stream] = 1;
  streams.switchedAt[stream] = streams.pdus[stream];
}
