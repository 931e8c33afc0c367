// Reassembly of IP fragments: any order, overlaps, caps.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addFragment,
  createFragmentTable,
  FRAGMENT_ENTRIES,
  FRAGMENT_OCTETS,
  FRAGMENT_SECONDS,
  type Fragment,
  type FragmentResult,
  fragmentOf,
} from '../../../dissectors/internet/fragments.ts';
import { createIpCursor } from '../../../dissectors/internet/ip-cursor.ts';
import { decodeIpv4, encodeIpv4 } from '../../../dissectors/internet/ipv4.ts';
import { octets } from '../tree-recorder.ts';

/** Cuts a payload into pieces of so many units of 8 octets. */
function split(payload: Uint8Array, units: readonly number[], key = 'a', time = 0): Fragment[] {
  const fragments: Fragment[] = [];
  let offset = 0;
  for (let index = 0; offset < payload.length; index++) {
    const size = 8 * (units[index % units.length] ?? 1);
    const end = Math.min(offset + size, payload.length);
    fragments.push({ key, offset, more: end < payload.length, payload: payload.slice(offset, end), time });
    offset = end;
  }
  return fragments;
}

describe('fragments', () => {
  test('come back whole in any order, with copies and overlaps that agree', () => {
    const order = fc.array(fc.nat(1000), { minLength: 1, maxLength: 60 });
    const units = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 5 });
    const payload = fc.uint8Array({ minLength: 9, maxLength: 1200 });
    fc.assert(
      fc.property(payload, units, units, order, (whole, one, two, picks) => {
        const table = createFragmentTable();
        const pool = [...split(whole, one), ...split(whole, two)];
        let result: FragmentResult = { state: 'pending' };
        const sequence = [...picks.map((pick) => pool[pick % pool.length]), ...split(whole, one)];
        for (const fragment of sequence) {
          result = addFragment(table, fragment);
          expect(result.state).not.toBe('refused');
          if (result.state === 'whole') break;
        }
        expect(result.state).toBe('whole');
        if (result.state === 'whole') expect(result.payload).toEqual(whole);
        expect(table).toMatchObject({ octets: 0, refused: 0, evicted: 0 });
      }),
    );
  });

  test('that overlap with other octets are refused, and so is the rest of their datagram', () => {
    const table = createFragmentTable();
    const [first, second] = split(new Uint8Array(32).fill(1), [2]);
    addFragment(table, first);
    const forged = { ...first, payload: new Uint8Array(16).fill(2) };
    expect(addFragment(table, forged)).toEqual({ state: 'refused', reason: 'overlap' });
    expect(addFragment(table, second)).toEqual({ state: 'refused', reason: 'overlap' });
    expect(addFragment(table, first).state).toBe('refused');
    expect(table).toMatchObject({ octets: 0, refused: 1 });
  });

  test.each([
    ['beyond 65,535 octets', { offset: 65_528, more: false, payload: new Uint8Array(8) }],
    ['not a multiple of 8 in the middle', { offset: 0, more: true, payload: new Uint8Array(9) }],
    ['empty in the middle', { offset: 8, more: true, payload: new Uint8Array(0) }],
  ])('%s are refused', (_name, fragment) => {
    const result = addFragment(createFragmentTable(), { key: 'a', time: 0, ...fragment });
    expect(result).toEqual({ state: 'refused', reason: 'length' });
  });

  test('two last fragments that disagree are refused', () => {
    const table = createFragmentTable();
    addFragment(table, { key: 'a', time: 0, offset: 16, more: false, payload: new Uint8Array(8) });
    const later = { key: 'a', time: 0, offset: 24, more: false, payload: new Uint8Array(8) };
    expect(addFragment(table, later)).toEqual({ state: 'refused', reason: 'length' });
    const early = createFragmentTable();
    addFragment(early, { key: 'a', time: 0, offset: 16, more: true, payload: new Uint8Array(8) });
    const last = { key: 'a', time: 0, offset: 8, more: false, payload: new Uint8Array(8) };
    expect(addFragment(early, last)).toEqual({ state: 'refused', reason: 'length' });
  });

  test('too many pieces of one datagram are refused', () => {
    const table = createFragmentTable();
    let result: FragmentResult = { state: 'pending' };
    for (let index = 0; index < 300 && result.state === 'pending'; index++) {
      result = addFragment(table, { key: 'a', time: 0, offset: index * 16, more: true, payload: new Uint8Array(8) });
    }
    expect(result).toEqual({ state: 'refused', reason: 'too-many' });
  });

  test('a flood keeps to both caps', () => {
    const table = createFragmentTable();
    for (let index = 0; index < 1000; index++) {
      addFragment(table, { key: `k${index}`, time: 0, offset: 0, more: true, payload: new Uint8Array(60_000) });
      expect(table.datagrams.size).toBeLessThanOrEqual(FRAGMENT_ENTRIES);
      expect(table.octets).toBeLessThanOrEqual(FRAGMENT_OCTETS);
    }
    expect(table.evicted).toBe(1000 - table.datagrams.size);
  });

  test('a datagram that waited too long is dropped', () => {
    const table = createFragmentTable();
    const [first, second] = split(new Uint8Array(32), [2]);
    addFragment(table, first);
    const late = { ...second, time: FRAGMENT_SECONDS + 1 };
    expect(addFragment(table, late).state).toBe('pending');
    expect(table).toMatchObject({ expired: 1 });
  });

  test('never throws and never holds more than its caps, whatever comes', () => {
    const fragment = fc.record({
      key: fc.constantFrom('a', 'b', 'c'),
      offset: fc.nat(8200).map((units) => units * 8),
      more: fc.boolean(),
      payload: fc.uint8Array({ maxLength: 64 }),
      time: fc.nat(200),
    });
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 60 }), (fragments) => {
        const table = createFragmentTable();
        for (const one of fragments) addFragment(table, one);
        let held = 0;
        for (const datagram of table.datagrams.values()) {
          for (const piece of datagram.pieces) held += piece.octets.length;
        }
        expect(table.octets).toBe(held);
      }),
    );
  });

  test('are made from an IPv4 header', () => {
    const packet = encodeIpv4({
      source: octets('a9fe0a0b'),
      destination: octets('efff0001'),
      protocol: 17,
      payload: new Uint8Array(16).fill(5),
      identification: 0x1234,
      fragmentOffset: 1480,
      moreFragments: true,
    });
    const cursor = createIpCursor();
    decodeIpv4(packet, 0, packet.length, cursor, null);
    expect(fragmentOf(packet, cursor, packet.length, 'f00001', 7)).toEqual({
      key: 'f00001|4|a9fe0a0b|efff0001|17|4660',
      offset: 1480,
      more: true,
      payload: new Uint8Array(16).fill(5),
      time: 7,
    });
  });
});
