// Members of a scenario that are rarely used together: what expected.json says of them agrees with a reader, and what can
// only be wrong is refused with its place.

import { describe, expect, test } from 'vitest';
import { SidescopeError } from '../../daemon/errors.ts';
import { analyse, compareExpected, synthesise } from '../../testing/index.ts';
import { at, baseScenario } from './base-scenario.ts';
import type { Json } from './condition.ts';

const SEND: Json = { do: 'send', at: 0, radio: 'Engine 71', count: 3 };
const LATER: Json = { ...SEND, at: 1 };
const FRAMINGS = ['mac-lte-framed', 'srsran', 'exported-pdu', 'udp-ethernet', 'udp-ip', 'gsmtap-2', 'gsmtap-3'];
const LAN: Json = { pmks: [{ id: 'aa' }], capture: { interfaces: [{ name: 'lan', framing: 'udp-ethernet' }] } };
const FIRE: Json = { id: 'f00001', name: 'Fire 7' };

/** A world of Fire 7 alone, whose one radio stands among those of the base. */
const alone = (group: Json): Json => ({ groups: [{ ...FIRE, keys: [{ id: 39 }], ...group }, ...OTHERS] });
const OTHERS: readonly Json[] = [
  { id: 'f10102', name: 'Medics 2' },
  { id: 'f10203', name: 'Open' },
  { id: 'f10304', name: 'Foreign', listed: false, keys: [{ id: 15 }] },
];

function delivery(seconds: number, more: Json = {}): Json {
  return { do: 'delivery', at: seconds, pmk: 'aa', group: 'Fire 7', pgk: 12, ...more };
}

function interfaces(framing: string): Json {
  return { capture: { interfaces: [{ name: 'one', framing }] } };
}

describe('expected.json agrees with a reader', () => {
  test.each<[string, readonly Json[], Json?]>([
    ['traffic of version 2, which is one-to-one', [{ ...SEND, wire: { version: 2 } }]],
    ['damage below the MAC header of version 2', [{ ...SEND, wire: { version: 2, damage: 'pdcp-header' } }]],
    ['damage in the MAC header of version 2', [{ ...SEND, wire: { version: 2, damage: 'mac-lcid' } }]],
    ['a broken length, and several SDUs', [{ ...SEND, wire: { damage: 'mac-length', perMacPdu: 3 } }]],
    ['pieces of one SDU in one frame', [{ ...SEND, octets: 300, wire: { pduOctets: 50, perMacPdu: 3 } }]],
    ['a fragment in the clear under a header that claims', [{ ...SEND, content: 'fragment', cipher: 'claimed' }]],
    ['a fragment with a damaged IP header', [SEND, { ...LATER, content: 'fragment', flip: 'ip-header' }]],
    ['IP that its header calls PC5-S', [SEND, { ...LATER, header: { sduType: 2 } }]],
    ['the same in the clear', [SEND, { ...LATER, header: { sduType: 2 }, cipher: 'claimed' }]],
    ['plaintext under a header of somebody else', [SEND, { ...LATER, cipher: 'off', header: { pgkIndex: 31 } }]],
    ['EEA0 where the key wants another', [SEND, { ...LATER, key: { algorithm: 'EEA0' } }]],
    ['a claim where the key wants EEA0', [{ ...SEND, cipher: 'claimed' }], alone({ algorithm: 'EEA0' })],
    ['a PGK of index 0, with a PTK id', [{ ...SEND, counter: { ptkId: 9 } }], alone({ keys: [{ id: 64 }] })],
    ['another link type for the same frames', [SEND], { capture: { interfaces: [{ name: 'one', linkType: 162 }] } }],
    ['a key that will be destroyed', [SEND], alone({ keys: [{ id: 39, destroyedAt: at(3600) }] })],
    [
      'a group that only a delivery tells of',
      [delivery(0, { group: 'Foreign', pgk: 15 }), { ...LATER, radio: 'Alien' }],
      LAN,
    ],
    [
      'such a group with a derivation that nobody told of',
      [delivery(0, { group: 'Foreign', pgk: 15 }), { ...LATER, radio: 'Alien' }],
      {
        ...LAN,
        groups: [
          { ...FIRE, keys: [{ id: 39 }] },
          ...OTHERS.slice(0, 2),
          { id: 'f10304', name: 'Foreign', listed: false, derivation: 'direct', keys: [{ id: 15 }] },
        ],
      },
    ],
  ])('%s', async (_name, steps, more) => {
    expect(await disagreements(steps, more)).toEqual([]);
  });

  test.each(FRAMINGS)('a snap length anywhere in a frame of %s', async (framing) => {
    for (const wire of [{}, { segments: 3 }, { version: 2 }, { version: 3 }]) {
      for (let snap = 0; snap <= 150; snap += snap < 90 ? 3 : 20) {
        const wrong = await disagreements([{ ...SEND, snap, wire }], interfaces(framing));
        expect(wrong, `${JSON.stringify(wire)} cut at ${snap}`).toEqual([]);
      }
    }
  });
});

describe('what can only be wrong is refused', () => {
  test.each<[string, readonly Json[], string, string, Json?]>([
    ['an IP version', [{ ...SEND, ip: 5 }], 'scenario.wrong-value', 'steps[0].ip is not 4 or 6'],
    [
      'a finding',
      [{ ...SEND, allow: [{ finding: 'key.expird' }] }],
      'scenario.wrong-value',
      'steps[0].allow[0].finding',
    ],
    ['a forbidden one', [SEND], 'scenario.wrong-value', 'forbidden[0]', { forbidden: ['above-infos'] }],
    ['a reason', [delivery(0, { reason: 'mikey.stal' })], 'scenario.wrong-value', 'steps[0].reason', LAN],
    ['two groups of one id', [], 'scenario.wrong-keyring', 'groups[1].id', { groups: [FIRE, ...twin()] }],
    [
      'a window that is none',
      [],
      'scenario.wrong-keyring',
      'groups[0].keys[0].notAfter',
      alone({ keys: [noWindow()] }),
    ],
    ['a PMK twice', [], 'scenario.wrong-keyring', 'pmks[1]', { pmks: [{ id: 'aa' }, { id: 'AA' }] }],
    ['a validity', [delivery(0, { validFrom: 9, validUntil: 9 })], 'scenario.wrong-value', 'step at 0 s', LAN],
    ['a conflict with nothing', [delivery(0, { fault: 'conflict' })], 'scenario.no-rival', 'PGK 12 of Fire 7', LAN],
    [
      'a conflict for another time',
      [delivery(0, { pgk: 39, fault: 'conflict', validFrom: 864_000, validUntil: 900_000 })],
      'scenario.no-rival',
      'PGK 39 of Fire 7',
      LAN,
    ],
    [
      'a link type that is known',
      [{ do: 'noise', at: 0, content: 'unknown-linktype' }],
      'scenario.no-interface',
      'no interface of the capture has a link type that readers do not know',
    ],
    [
      'a link type of other frames',
      [SEND],
      'scenario.wrong-value',
      'capture.interfaces[0].linkType is the link type of other frames than those that udp-ethernet makes',
      { capture: { interfaces: [{ name: 'one', framing: 'udp-ethernet', linkType: 147 }] } },
    ],
    [
      'messages where no reader looks',
      [SEND],
      'scenario.no-interface',
      'step at 0 s: readers do not know link type 233 of interface odd',
      { capture: { interfaces: [{ name: 'odd', linkType: 233 }] } },
    ],
    [
      'ciphering that its header denies',
      [{ ...SEND, counter: { ptkId: 0 } }],
      'scenario.looks-plain',
      'step at 0 s: PGK 64 has index 0',
      alone({ keys: [{ id: 64 }] }),
    ],
    ['an address of IPv6 in IPv4', [{ ...SEND, sourceAddress: 'fe80::1' }], 'scenario.wrong-address', 'sourceAddress'],
    [
      'an element of RLC that is too long',
      [{ ...SEND, octets: 3000, wire: { concatenate: 2 } }],
      'scenario.too-large',
      'it takes up to 2047',
    ],
    [
      'a datagram that is too long',
      [{ ...SEND, count: 10, octets: 8000, wire: { perMacPdu: 10 } }],
      'scenario.too-large',
      'step at 0 s: a frame has',
      interfaces('udp-ip'),
    ],
    [
      'a frame of several that is cut',
      [{ ...SEND, snap: 60, wire: { perMacPdu: 2 } }],
      'scenario.cut-several',
      'step at 0 s',
    ],
    [
      'SDUs of a step that comes later',
      [
        { ...LATER, label: 'later' },
        { ...SEND, again: 'later' },
      ],
      'scenario.nothing-before',
      'step at 0 s: no messages were sent in step later before it',
    ],
    [
      'a replay of a step that comes later',
      [
        { ...LATER, label: 'later' },
        { do: 'replay', at: 0, step: 'later' },
      ],
      'scenario.nothing-before',
      'step at 0 s: no frames were heard of step later before it',
    ],
  ])('%s', (_name, steps, code, message, more) => {
    const error = errorOf(steps, more);
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
    expect(error.hint).not.toBe('');
    expect(error.exitCode).toBe(2);
  });
});

function twin(): Json[] {
  return [{ ...FIRE, name: 'Medics 2' }, ...OTHERS.slice(1)];
}

function noWindow(): Json {
  return { id: 39, notBefore: at(5), notAfter: at(5) };
}

function errorOf(steps: readonly Json[], more: Json = {}): SidescopeError {
  try {
    synthesise(baseScenario(steps, more));
  } catch (error) {
    if (error instanceof SidescopeError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

/** What a reader says otherwise; which findings such a mixture gives cause for is the business of other tests. */
async function disagreements(steps: readonly Json[], more: Json = {}): Promise<string[]> {
  const { capture, keyring, expected } = synthesise(baseScenario(steps, more));
  const { events, problem } = await analyse(capture, { keyring });
  return compareExpected(events, expected, { exitCode: problem === null ? 0 : 3, exactFindings: false });
}
