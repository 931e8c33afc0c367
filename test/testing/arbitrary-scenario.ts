// Scenarios by chance, for properties: any mixture of traffic, transport and attacks that the format can say.

import fc from 'fast-check';
import type { Scenario } from '../../testing/scenario.ts';
import { CONTENTS } from '../../testing/scenario-steps.ts';
import { baseScenario } from './base-scenario.ts';

const INTERFACES = ['mac-lte-framed', 'srsran', 'exported-pdu', 'udp-ethernet', 'udp-ip', 'gsmtap-2', 'gsmtap-3'];
const RADIOS = ['Engine 71', 'Ladder 72', 'Chief 7', 'Stranger', 'Ambulance 21', 'Visitor', 'Alien'];
/** Fire 7's PGKs; the others have one each, which is chosen for them. */
const FIRE_RADIOS = RADIOS.slice(0, 4);
const FIRE_KEYS = [39, 40, 1, 2, 3, 4, 5, 6, 10, 12];

type Json = Readonly<Record<string, unknown>>;

function arbitraryWire(): fc.Arbitrary<Json> {
  const packing = fc.oneof(
    fc.record({ segments: fc.integer({ min: 1, max: 6 }) }),
    fc.record({ concatenate: fc.integer({ min: 1, max: 4 }) }),
    fc.record({ pduOctets: fc.integer({ min: 20, max: 300 }) }),
    fc.record({ perMacPdu: fc.integer({ min: 1, max: 3 }) }),
  );
  const rest = fc.record({
    padding: fc.integer({ min: 0, max: 12 }),
    fill: fc.constantFrom(0, 0xff),
    lcids: fc.subarray([1, 2, 3, 10]),
    interface: fc.constantFrom(...INTERFACES),
  });
  return fc.tuple(packing, rest).map(([one, other]) => ({ ...other, ...one }));
}

function arbitraryMessages(): fc.Arbitrary<Json> {
  return fc
    .record({
      radio: fc.constantFrom(...RADIOS),
      content: fc.constantFrom(...CONTENTS),
      count: fc.integer({ min: 1, max: 14 }),
      octets: fc.integer({ min: 0, max: 300 }),
      ip: fc.constantFrom(4, 6),
      cipher: fc.constantFrom('on', 'on', 'on', 'off', 'claimed'),
      pgk: fc.option(fc.constantFrom(...FIRE_KEYS)),
      move: fc.constantFrom(0, 0, 0, -3, 200),
      wire: arbitraryWire(),
      lost: fc.subarray([0, 2, 3, 7]),
      copies: fc.subarray([{ delay: 4 }, { delay: 30 }]),
      jitter: fc.constantFrom(0, 0, 25),
    })
    .map(({ pgk, lost, move, content, cipher, ...rest }) => ({
      do: 'send',
      ...rest,
      content,
      // A reader can say nothing certain about octets in the clear that are no packet.
      cipher: content === 'rtp' || content === 'udp' || content === 'monp' ? cipher : 'on',
      loss: { frames: lost },
      counter: { move },
      ...(pgk !== null && FIRE_RADIOS.includes(rest.radio) && { key: { pgk } }),
    }));
}

function arbitraryOther(): fc.Arbitrary<Json> {
  const noise = fc.record({
    do: fc.constant('noise'),
    content: fc.constantFrom('lte-downlink', 'sl-bch', 'padding-only', 'unicast', 'pc5-signalling'),
    count: fc.integer({ min: 1, max: 4 }),
  });
  const inject = fc.record({
    do: fc.constant('inject'),
    radio: fc.constantFrom(...FIRE_RADIOS),
    count: fc.integer({ min: 1, max: 5 }),
    sn: fc.constantFrom('next', 'seen', 1),
  });
  return fc.oneof(noise, inject);
}

/** A scenario by chance. Its steps follow one another with a second in between, so that copies stay copies. */
export function arbitraryScenario(): fc.Arbitrary<Scenario> {
  const step = fc.oneof({ weight: 4, arbitrary: arbitraryMessages() }, { weight: 1, arbitrary: arbitraryOther() });
  return fc.tuple(fc.integer(), fc.array(step, { minLength: 1, maxLength: 8 })).map(([seed, steps]) =>
    baseScenario(
      steps.map((one, index) => ({ ...one, at: index })),
      {
        seed: `chance ${seed}`,
        capture: { interfaces: INTERFACES.map((name) => ({ name, framing: name })) },
      },
    ),
  );
}
