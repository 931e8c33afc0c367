// Catalogue: what was inside, the capture itself, and key management.

import type { EntryTexts } from './catalogue-entry.ts';
import type { FindingName } from './finding-names.ts';

export const PAYLOAD_ENTRIES = {
  'payload.forged': {
    severities: ['medium', 'high'],
    confidences: ['strong', 'proved'],
    title: 'opens under no key where others did',
    meaning:
      'Earlier messages of this sender under this PGK index and PTK id opened; this one opens under no key we hold. Somebody without the key made or altered it. One may be damage; from two on, and 5 % or more of the context, it is high.',
    falseAlarm:
      'Damage on the air, a wrongly joined SDU, header compression, or a second PGK with the same index that we do not hold.',
    action:
      'Look whether such frames come with good reception and who else was heard then. Counters of this sender are not judged by them.',
    reference: 'sidescope’s design',
  },
  'payload.tampered': {
    severities: ['medium'],
    confidences: ['strong'],
    title: 'good IP header, bad body',
    meaning:
      'The message opens or was never ciphered, its IP header is right, and the UDP length or checksum is not. The ciphers have no integrity: bits that are flipped on the air come out flipped.',
    falseAlarm: 'A fault of the sending application, or a checksum that its network card was to fill in.',
    action: 'Compare with a copy of the frame from another receiver, if there is one.',
    reference: 'sidescope’s design',
  },
  'payload.other_group_key': {
    severities: ['high'],
    confidences: ['strong'],
    title: 'ciphered with the key of another group',
    meaning:
      'The message opens only with a PGK of another group: keys were mixed up, or a member of that group speaks here.',
    falseAlarm: 'Two groups share a key on purpose; then see key.weak.',
    action: 'Compare the keys that the sender was given with the keyring.',
    reference: 'TS 33.303 6.2.3.3',
  },
  'payload.sdu_type': {
    severities: ['low'],
    confidences: ['proved'],
    title: 'the SDU type does not fit the body',
    meaning: 'The SDU type says IP and the body is ARP, or the reverse, or the type is reserved.',
    falseAlarm: 'None.',
    action: 'Report it to the maker of the sender.',
    reference: 'TS 36.323 6.3.14',
  },
  'rlc.loss': {
    severities: ['info'],
    confidences: ['heuristic'],
    title: 'an SDU lacks a segment',
    meaning: 'An SDU was begun and given up because a segment of it did not come.',
    falseAlarm: 'The sniffer lost it; that is normal on the air.',
    action: 'Nothing.',
    reference: 'TS 36.322 5.1.2.2',
  },
  'mac.malformed': {
    severities: ['low'],
    confidences: ['proved'],
    title: 'a MAC PDU that contradicts itself',
    meaning: 'Lengths go beyond the PDU, or values are reserved. The text says which field at which octet.',
    falseAlarm: 'The link type of the capture is wrong, or frames with errors were captured.',
    action: '`-V` shows the frame up to the fault.',
    reference: 'TS 36.321 6.1.6',
  },
  'rlc.malformed': {
    severities: ['low'],
    confidences: ['proved'],
    title: 'an RLC PDU that contradicts itself',
    meaning: 'A length indicator is 0 or beyond the PDU, or the PDU has no data.',
    falseAlarm: 'Frames with errors were captured.',
    action: '`-V` shows the frame up to the fault.',
    reference: 'TS 36.322 6.2.1.3',
  },
  'pdcp.malformed': {
    severities: ['low'],
    confidences: ['proved'],
    title: 'a PDCP PDU that contradicts itself',
    meaning: 'The PDU is shorter than its header, or holds nothing.',
    falseAlarm: 'Frames with errors were captured.',
    action: '`-V` shows the frame up to the fault.',
    reference: 'TS 36.323 6.2.10',
  },
  'ip.malformed': {
    severities: ['low'],
    confidences: ['proved'],
    title: 'an IP header that contradicts itself',
    meaning: 'The IP header that carried the frame contradicts itself.',
    falseAlarm: 'The capture was taken before the network card filled in lengths or checksums.',
    action: '`-V` shows the frame up to the fault.',
    reference: 'RFC 791 3.1',
  },
} as const satisfies Partial<Record<FindingName, EntryTexts>>;

export const CAPTURE_ENTRIES = {
  'capture.duplicate': {
    severities: ['info'],
    confidences: ['proved'],
    title: 'a copy of one transmission',
    meaning:
      'An identical MAC PDU within 320 ms, or on another interface within 50 ms: a HARQ repeat or a second antenna. Or an identical key delivery on another interface within 50 ms. It is removed before anything is judged.',
    falseAlarm: 'None.',
    action: 'Nothing.',
    reference: 'TS 36.321 5.14.1.2',
  },
  'capture.time_backward': {
    severities: ['medium'],
    confidences: ['proved'],
    title: 'time went back',
    meaning:
      'The time of one interface stepped back by more than 1 ms. What is said about validity and about windows of time is not to be trusted around it.',
    falseAlarm: 'Files joined in the wrong order.',
    action: 'Sort the capture by time, or look at the clock of the sniffer.',
    reference: 'sidescope’s design',
  },
  'capture.time_jump': {
    severities: ['low'],
    confidences: ['proved'],
    title: 'time leapt ahead',
    meaning: 'More than an hour lies between one frame of an interface and the next: silence, or the clock was set.',
    falseAlarm: 'It was quiet.',
    action: 'Check whether the sniffer ran all the time.',
    reference: 'sidescope’s design',
  },
  'capture.truncated': {
    severities: ['medium'],
    confidences: ['proved'],
    title: 'frames are cut',
    meaning:
      'Frames were captured with fewer octets than they had, or the file ends inside a record. What is missing cannot be judged.',
    falseAlarm: 'None.',
    action: 'Capture with a snap length of 262,144 and let the sniffer end by itself.',
    reference: 'sidescope’s design',
  },
  'capture.drops': {
    severities: ['low'],
    confidences: ['proved'],
    title: 'the sniffer lost frames',
    meaning:
      'The capture’s own drop counters grew, or a frame says that others were lost before it. Gaps may be its fault.',
    falseAlarm: 'None.',
    action: 'Use a larger capture buffer.',
    reference: 'pcapng 4.6',
  },
} as const satisfies Partial<Record<FindingName, EntryTexts>>;

export const MIKEY_ENTRIES = {
  'mikey.mac_failed': {
    severities: ['high'],
    confidences: ['proved'],
    title: 'a key delivery that fails its MAC',
    meaning:
      'The MAC does not verify with the PMK that we hold: somebody without the PMK made or altered the message. The key in it is not taken.',
    falseAlarm: 'The PMK in the keyring is wrong, or the profile of the message is another one.',
    action: 'Compare the PMK; if it is right, treat the network between as hostile.',
    reference: 'RFC 3830 4.2.4',
  },
  'mikey.replay': {
    severities: ['high'],
    confidences: ['proved'],
    title: 'an old key delivery again',
    meaning: 'The timestamp or counter is not above the last accepted one of that PMK. The key in it is not taken.',
    falseAlarm: 'A retransmission that our duplicate windows do not cover.',
    action: 'Find out who sends old deliveries.',
    reference: 'RFC 3830 5.4',
  },
  'mikey.stale': {
    severities: ['medium'],
    confidences: ['proved'],
    title: 'a key delivery with a distant time',
    meaning: 'The timestamp is more than 300 s from capture time: a clock is wrong, or the message was held back.',
    falseAlarm: 'The clock of the capture is wrong.',
    action: 'Compare the clocks.',
    reference: 'RFC 3830 5.4',
  },
  'mikey.key_unknown': {
    severities: ['info'],
    confidences: ['proved'],
    title: 'a key delivery that no key is held for',
    meaning:
      'No PMK is held for this MIKEY message; or, for a multicast rekey, no public key of its manager or no node key on the way to its PGKs. So it stays closed.',
    falseAlarm: 'It is meant for another member; that is normal.',
    action: 'Nothing, or import the PMK, the manager or the node keys.',
    reference: 'TS 33.303 6.2.3.3',
  },
  'mikey.expired_on_delivery': {
    severities: ['medium'],
    confidences: ['proved'],
    title: 'a key that was over when it came',
    meaning: 'The validity of the PGK ends at or before the message’s own time. It is taken as an expired key.',
    falseAlarm: 'A clock of the key management is wrong.',
    action: 'Look at the validity that the key management writes.',
    reference: 'TS 33.303 6.2.3.3',
  },
  'mikey.lifetime_extended': {
    severities: ['high'],
    confidences: ['proved'],
    title: 'a known key gets a later end',
    meaning: 'The same PGK is delivered again with a later end. That is how a stolen key is kept alive.',
    falseAlarm: 'The key management prolongs keys as a policy.',
    action: 'Ask the key management whether it meant to.',
    reference: 'sidescope’s design',
  },
  'mikey.material_conflict': {
    severities: ['high'],
    confidences: ['proved'],
    title: 'two keys under one name',
    meaning:
      'The same group and PGK id come with different key octets and overlapping validity. The later one is not taken.',
    falseAlarm: 'The id was used again too early.',
    action: 'Find out which of the two the group uses.',
    reference: 'sidescope’s design',
  },
} as const satisfies Partial<Record<FindingName, EntryTexts>>;
