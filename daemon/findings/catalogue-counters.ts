// Catalogue: counter and key stream. Severities are those where a key is held; without one, critical becomes high and
// the confidence strong.

import type { EntryTexts } from './catalogue-entry.ts';
import type { FindingName } from './finding-names.ts';

const WITHOUT_KEY = 'Where no key is held, somebody may have injected a frame under this sender’s headers.';

export const COUNTER_ENTRIES = {
  'ctr.replay': {
    severities: ['medium', 'high'],
    confidences: ['strong', 'proved'],
    title: 'the same ciphertext again',
    meaning:
      'A message with the same key, PTK id, LCID and SN and the same ciphertext came again, too late to be a HARQ repeat or a second antenna. Somebody recorded it and sent it again; more than 10 s apart it is high.',
    falseAlarm: 'A second sniffer whose clock is off by more than 50 ms, or a repeater.',
    action: 'Compare the two frames; if the capture is merged from several sniffers, align their clocks first.',
    reference: 'TS 36.323 5.6.1',
  },
  'ctr.keystream_reuse': {
    severities: ['high', 'critical'],
    confidences: ['strong', 'proved'],
    title: 'one key-stream position used for two messages',
    meaning:
      'Two different ciphertexts under the same key, PTK id, LCID and SN: who has both has the exclusive or of the two plaintexts. The counter of the sender was set back, or two senders share an identity.',
    falseAlarm: `Copies damaged on the air are not counted (no checksum holds, fewer than 2 % of bits differ). ${WITHOUT_KEY}`,
    action: 'Treat both messages as read by others. Rekey the group, and repair the counter of the sender.',
    reference: 'TS 36.323 5.6.1',
  },
  'ctr.reset': {
    severities: ['high'],
    confidences: ['strong', 'proved'],
    title: 'the counter started again under the same key',
    meaning:
      'The SN fell back to near 0 under the same PGK and PTK id. The sender restarted without a new PTK id; soon key stream will be used twice.',
    falseAlarm: `A message that was more than 1,024 behind all others. ${WITHOUT_KEY}`,
    action: 'Make the sender take a new PTK id at every start.',
    reference: 'TS 33.303 6.2.3.5',
  },
  'ctr.wrap_same_ptk': {
    severities: ['critical'],
    confidences: ['strong', 'proved'],
    title: 'the counter wrapped under the same PTK id',
    meaning: 'The SN went over 65,535 and the PTK id stayed. From here on every message uses key stream a second time.',
    falseAlarm: WITHOUT_KEY,
    action: 'Repair the sender: it has to take a new PTK id before the SN wraps.',
    reference: 'TS 33.303 6.2.3.5',
  },
  'ctr.ptk_reuse': {
    severities: ['high'],
    confidences: ['strong', 'proved'],
    title: 'a sender returned to an earlier PTK id',
    meaning:
      'This stream left a PTK id for another and came back to it under the same PGK. Its counter may repeat there.',
    falseAlarm: `Late packets within 64 PDUs and 2 s are not counted. ${WITHOUT_KEY}`,
    action: 'Find out how the sender chooses PTK ids; see member.clone.',
    reference: 'TS 33.303 6.2.3.5',
  },
  'ctr.stuck': {
    severities: ['critical'],
    confidences: ['strong', 'proved'],
    title: 'the counter does not count',
    meaning:
      'Three or more messages of one stream bear the same SN and different ciphertext: the sender does not raise its counter. All of them share one key stream.',
    falseAlarm: WITHOUT_KEY,
    action: 'Take the sender out of use; everything it said under this PTK id can be read by others.',
    reference: 'TS 36.323 5.6.1',
  },
  'ctr.gap': {
    severities: ['info'],
    confidences: ['heuristic'],
    title: 'messages are missing',
    meaning: 'The SN went forward by more than one, and what is missing did not come within 64 messages or 2 s.',
    falseAlarm: 'The sniffer lost them, or it could not hear while it sent; see capture.drops.',
    action: 'Nothing. Many gaps of one sender speak of bad reception.',
    reference: 'TS 36.323 7.2',
  },
  'ctr.out_of_order': {
    severities: ['info'],
    confidences: ['strong', 'proved'],
    title: 'a message came late',
    meaning: 'The SN is up to 1,024 behind the highest and was not seen before.',
    falseAlarm: 'A capture merged from several receivers.',
    action: 'Nothing.',
    reference: 'TS 36.323 7.2',
  },
  'ctr.jump': {
    severities: ['medium'],
    confidences: ['heuristic'],
    title: 'the counter jumped far ahead',
    meaning:
      'The SN went forward by more than 8,192 within 60 s. No radio sends that fast; its state changed, or another device speaks.',
    falseAlarm: 'A very fast sender of which most was not heard.',
    action: 'Look at what the sender did at that time; see member.clone.',
    reference: 'sidescope’s design',
  },
} as const satisfies Partial<Record<FindingName, EntryTexts>>;
