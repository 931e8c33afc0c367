// Catalogue: who sent it.

import type { EntryTexts } from './catalogue-entry.ts';
import type { FindingName } from './finding-names.ts';

export const MEMBER_ENTRIES = {
  'member.not_in_roster': {
    severities: ['medium', 'high'],
    confidences: ['proved'],
    title: 'a sender that never was a member',
    meaning:
      'The source was never in the roster of the group. If its message opens it is high: somebody who is no member holds the key.',
    falseAlarm: 'The roster is out of date.',
    action: 'Add the member to the keyring, or find out who holds the key.',
    reference: 'TS 33.303 6.2.3.3',
  },
  'member.removed': {
    severities: ['medium', 'critical'],
    confidences: ['strong'],
    title: 'a sender that was removed from the group',
    meaning:
      'The source left the roster before this time. Under a key that it had then it is a straggler (medium). Under a PGK that became valid after its removal it is critical: the rekey did not exclude it.',
    falseAlarm: 'The Layer-2 id was given to a new member and the roster does not say so.',
    action: 'Rekey the group without this member, and look how it got the new key.',
    reference: 'TS 33.303 6.2.3.3',
  },
  'member.clone': {
    severities: ['high'],
    confidences: ['heuristic'],
    title: 'two senders under one identity',
    meaning:
      'Two counters run side by side under one source and PTK id and took turns at least four times. Two devices share a Layer-2 id and a key.',
    falseAlarm:
      'A device that restarts changes track once, not to and fro. Counters up to 1,024 apart are taken for one whose messages come late. Two receivers far apart in time look alike.',
    action: 'Find both devices. One of them is a copy.',
    reference: 'sidescope’s design',
  },
  'bind.address_moved': {
    severities: ['medium'],
    confidences: ['strong'],
    title: 'a sender changed its IP address',
    meaning:
      'The source was bound to one IP address, by the roster or by three messages that opened, and sends from another.',
    falseAlarm: 'A relay that forwards for others; IPv6 privacy addresses; a link-local address that was defended.',
    action: 'List the addresses of relays in the roster; else ask the member.',
    reference: 'TS 23.303 5.4',
  },
  'bind.address_shared': {
    severities: ['medium'],
    confidences: ['strong'],
    title: 'one IP address from two senders',
    meaning: 'Messages from one source IP address came from two Layer-2 ids within 60 s.',
    falseAlarm: 'A relay, or a device that changed its Layer-2 id.',
    action: 'Find out which of the two owns the address.',
    reference: 'TS 23.303 5.4',
  },
  'bind.arp': {
    severities: ['high'],
    confidences: ['strong'],
    title: 'ARP claims an address of somebody else',
    meaning:
      'The sender fields of an ARP message contradict the address that this source, or another member, is bound to: a member redirects traffic to itself.',
    falseAlarm: 'A device that gave up its address after a conflict (RFC 3927 2.5).',
    action: 'Compare with the roster; treat traffic to that address as exposed.',
    reference: 'RFC 826',
  },
  'bind.ssrc': {
    severities: ['medium'],
    confidences: ['strong'],
    title: 'an RTP source moved to another sender',
    meaning: 'An RTP SSRC that one Layer-2 id used now comes from another: somebody speaks into another one’s stream.',
    falseAlarm: 'A relay. A restart picks a new SSRC, it does not move an old one.',
    action: 'Compare the two senders.',
    reference: 'RFC 3550 8',
  },
  'group.unknown': {
    severities: ['info'],
    confidences: ['proved'],
    title: 'a destination that is no group of ours',
    meaning: 'The destination matches no group of the keyring.',
    falseAlarm: 'Another agency in range; that is normal.',
    action: 'Nothing, or add the group to the keyring.',
    reference: 'TS 36.321 6.1.6',
  },
  'group.address_mismatch': {
    severities: ['medium'],
    confidences: ['strong'],
    title: 'sent to one group, addressed to another',
    meaning:
      'The message went to this group on the air, and its IP destination is the multicast address of another group.',
    falseAlarm: 'A radio with wrong address tables.',
    action: 'Compare the multicast addresses of the radio with the keyring.',
    reference: 'TS 23.303 5.4',
  },
} as const satisfies Partial<Record<FindingName, EntryTexts>>;
