// Every condition of the catalogue of findings (members, payload, capture, deliveries), and its near misses, as a scenario: what a
// reader says of the capture is what the scenario did. This holds the synthesis and the engine against each other.

import { CHIEF, ENGINE, first, type Json, pgk, type Row, talk, testConditions, wants } from './condition.ts';

const MEMBERS: readonly Row[] = [
  ['member.not_in_roster', [talk(0, 'Stranger', ['member.not_in_roster high'])]],
  ['member.removed', [talk(0, 'Retired 9', ['member.removed medium critical'])]],
  ['member.removed, under a key from after the removal', [talk(0, 'Retired 10', ['member.removed critical'])]],
  ['no roster finding where the roster is unknown', [talk(0, 'Visitor', [])]],
  [
    'member.clone',
    [0, 1, 2, 3, 4, 5].flatMap((round) => [
      {
        do: 'talk',
        at: round,
        radio: ENGINE,
        count: 6,
        counter: { ptkId: 700 },
        ...(round === 5 && wants(['member.clone high'])),
      },
      { do: 'talk', at: round + 0.5, radio: 'Clone of 71', count: 6 },
    ]),
    { allowed: [{ finding: ['ctr.jump', 'ctr.reset', 'bind.ssrc', 'ctr.ptk_reuse'] }] },
  ],
  ['bind.address_moved', [talk(0, ENGINE, ['bind.address_moved medium'], { sourceAddress: '169.254.66.66' })]],
  [
    'bind.address_shared',
    [
      talk(0, 'Visitor', [], { sourceAddress: '169.254.70.1' }),
      talk(2, 'Guest', ['bind.address_shared medium'], { sourceAddress: '169.254.70.1' }),
    ],
    { radios: [{ name: 'Guest', id: '0c3355', group: 'Open' }] },
  ],
  [
    'bind.arp',
    [
      {
        do: 'send',
        at: 0,
        radio: ENGINE,
        content: 'arp',
        sourceAddress: '169.254.10.29',
        expect: [{ finding: 'bind.arp', severities: 'high' }],
      },
    ],
  ],
  ['no bind.arp for a true one', [{ do: 'send', at: 0, radio: ENGINE, content: 'arp' }]],
  ['bind.ssrc', [talk(0, ENGINE, [], { ssrc: 4711 }), talk(1, CHIEF, ['bind.ssrc medium'], { ssrc: 4711 })]],
  ['group.unknown', [talk(0, 'Alien', [])], { findings: [{ finding: 'group.unknown', severities: 'info' }] }],
  [
    'group.address_mismatch',
    [talk(0, ENGINE, ['group.address_mismatch medium'], { destinationAddress: '239.255.0.12' })],
  ],
];

const PAYLOAD: readonly Row[] = [
  [
    'payload.forged',
    [
      first(),
      {
        do: 'inject',
        at: 1,
        radio: ENGINE,
        count: 3,
        expect: [{ finding: 'payload.forged', severities: ['medium', 'high'] }],
      },
    ],
  ],
  [
    'forged messages plant no counter findings',
    [
      first(),
      { do: 'inject', at: 1, radio: ENGINE, count: 8, sn: 'seen', ...wants(['payload.forged']) },
      { do: 'inject', at: 2, radio: ENGINE, count: 8, sn: 1, ...wants(['payload.forged']) },
      talk(3, ENGINE, []),
    ],
    { forbidden: ['ctr.replay', 'ctr.keystream_reuse', 'ctr.reset', 'ctr.stuck', 'member.clone'] },
  ],
  ['noise in a context that never opened', [{ do: 'inject', at: 0, radio: ENGINE, count: 3 }]],
  ['header altered: forged', [first(), talk(1, ENGINE, ['payload.forged'], { count: 2, flip: 'ip-header' })]],
  ['payload.tampered', [first(), talk(1, ENGINE, ['payload.tampered medium'], { count: 3, flip: 'payload' })]],
  [
    'payload.tampered, UDP length',
    [first(), talk(1, ENGINE, ['payload.tampered medium'], { count: 3, flip: 'udp-length' })],
  ],
  [
    'payload.other_group_key',
    [talk(0, ENGINE, ['payload.other_group_key high'], { key: { group: 'Medics 2', pgk: 39 } })],
  ],
  [
    'payload.other_group_key, derived for its own group',
    [talk(0, ENGINE, ['payload.other_group_key high'], { key: { group: 'Medics 2', pgk: 39, p2: 'own' } })],
  ],
  ['payload.sdu_type', [talk(0, ENGINE, ['payload.sdu_type low'], { header: { sduType: 1 } })]],
  [
    'a reserved SDU type',
    [{ do: 'send', at: 0, radio: ENGINE, content: 'reserved', ...wants(['payload.sdu_type low']) }],
  ],
  ['rlc.loss', [first(ENGINE, { wire: { segments: 3 }, loss: { frames: [4, 10] }, ...wants(['rlc.loss info']) })]],
  [
    'mac.malformed',
    [first(ENGINE, { count: 3, wire: { damage: 'mac-version' } })],
    { findings: [{ finding: 'mac.malformed', severities: 'low' }] },
  ],
  [
    'mac.malformed, length',
    [first(ENGINE, { count: 3, wire: { damage: 'mac-length' } })],
    { findings: [{ finding: 'mac.malformed', severities: 'low' }] },
  ],
  [
    'mac.malformed, LCID',
    [first(ENGINE, { count: 3, wire: { damage: 'mac-lcid' } })],
    { findings: [{ finding: 'mac.malformed', severities: 'low' }] },
  ],
  [
    'rlc.malformed',
    [first(ENGINE, { count: 3, wire: { damage: 'rlc-length' } })],
    { findings: [{ finding: 'rlc.malformed', severities: 'low' }] },
  ],
  [
    'pdcp.malformed',
    [first(ENGINE, { count: 3, wire: { damage: 'pdcp-header' } })],
    { findings: [{ finding: 'pdcp.malformed', severities: 'low' }] },
  ],
  [
    'too little to be sure',
    [
      first(),
      ...['fragment', 'short-ip', 'non-ip', 'pc5-s'].map((content, index) => ({
        do: 'send',
        at: 1 + index,
        radio: ENGINE,
        content,
        count: 2,
      })),
    ],
  ],
];

const TWO_ANTENNAS = { container: 'pcapng', interfaces: [{ name: 'left' }, { name: 'right' }] };

const CAPTURE: readonly Row[] = [
  [
    'capture.duplicate and nothing worse',
    [first(ENGINE, { copies: [{ delay: 8 }, { delay: 16 }, { delay: 2, interface: 'right' }] })],
    { capture: TWO_ANTENNAS, forbidden: ['above-info'] },
  ],
  [
    'a copy that comes too late is a replay',
    [first(ENGINE, { count: 1, copies: [{ delay: 900 }], ...wants(['ctr.replay medium']) })],
  ],
  [
    'capture.time_backward',
    [first(), { do: 'clock', at: 1, shift: -30 }, talk(2, ENGINE, [])],
    { findings: [{ finding: 'capture.time_backward', severities: 'medium' }] },
  ],
  [
    'capture.time_jump',
    [first(), { do: 'clock', at: 1, shift: 4000 }, talk(2, ENGINE, [])],
    { findings: [{ finding: 'capture.time_jump', severities: 'low' }] },
  ],
  [
    'no time finding where interfaces disagree by a millisecond',
    [
      first(),
      { do: 'clock', at: 0, interface: 'right', shift: -0.0008 },
      talk(0.001, CHIEF, [], { wire: { interface: 'right' } }),
    ],
    { capture: TWO_ANTENNAS, forbidden: ['above-info'] },
  ],
  [
    'capture.truncated by the snap length',
    [first(ENGINE, { count: 4, snap: 60 })],
    { findings: [{ finding: 'capture.truncated', severities: 'medium' }] },
  ],
  [
    'capture.truncated inside the PDCP header',
    [first(ENGINE, { count: 4, snap: 22 })],
    {
      findings: [{ finding: 'capture.truncated', severities: 'medium' }],
      allowed: [{ finding: ['mac.malformed', 'rlc.malformed', 'pdcp.malformed'] }],
    },
  ],
  [
    'capture.truncated by the end of the file',
    [first()],
    { capture: { container: 'pcap', cutAtEnd: 9 }, findings: [{ finding: 'capture.truncated', severities: 'medium' }] },
  ],
  [
    'capture.drops',
    [first(), { do: 'drops', at: 0.1, dropped: 2 }, { do: 'drops', at: 1, dropped: 9 }],
    { findings: [{ finding: 'capture.drops', severities: 'low' }] },
  ],
  ['frames whose CRC failed', [first(ENGINE, { crc: 'failed' })]],
];

const MIKEY = {
  capture: { interfaces: [{ name: 'pc5' }, { name: 'core', framing: 'udp-ethernet' }] },
  pmks: [
    { id: '706d6b31', member: '0a0b0c' },
    { id: '706d6b32', held: false },
  ],
};
const deliver = (seconds: number, more: Json = {}): Json => ({
  do: 'delivery',
  at: seconds,
  pmk: '706d6b31',
  group: 'Fire 7',
  pgk: 12,
  ...more,
});

/** Two findings of one delivery. */
function staleAnd(finding: string): Json[] {
  return [
    { finding: 'mikey.stale', severities: 'medium' },
    { finding, severities: 'high' },
  ];
}

const DELIVERIES: readonly Row[] = [
  [
    'a key that is delivered opens what follows',
    [talk(0, ENGINE, [], pgk(12)), deliver(1, { counter: 4 }), talk(2, ENGINE, [], pgk(12))],
    { allowed: [{ finding: 'key.unknown_index' }] },
  ],
  [
    'mikey.mac_failed',
    [deliver(0, { fault: 'bad-mac' }), talk(1, ENGINE, [], pgk(12))],
    { findings: [{ finding: 'mikey.mac_failed', severities: 'high' }], allowed: [{ finding: 'key.unknown_index' }] },
  ],
  [
    'mikey.replay',
    [deliver(0, { label: 'push', counter: 4 }), { do: 'replay', at: 9, step: 'push' }],
    { findings: [{ finding: 'mikey.replay', severities: 'high' }] },
  ],
  [
    'mikey.replay, on the interface that heard it before',
    [deliver(0, { label: 'push', counter: 4 }), { do: 'replay', at: 0.03, step: 'push' }],
    { findings: [{ finding: 'mikey.replay', severities: 'high' }] },
  ],
  [
    'capture.duplicate of a delivery, and a mikey.replay later',
    [
      deliver(0, { label: 'push', counter: 4, interface: 'one' }),
      { do: 'replay', at: 0.05, step: 'push', interface: 'two' },
      { do: 'replay', at: 0.11, step: 'push', interface: 'two' },
    ],
    {
      capture: { interfaces: ['one', 'two'].map((name) => ({ name, framing: 'udp-ethernet' })) },
      findings: [
        { finding: 'capture.duplicate', severities: 'info' },
        { finding: 'mikey.replay', severities: 'high' },
      ],
    },
  ],
  [
    'mikey.replay, lower counter',
    [deliver(0, { counter: 4 }), deliver(9, { counter: 3, pgk: 39 })],
    { findings: [{ finding: 'mikey.replay', severities: 'high' }] },
  ],
  ['mikey.stale', [deliver(0, { timeOffset: -400 })], { findings: [{ finding: 'mikey.stale', severities: 'medium' }] }],
  [
    'mikey.key_unknown',
    [deliver(0, { pmk: '706d6b32' })],
    { findings: [{ finding: 'mikey.key_unknown', severities: 'info' }] },
  ],
  [
    'mikey.expired_on_delivery',
    [deliver(0, { validFrom: -9000, validUntil: -60 })],
    { findings: [{ finding: 'mikey.expired_on_delivery', severities: 'medium' }] },
  ],
  [
    'mikey.lifetime_extended',
    [deliver(0, { pgk: 39, validUntil: 9_000_000 })],
    { findings: [{ finding: 'mikey.lifetime_extended', severities: 'high' }] },
  ],
  [
    'mikey.material_conflict',
    [deliver(0, { pgk: 39, fault: 'conflict' })],
    { findings: [{ finding: 'mikey.material_conflict', severities: 'high' }] },
  ],
  [
    'mikey.stale and mikey.expired_on_delivery',
    [deliver(0, { timeOffset: -400, validFrom: -9000, validUntil: -500 })],
    { findings: ['mikey.stale', 'mikey.expired_on_delivery'].map((finding) => ({ finding, severities: 'medium' })) },
  ],
  [
    'mikey.stale and mikey.lifetime_extended',
    [deliver(0, { pgk: 39, timeOffset: -400, validUntil: 9_000_000 })],
    { findings: staleAnd('mikey.lifetime_extended') },
  ],
  [
    'mikey.stale and mikey.material_conflict',
    [deliver(0, { pgk: 39, timeOffset: -400, fault: 'conflict' })],
    { findings: staleAnd('mikey.material_conflict') },
  ],
];

const WIRE: readonly Row[] = [
  ['segments', [first(ENGINE, { wire: { segments: 5 } })]],
  ['concatenation', [first(ENGINE, { wire: { concatenate: 3 } })]],
  ['segments and concatenation', [first(ENGINE, { count: 40, wire: { pduOctets: 70 } })]],
  [
    'several MAC SDUs and LCIDs, every padding form',
    [0, 1, 2, 3, 40].map((padding, index) =>
      talk(index, ENGINE, [], { wire: { perMacPdu: 3, lcids: [1, 2, 4], padding, fill: 0xff } }),
    ),
  ],
  ['version 3', [first(ENGINE, { wire: { version: 3 } })]],
  [
    'IPv6, MONP, ICMPv6, ARP',
    [
      first(ENGINE, { ip: 6 }),
      ...['monp', 'icmpv6', 'arp', 'udp'].map((content, index) => ({
        do: 'send',
        at: 1 + index,
        radio: ENGINE,
        content,
        count: 3,
      })),
    ],
    { allowed: [{ finding: 'bind.address_moved' }] },
  ],
  [
    'every framing',
    ['mac-lte-framed', 'srsran', 'exported-pdu', 'udp-ethernet', 'udp-ip', 'gsmtap-2', 'gsmtap-3'].map((name, index) =>
      talk(index, ENGINE, [], { wire: { interface: name } }),
    ),
    {
      capture: {
        interfaces: ['mac-lte-framed', 'srsran', 'exported-pdu', 'udp-ethernet', 'udp-ip', 'gsmtap-2', 'gsmtap-3'].map(
          (name) => ({ name, framing: name }),
        ),
      },
      forbidden: ['above-info'],
    },
  ],
  [
    'what is no message',
    ['ethernet', 'lte-downlink', 'sl-bch', 'padding-only', 'unicast', 'pc5-signalling', 'unknown-linktype'].map(
      (content, index) => ({
        do: 'noise',
        at: index,
        content,
        count: 3,
        ...(content === 'unknown-linktype' && { interface: 'odd' }),
      }),
    ),
    {
      capture: {
        interfaces: [
          { name: 'core', framing: 'udp-ethernet' },
          { name: 'odd', linkType: 233 },
        ],
      },
      forbidden: ['above-info'],
    },
  ],
  ['pcap with microseconds', [first()], { capture: { container: 'pcap', resolution: 'microseconds' } }],
  [
    'pcapng with clocks of two resolutions',
    [talk(0, ENGINE, []), talk(1, CHIEF, [], { wire: { interface: 'fine' } })],
    {
      capture: { interfaces: [{ name: 'coarse', resolution: 'microseconds' }, { name: 'fine' }] },
      forbidden: ['above-info'],
    },
  ],
  ['pcap with nanoseconds', [first()], { capture: { container: 'pcap', resolution: 'nanoseconds' } }],
];

testConditions('members', MEMBERS);
testConditions('payload', PAYLOAD);
testConditions('capture', CAPTURE);
testConditions('deliveries', DELIVERIES, MIKEY);
testConditions('wire', WIRE);
