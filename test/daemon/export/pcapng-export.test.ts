// What is written says the same as what was read: messages, verdicts, times; it holds no key, and plaintext only where
// that was asked for and the verdict lets it out.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { CUSTOM_BLOCK_LINKTYPE } from '../../../captures/frame-batch.ts';
import { openCapture } from '../../../captures/open.ts';
import type { AnalysedFrame } from '../../../daemon/engine/analysed-frame.ts';
import { VerdictCode } from '../../../daemon/engine/message-table.ts';
import type { FindingEvent, MessageEvent } from '../../../daemon/events.ts';
import { addressNames } from '../../../daemon/export/address-names.ts';
import { HELD_FRAMES, HELD_OCTETS, HeldSegments } from '../../../daemon/export/held-segments.ts';
import { emptyKeyring } from '../../../daemon/keyring/keyring.ts';
import { loadKeyrings, parseKeyring } from '../../../daemon/keyring/keyring-file.ts';
import { analyse } from '../../../testing/analyse.ts';
import { type ReadFrame, readAll } from '../../captures/read-all.ts';
import { NO_SHARED } from '../../shared-captures.ts';
import { type Case, exportCase, FOREIGN_CASES, framesOf, LABELLED_CASES, SAMPLE_CASES } from './exported.ts';

if (LABELLED_CASES.length === 0) console.warn(`only the samples are written and read again: ${NO_SHARED}`);

const KEYED = [...SAMPLE_CASES, ...LABELLED_CASES];
const ALL = [...KEYED, ...FOREIGN_CASES];
const LINKTYPE_RAW = 101;
const DECIPHERED = new Set(['decrypted', 'stale', 'unverifiable', 'forged']);

function analysed({ capture, keyring }: Case, allowStale = false): ReturnType<typeof analyse> {
  return analyse(capture, keyring === null ? {} : { keyring, allowStale });
}

/** A message without the numbers of frames, which change where frames are added or left out. */
function unnumbered({ frame: _frame, frames, ...rest }: MessageEvent): object {
  return { ...rest, parts: frames?.length ?? 1 };
}

/** Frames of a capture; blocks that are no frames are not written. */
async function realFrames({ capture }: Case): Promise<{ frames: ReadFrame[]; blocks: number }> {
  const { frames } = await readAll(await openCapture(capture));
  const real = frames.filter(({ linkType }) => linkType !== CUSTOM_BLOCK_LINKTYPE);
  return { frames: real, blocks: frames.length - real.length };
}

/** Findings that are about the traffic; octets in their summaries count from the start of the frame as it was framed. */
function comparable(findings: readonly FindingEvent[]): object[] {
  return findings
    .filter(({ name }) => !name.startsWith('capture.'))
    .map(({ evidence: _evidence, summary, ...rest }) => ({ ...rest, summary: summary.replace(/octet \d+/, 'octet') }));
}

describe('read again', () => {
  test.each(ALL.map((each) => [each.name, each] as const))('%s: the same records', async (_name, each) => {
    const before = await analysed(each);
    const { blocks } = await realFrames(each);
    const { octets, written } = await exportCase(each);
    const after = await analyse(octets, each.keyring === null ? {} : { keyring: each.keyring });
    expect(written).toBe(before.summary.frames - blocks);
    expect(after.messages).toEqual(before.messages);
    expect(after.keys).toEqual(before.keys);
    expect(after.epochs).toEqual(before.epochs);
    expect(comparable(after.findings)).toEqual(comparable(before.findings));
    expect(after.summary.verdicts).toEqual(before.summary.verdicts);
    const { 'unknown-linktype': unknown = 0, ...undecoded } = before.summary.undecoded;
    const left = unknown - blocks;
    expect(after.summary.undecoded).toEqual(left > 0 ? { ...undecoded, 'unknown-linktype': left } : undecoded);
  });

  test.each(ALL.map((each) => [each.name, each] as const))('%s: every frame at its time', async (_name, each) => {
    const before = await realFrames(each);
    const after = await framesOf((await exportCase(each)).octets);
    const times = (frames: typeof after): object[] =>
      frames.map(({ seconds, nanoseconds, digits }) => ({ seconds, nanoseconds, digits }));
    expect(times(after)).toEqual(times(before.frames));
  });

  test.each(KEYED.map((each) => [each.name, each] as const))('%s: the same with payload', async (_name, each) => {
    const before = await analysed(each);
    const { octets } = await exportCase(each, { payload: true });
    const after = await analyse(octets, each.keyring === null ? {} : { keyring: each.keyring });
    expect(after.messages.map(unnumbered)).toEqual(before.messages.map(unnumbered));
  });
});

describe('deciphered IP', () => {
  test.each(KEYED.map((each) => [each.name, each] as const))('%s: what the records show', async (_name, each) => {
    const { messages } = await analysed(each);
    const shown = messages.flatMap(({ sduType, payload, time }) =>
      sduType === 'ip' && payload !== undefined && /^(4[5-f]|6)/.test(payload) && payload.length >= 40
        ? [{ payload, time }]
        : [],
    );
    const frames = await framesOf((await exportCase(each, { payload: true })).octets);
    const original = await readAll(await openCapture(each.capture));
    const own = original.frames.filter(({ linkType }) => linkType === LINKTYPE_RAW).length;
    const raw = frames.filter(({ linkType }) => linkType === LINKTYPE_RAW).map(({ bytes }) => toHex(bytes));
    const packets = new Set(raw);
    const missing = shown.filter(({ payload }) => !packets.has(payload));
    // An SDU whose type lies is written by what it is.
    expect(missing).toEqual([]);
    expect(raw.length - own).toBeGreaterThanOrEqual(shown.length);
  });

  test('is not written where the verdict withholds it, and is with --allow-stale', async () => {
    const rollover = SAMPLE_CASES.find(({ name }) => name === 'rollover') as Case;
    const { messages } = await analysed(rollover, true);
    const stale = messages
      .filter(({ verdict }) => verdict === 'stale')
      .map(({ payload }) => Buffer.from(payload ?? '', 'hex'));
    expect(stale.length).toBeGreaterThan(0);
    const withheld = Buffer.from((await exportCase(rollover, { payload: true })).octets);
    expect(stale.filter((plain) => withheld.includes(plain))).toEqual([]);
    const allowed = Buffer.from((await exportCase(rollover, { payload: true, allowStale: true })).octets);
    expect(stale.every((plain) => allowed.includes(plain))).toBe(true);
  });
});

describe('secrets', () => {
  test.each(KEYED.map((each) => [each.name, each] as const))('%s: no key, no plaintext', async (_name, each) => {
    const { messages } = await analysed(each, true);
    const octets = Buffer.from((await exportCase(each)).octets);
    const text = octets.toString('latin1').toLowerCase();
    const plain = messages.filter(({ verdict, payload }) => DECIPHERED.has(verdict) && (payload?.length ?? 0) >= 64);
    for (const { payload } of plain) expect(octets.includes(Buffer.from(payload ?? '', 'hex'))).toBe(false);
    const both = Buffer.concat([octets, (await exportCase(each, { payload: true, allowStale: true })).octets]);
    for (const key of keysOf(each)) {
      expect(both.includes(Buffer.from(key, 'hex'))).toBe(false);
      expect(text.includes(key)).toBe(false);
    }
  });

  test('comments say nothing of what is inside', async () => {
    const clean = SAMPLE_CASES.find(({ name }) => name === 'clean') as Case;
    const { messages } = await analysed(clean);
    const text = Buffer.from((await exportCase(clean)).octets).toString('latin1');
    expect(messages.filter(({ summary }) => summary.includes('RTP')).length).toBeGreaterThan(100);
    for (const { summary } of messages) {
      for (const word of summary.split(' ').filter((part) => part.length > 6)) expect(text).not.toContain(word);
    }
  });

  test('keys are really looked for', () => {
    expect(KEYED.flatMap(keysOf).length).toBeGreaterThan(3);
  });
});

/** Every key of a keyring file, in hex. */
function keysOf({ keyring }: Case): string[] {
  if (keyring === null) return [];
  return [...readFileSync(keyring, 'utf8').matchAll(/"key"\s*:\s*"([0-9a-f]{64})"/g)].map(([, key]) => key);
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

describe('a filter', () => {
  const clean = SAMPLE_CASES.find(({ name }) => name === 'clean') as Case;

  test('only frames that pass are written', async () => {
    const { written, octets } = await exportCase(clean, { passes: (frame) => frame.number % 10 === 0 });
    expect(written).toBe(24);
    expect((await framesOf(octets)).length).toBe(24);
  });

  test('the segments of a message that passes go with it, so that it can be read again', async () => {
    const { messages } = await analysed(clean);
    const reassembled = messages.filter(({ frames }) => (frames?.length ?? 1) > 1);
    expect(reassembled.length).toBeGreaterThan(0);
    const passes = (frame: AnalysedFrame): boolean =>
      frame.messages.some(({ row }) => frame.table.framesCount[row] > 1);
    const { octets, written, evictions } = await exportCase(clean, { passes });
    const numbers = new Set(reassembled.flatMap(({ frames }) => frames ?? []));
    expect(evictions).toBe(0);
    expect(written).toBe(numbers.size);
    const after = await analyse(octets, { keyring: clean.keyring ?? '' });
    const again = after.messages.filter(({ frames }) => (frames?.length ?? 1) > 1);
    expect(again.map(unnumbered)).toEqual(reassembled.map(unnumbered));
    expect(Buffer.from(octets).toString('latin1')).toMatch(/part of a message that frame \d+ completes/);
  });

  test('verdicts choose frames', async () => {
    const attacked = SAMPLE_CASES.find(({ name }) => name === 'attacked') as Case;
    const { summary } = await analysed(attacked);
    const passes = (frame: AnalysedFrame): boolean =>
      frame.messages.some(({ row }) => frame.table.verdict[row] === VerdictCode.forged);
    expect((await exportCase(attacked, { passes })).written).toBe(summary.verdicts.forged);
  });
});

describe('segments that wait', () => {
  const frame = (octets: number): Parameters<HeldSegments['keep']>[1] => ({
    interfaceId: 0,
    seconds: 0,
    nanoseconds: 0,
    bytes: new Uint8Array(octets),
  });

  test('above the cap of frames the oldest is let go and counted', () => {
    const held = new HeldSegments();
    for (let number = 1; number <= HELD_FRAMES + 3; number++) held.keep(number, frame(1));
    expect(held.evictions).toBe(3);
    expect(held.take(3)).toBeNull();
    expect(held.take(4)).not.toBeNull();
    expect(held.take(4)).toBeNull();
  });

  test('above the cap of octets too', () => {
    const held = new HeldSegments();
    for (let number = 1; number <= 5; number++) held.keep(number, frame(HELD_OCTETS / 4));
    expect(held.evictions).toBe(1);
    expect(held.take(1)).toBeNull();
  });

  test('octets are copied', () => {
    const held = new HeldSegments();
    const bytes = Uint8Array.of(1, 2, 3);
    held.keep(1, { ...frame(0), bytes });
    bytes.fill(0);
    expect(held.take(1)?.bytes).toEqual(Uint8Array.of(1, 2, 3));
  });
});

describe('names', () => {
  test('groups by their multicast addresses, members by theirs, each address once', async () => {
    const keyring = await loadKeyrings([SAMPLE_CASES[0].keyring ?? '']);
    const names = addressNames(keyring);
    const keys = names.map(({ address }) => address.join('.'));
    expect(new Set(keys).size).toBe(keys.length);
    const [group] = keyring.groups;
    expect(names).toContainEqual({ address: group.multicast[0], name: group.name });
    const member = group.members.find(({ addresses }) => addresses.length > 0);
    expect(names).toContainEqual({ address: member?.addresses[0], name: member?.name });
    expect(addressNames(emptyKeyring())).toEqual([]);
  });

  test('an address of several bears all their names; controls are escaped', () => {
    const group = (id: string, name: string): object => ({
      id,
      name,
      algorithm: 'EEA0',
      multicast: ['239.0.0.1', 'ff02::1'],
      members: [],
      keys: [],
    });
    const text = JSON.stringify({
      format: 'sidescope-keyring/1',
      groups: [group('000001', 'One'), group('000002', 'T\u00e9wo\u202e')],
    });
    const names = addressNames(parseKeyring(text, 'keyring'));
    expect(names).toEqual([
      { address: Uint8Array.of(239, 0, 0, 1), name: 'One / T\u00e9wo\\u202e' },
      { address: Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1), name: 'One / T\u00e9wo\\u202e' },
    ]);
  });
});
