// Synthesis is a function of scenario and seed, and every layer of what it makes can be read.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { analyse } from '../../testing/analyse.ts';
import { compareExpected } from '../../testing/compare-expected.ts';
import { Random } from '../../testing/random.ts';
import { synthFiles } from '../../testing/synth-files.ts';
import { synthesise } from '../../testing/synthesise.ts';
import { arbitraryScenario } from './arbitrary-scenario.ts';
import { baseScenario } from './base-scenario.ts';

const TALK = { do: 'talk', at: 0, radio: 'Engine 71', count: 20 };

function filesOf(...input: Parameters<typeof baseScenario>): Record<string, string> {
  const files = synthFiles(synthesise(baseScenario(...input)));
  return Object.fromEntries([...files].map(([name, octets]) => [name, Buffer.from(octets).toString('hex')]));
}

describe('Random', () => {
  test('gives the numbers that it gave when it was written', () => {
    // Fixed here so that another machine, or a changed generator, is noticed.
    const random = new Random('sidescope');
    expect([random.uint32(), random.uint32(), random.uint32()]).toEqual([3_748_260_310, 3_271_768_420, 871_137_786]);
  });

  test('forks do not depend on what was drawn before', () => {
    const one = new Random('seed');
    one.uint32();
    expect(one.fork('x').uint32()).toBe(new Random('seed').fork('x').uint32());
    expect(one.fork('x').uint32()).not.toBe(one.fork('y').uint32());
  });

  test('stays in the range', () => {
    const random = new Random('range');
    const drawn = Array.from({ length: 1000 }, () => random.between(3, 7));
    expect(new Set(drawn)).toEqual(new Set([3, 4, 5, 6, 7]));
  });
});

describe('synthesise', () => {
  test('the same scenario gives the same octets, another seed gives others', () => {
    expect(filesOf([TALK])).toEqual(filesOf([TALK]));
    expect(filesOf([TALK], { seed: 'other' })['capture.pcapng']).not.toBe(filesOf([TALK])['capture.pcapng']);
  });

  test('plaintext and PGKs that are not held stay out of expected.json and keyring.json', () => {
    const scenario = baseScenario([{ ...TALK, cipher: 'off' }]);
    const { keyring, expected } = synthesise(scenario);
    expect(JSON.stringify(keyring)).not.toContain('"id":12');
    expect(JSON.stringify(expected)).not.toMatch(/[0-9a-f]{65}/);
  });

  test('pcap and pcapng hold the same frames', async () => {
    const counts = await Promise.all(
      ['pcap', 'pcapng'].map(async (container) => {
        const { capture, keyring } = synthesise(baseScenario([TALK], { capture: { container } }));
        const { messages } = await analyse(capture, { keyring });
        return messages.map(({ payload }) => payload);
      }),
    );
    expect(counts[0]).toEqual(counts[1]);
    expect(counts[0]).toHaveLength(20);
  });

  test('a step that asks for what cannot be is refused', () => {
    const asks =
      (step: object, more: object = {}) =>
      () =>
        synthesise(baseScenario([{ ...TALK, ...step }], { ...more }));
    expect(asks({ key: { pgk: 200 } })).toThrow('no PGK of group Fire 7 with id 200');
    expect(asks({ at: 700 * 3600 })).toThrow('no valid PGK');
    expect(asks({ flip: 'payload', ip: 6 })).toThrow('flip wants IPv4');
    const delivery = { do: 'delivery', at: 0, pmk: 'aa', group: 'Fire 7', pgk: 39 };
    expect(() => synthesise(baseScenario([delivery], { pmks: [{ id: 'aa' }] }))).toThrow('carries IP');
  });

  test('every layer of a message is there', async () => {
    const steps = ['udp', 'monp', 'arp', 'icmpv6'].map((content, index) => ({
      do: 'send',
      at: index,
      radio: 'Engine 71',
      content,
    }));
    const { capture, keyring } = synthesise(baseScenario([{ ...TALK, count: 1, at: 9 }, ...steps]));
    const { messages } = await analyse(capture, { keyring });
    const below = ['mac-lte', 'sl-sch', 'rlc-um', 'pdcp-slrb'];
    expect(messages.map(({ protocols }) => protocols)).toEqual([
      [...below, 'ipv4', 'udp'],
      [...below, 'ipv4', 'udp', 'monp'],
      [...below, 'arp'],
      [...below, 'ipv6', 'icmpv6'],
      [...below, 'ipv4', 'udp', 'rtp'],
    ]);
  });

  test('a reader agrees with whatever a random scenario did', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryScenario(), async (scenario) => {
        const { capture, keyring, expected } = synthesise(scenario);
        const { events, problem } = await analyse(capture, { keyring });
        // Which findings such a mixture gives cause for is the business of the tests of single conditions.
        const wrong = compareExpected(events, expected, { exitCode: problem === null ? 0 : 3, exactFindings: false });
        expect(wrong).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});
