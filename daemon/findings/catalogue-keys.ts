// Catalogue: keys and epochs.

import type { EntryTexts } from './catalogue-entry.ts';
import type { FindingName } from './finding-names.ts';

export const KEY_ENTRIES = {
  'key.unknown_index': {
    severities: ['medium'],
    confidences: ['proved'],
    title: 'a PGK index that the group has no key for',
    meaning:
      'The message names a PGK index, or a PTK id, and no PGK of the group has that index, in any state. The message stays unread, and nothing can be said about who made it.',
    falseAlarm: 'Our keyring is incomplete; this is the usual case. A missing key is not an attack.',
    action: 'Import the PGK that the group uses now; `sidescope keys list` shows which indexes are held.',
    reference: 'TS 36.323 6.3.12',
  },
  'key.expired': {
    severities: ['high'],
    confidences: ['strong'],
    title: 'a PGK used after its end',
    meaning:
      'The message opens completely under a PGK whose validity had ended. The sender did not take the new key, or somebody uses an old one that should be gone.',
    falseAlarm: 'The clock of the capture is wrong; look for capture.time_backward and capture.time_jump first.',
    action:
      'Deliver the new PGK to this member. If its counters do not run on from its own, treat the sender as a stranger.',
    reference: 'TS 33.303 6.2.3.1',
  },
  'key.not_yet_valid': {
    severities: ['medium'],
    confidences: ['strong'],
    title: 'a PGK used before its beginning',
    meaning:
      'The message opens under a PGK whose validity had not begun. A clock is ahead, or a key meant for later is in use.',
    falseAlarm: 'The clock of the sender or of the capture is off by more than 5 s.',
    action: 'Compare the clocks of sender, sniffer and key management.',
    reference: 'TS 33.303 6.2.3.1',
  },
  'key.revoked': {
    severities: ['medium', 'high', 'critical'],
    confidences: ['strong'],
    title: 'a revoked PGK in use',
    meaning:
      'The message opens under a PGK that was revoked before. Within 24 hours a member out of coverage may not know yet (medium); later it should (high). From a sender that was removed from the group it is critical: a key was revoked because of somebody like this.',
    falseAlarm: 'The member was out of coverage and could not be told.',
    action: 'Reach the member and rekey it, or find out who else holds the old key.',
    reference: 'NIST SP 800-57 Part 1 8.3.4',
  },
  'key.compromised': {
    severities: ['critical'],
    confidences: ['strong'],
    title: 'a compromised PGK in use',
    meaning:
      'The message opens under a PGK that was known to be in wrong hands at that time. Anybody who has it could have made this message. There is no period of grace.',
    falseAlarm:
      'A member that was never told of the compromise still uses the key; what it says can still not be trusted.',
    action: 'Rekey the group, and trust nothing that is said under this key.',
    reference: 'NIST SP 800-57 Part 1 8.3.4',
  },
  'key.suspended': {
    severities: ['high'],
    confidences: ['strong'],
    title: 'a suspended PGK in use',
    meaning: 'The message opens under a PGK that was suspended and not resumed.',
    falseAlarm: 'The member did not hear of the suspension.',
    action: 'Resume the key if the reason for the suspension is gone, else reach the member.',
    reference: 'NIST SP 800-57 Part 1 7.3',
  },
  'key.superseded': {
    severities: ['info', 'low'],
    confidences: ['strong'],
    title: 'a PGK used although the group moved on',
    meaning:
      'The message opens under a PGK although another member has used its successor for more than 10 minutes. While the older key is valid this is allowed, since a sender uses the key that ends first.',
    falseAlarm: 'Slow members; an overlap of keys is normal.',
    action: 'Nothing while the older key is valid. `-z epochs` shows who moved and who did not.',
    reference: 'TS 33.303 6.2.3.3',
  },
  'key.regression': {
    severities: ['medium'],
    confidences: ['strong'],
    title: 'a sender went back to an older PGK',
    meaning:
      'This source already used a later PGK of the group and now uses an older one. A device was restored from an old state, or two devices use one Layer-2 id.',
    falseAlarm:
      'A member with two radios under one Layer-2 id. Going back because the later key is no longer valid is not reported, nor what comes late: up to 64 PDUs and 2 s behind the first one under the later PGK.',
    action: 'Find the device behind the Layer-2 id; see member.clone and ctr.ptk_reuse.',
    reference: 'sidescope’s design',
  },
  'key.algorithm_mismatch': {
    severities: ['high'],
    confidences: ['strong'],
    title: 'ciphered with another algorithm than configured',
    meaning:
      'The configured algorithm does not open the message and another one of 128-EEA1, 2 and 3 does. Members and keyring disagree, or a sender was made to use another algorithm.',
    falseAlarm: 'The keyring names the wrong algorithm.',
    action: 'Compare the algorithm of the group in the keyring with what the key management sends.',
    reference: 'TS 33.303 6.2.3.1',
  },
  'key.downgrade': {
    severities: ['critical'],
    confidences: ['proved'],
    title: 'plaintext in a group that requires ciphering',
    meaning:
      'The header says not ciphered, the SDU is plaintext, and the group requires ciphering. Everybody in range could read it, and anybody could have made it.',
    falseAlarm: 'The keyring says `required` for a group that is open.',
    action: 'Find out why this sender does not cipher; a radio must not accept such messages in this group.',
    reference: 'TS 36.323 5.6.1',
  },
  'key.header_inconsistent': {
    severities: ['info', 'low'],
    confidences: ['proved'],
    title: 'PGK index, PTK id and SN contradict each other',
    meaning:
      'Not ciphered is written as PGK index 0 and PTK id 0 (and SN 0 outside V2X). Here only one of them is 0, or the SN is not. An index with PTK id 0 that opens is for information only: the first PTK id is nowhere fixed.',
    falseAlarm: 'A PGK whose id is a multiple of 32 has index 0 (see key.index_clash).',
    action: 'Look at the sender’s software; a capture of its first messages helps its maker.',
    reference: 'TS 36.323 5.6.1',
  },
  'key.claimed_but_plain': {
    severities: ['critical'],
    confidences: ['strong'],
    title: 'the header claims ciphering and the SDU is plain',
    meaning: 'The header names a PGK, yet the SDU as it was on the air is a well-formed packet: it was never ciphered.',
    falseAlarm: 'None in practice.',
    action: 'Stop using this sender until it is repaired: it believes that it is protected.',
    reference: 'TS 36.323 5.6.1',
  },
  'key.overused': {
    severities: ['high'],
    confidences: ['proved'],
    title: 'more messages or more time than a key may have',
    meaning:
      'More than 65,536 PDUs under one PGK and PTK id in one logical channel: key stream must have been used twice. Or a PGK was in use for longer than its validity.',
    falseAlarm: 'Copies from several interfaces that were not recognised as copies.',
    action: 'Make the sender take a new PTK id before its SN wraps; rotate the PGK.',
    reference: 'TS 33.303 6.2.3.5',
  },
  'key.no_successor': {
    severities: ['medium'],
    confidences: ['proved'],
    title: 'the key in use ends soon and no other is held',
    meaning:
      'A PGK in use has less than a fifth of its time left, and no later PGK of the group is held. When it ends nothing of the group can be read.',
    falseAlarm: 'The successor was delivered to the members and not to us.',
    action: 'Import or provision the next PGK.',
    reference: 'sidescope’s design',
  },
  'key.weak': {
    severities: ['high'],
    confidences: ['proved'],
    title: 'a PGK that can be guessed',
    meaning: 'A PGK in the keyring is all one octet, a counting pattern, or the same in two groups.',
    falseAlarm: 'A laboratory keyring.',
    action: 'Replace the key by 32 random octets.',
    reference: 'NIST SP 800-133 4',
  },
  'key.index_clash': {
    severities: ['medium'],
    confidences: ['proved'],
    title: 'two PGKs look the same on the air',
    meaning:
      'Two PGKs of one group that are valid at the same time have the same five low bits of their id, so receivers must guess. Or a PGK id has all five 0, which on the air looks like not ciphered.',
    falseAlarm: 'None; it is a fact about the keyring.',
    action: 'Give PGKs that overlap ids with different low bits, none of them a multiple of 32.',
    reference: 'TS 36.323 6.3.12',
  },
} as const satisfies Partial<Record<FindingName, EntryTexts>>;
