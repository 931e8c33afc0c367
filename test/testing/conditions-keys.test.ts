// Every condition of the catalogue of findings (keys, counters), and its near misses, as a scenario: what a
// reader says of the capture is what the scenario did. This holds the synthesis and the engine against each other.

import { at } from './base-scenario.ts';
import { CHIEF, ENGINE, first, type Json, LADDER, pgk, type Row, talk, testConditions, wants } from './condition.ts';

const KEYS: readonly Row[] = [
  ['key.unknown_index', [talk(0, ENGINE, ['key.unknown_index medium'], pgk(12))]],
  ['key.expired', [talk(0, ENGINE, ['key.expired high'], pgk(1))]],
  [
    'no key.expired within five seconds',
    [talk(0, ENGINE, [], { ...pgk(11), count: 50 })],
    { allowed: [{ finding: 'key.superseded' }] },
  ],
  ['key.not_yet_valid', [talk(0, ENGINE, ['key.not_yet_valid medium'], pgk(2))]],
  ['no key.not_yet_valid five seconds before', [talk(3596, ENGINE, [], pgk(2))]],
  ['key.revoked, two hours', [talk(0, ENGINE, ['key.revoked medium'], pgk(3))]],
  ['key.revoked, two days', [talk(0, ENGINE, ['key.revoked high'], pgk(4))]],
  ['key.compromised', [talk(0, ENGINE, ['key.compromised critical'], pgk(5))]],
  ['key.suspended', [talk(0, ENGINE, ['key.suspended high'], pgk(6))]],
  ['no key.suspended after it was resumed', [talk(0, ENGINE, [], pgk(10))]],
  ['key.superseded', [first(), talk(1, CHIEF, [], pgk(40)), talk(700, LADDER, ['key.superseded info low'], pgk(39))]],
  [
    'key.regression',
    [first(ENGINE, pgk(2)), talk(4000, ENGINE, [], pgk(2)), talk(4010, ENGINE, ['key.regression medium'], pgk(39))],
    { allowed: [{ finding: ['key.not_yet_valid', 'key.superseded', 'capture.time_jump'] }] },
  ],
  ['key.algorithm_mismatch', [talk(0, ENGINE, ['key.algorithm_mismatch high'], { key: { algorithm: '128-EEA3' } })]],
  ['key.downgrade', [talk(0, ENGINE, ['key.downgrade critical'], { cipher: 'off' })]],
  ['no key.downgrade where protection is optional', [talk(0, 'Visitor', [], { cipher: 'off' })]],
  [
    'key.header_inconsistent, SN without cipher',
    [talk(0, ENGINE, ['key.downgrade critical', 'key.header_inconsistent low'], { cipher: 'off', header: { sn: 77 } })],
  ],
  [
    'key.header_inconsistent, PTK id 0 that opens',
    [talk(0, ENGINE, ['key.header_inconsistent info'], { counter: { ptkId: 0 } })],
  ],
  [
    'no key.header_inconsistent for V2X',
    [talk(0, 'Alien', [], { cipher: 'off', header: { sn: 77 }, wire: { version: 3 } })],
  ],
  ['key.claimed_but_plain', [talk(0, ENGINE, ['key.claimed_but_plain critical'], { cipher: 'claimed' })]],
];

const DAY = 86_400;
/** Fire 7 with these keys and nothing else. */
function fireWith(keys: readonly Json[], more: Json = {}): Json {
  const groups = [
    { id: 'f00001', name: 'Fire 7', multicast: ['239.255.0.7'], keys },
    { id: 'f00102', name: 'Medics 2', multicast: ['239.255.0.12'], keys: [] },
    { id: 'f00203', name: 'Open', protection: 'optional', keys: [] },
    { id: 'f00304', name: 'Foreign', listed: false, keys: [] },
  ];
  return { groups, ...more };
}
const ending = { id: 39, notBefore: at(-5 * DAY), notAfter: at(DAY) };

const LIFE: readonly Row[] = [
  [
    'key.no_successor',
    [first()],
    fireWith([ending], { findings: [{ finding: 'key.no_successor', severities: 'medium' }] }),
  ],
  [
    'no key.no_successor where there is one',
    [first()],
    fireWith([ending, { id: 40, notBefore: at(0), notAfter: at(7 * DAY) }]),
  ],
  [
    'key.weak',
    [first()],
    fireWith([{ id: 39, key: 'a5'.repeat(32) }], { findings: [{ finding: 'key.weak', severities: 'high' }] }),
  ],
  [
    'key.index_clash',
    [first()],
    fireWith([{ id: 39 }, { id: 7 }], { findings: [{ finding: 'key.index_clash', severities: 'medium' }] }),
  ],
  [
    'a second key of the same index opens too',
    [talk(0, ENGINE, [], pgk(7)), talk(1, CHIEF, [], pgk(39))],
    fireWith([{ id: 39 }, { id: 7 }], { allowed: [{ finding: 'key.index_clash' }] }),
  ],
  [
    'key.overused',
    [first(ENGINE, { count: 65_560, every: 1, octets: 8, counter: { sn: 1, atWrap: 'same-ptk' } })],
    fireWith([{ id: 39 }], {
      findings: [{ finding: 'key.overused', severities: 'high' }],
      allowed: [{ finding: ['ctr.wrap_same_ptk', 'ctr.keystream_reuse'] }],
    }),
  ],
];

const COUNTERS: readonly Row[] = [
  [
    'ctr.replay within ten seconds',
    [
      first(ENGINE, { label: 'one' }),
      {
        do: 'replay',
        at: 4,
        step: 'one',
        count: 3,
        expect: [{ finding: 'ctr.replay', severities: 'medium', source: '0a0b0c', group: 'Fire 7' }],
      },
    ],
  ],
  [
    'ctr.replay after minutes',
    [
      first(ENGINE, { label: 'one' }),
      {
        do: 'replay',
        at: 400,
        step: 'one',
        count: 3,
        expect: [{ finding: 'ctr.replay', severities: 'high', source: '0a0b0c', group: 'Fire 7' }],
      },
    ],
  ],
  [
    'ctr.keystream_reuse',
    [first(), talk(1, ENGINE, ['ctr.keystream_reuse critical'], { count: 1, counter: { move: -3 } })],
  ],
  [
    'ctr.replay of the same SDU in a new transmission',
    [
      first(ENGINE, { label: 'one' }),
      talk(4, ENGINE, ['ctr.replay medium'], { count: 3, counter: { move: -12 }, again: 'one' }),
    ],
  ],
  [
    'ctr.reset',
    [first(ENGINE, { counter: { sn: 9000 } }), talk(1, ENGINE, ['ctr.reset high'], { counter: { sn: 1 } })],
  ],
  [
    'ctr.wrap_same_ptk',
    [first(ENGINE, { counter: { sn: 65_530, atWrap: 'same-ptk' }, ...wants(['ctr.wrap_same_ptk critical']) })],
  ],
  ['no finding where the PTK id changes at the wrap', [first(ENGINE, { counter: { sn: 65_530 } })]],
  [
    'ctr.ptk_reuse',
    [
      first(ENGINE, { counter: { ptkId: 50, sn: 100 } }),
      talk(1, ENGINE, [], { counter: { ptkId: 51, sn: 1 } }),
      talk(10, ENGINE, ['ctr.ptk_reuse high'], { counter: { ptkId: 50, sn: 200 } }),
    ],
  ],
  [
    'no ctr.ptk_reuse where the PGK changed in between',
    [first(), talk(1, ENGINE, [], pgk(40)), talk(10, LADDER, [], pgk(40))],
  ],
  [
    'ctr.stuck',
    [first(), talk(1, ENGINE, ['ctr.stuck critical'], { count: 5, counter: { stuck: true } })],
    { allowed: [{ finding: 'ctr.keystream_reuse' }] },
  ],
  ['ctr.gap and nothing worse', [first(ENGINE, { count: 80, loss: { frames: [5, 6] }, ...wants(['ctr.gap info']) })]],
  [
    'ctr.out_of_order and nothing worse',
    [first(ENGINE, { count: 60, jitter: 70, ...wants(['ctr.out_of_order info']) })],
  ],
  [
    'ctr.jump',
    [first(ENGINE, { counter: { sn: 2000 } }), talk(1, ENGINE, ['ctr.jump medium'], { counter: { move: 20_000 } })],
  ],
  [
    'loss, copies and late frames together',
    [first(ENGINE, { count: 120, loss: { probability: 0.1 }, jitter: 30, copies: [{ delay: 7, probability: 0.3 }] })],
  ],
];

testConditions('keys', KEYS);
testConditions('key life', LIFE);
testConditions('counters', COUNTERS);
