// The comparer: right events give no disagreement, and each way of being wrong gives the one that names it.

import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { FindingEvent, MessageEvent, SidescopeEvent, SummaryEvent } from '../../daemon/events.ts';
import { type CompareOptions, compareExpected, instantOf } from '../../testing/compare-expected.ts';
import type { Expected, ExpectedMessage } from '../../testing/expected.ts';

const PAYLOAD = '450000140000';
const HASH = createHash('sha256').update(Buffer.from(PAYLOAD, 'hex')).digest('hex');

const WANT: ExpectedMessage = {
  frame: 2,
  order: 0,
  frames: [1, 2],
  group: 'f00001',
  source: '0a0b0c',
  lcid: 3,
  pgkIndex: 7,
  ptkId: 1,
  sn: 5,
  pgkId: 39,
  verdict: 'decrypted',
  sha256: HASH,
  time: '2026-05-01T10:00:00.100000000Z',
};

const GOT: MessageEvent = {
  v: 1,
  type: 'message',
  frame: 2,
  frames: [1, 2],
  time: '2026-05-01T10:00:00.100000Z',
  group: 'f00001',
  source: '0a0b0c',
  lcid: 3,
  sduType: 'ip',
  pgkIndex: 7,
  pgkId: 39,
  ptkId: 1,
  sn: 5,
  length: 6,
  verdict: 'decrypted',
  evidenceBits: 80,
  protocols: [],
  summary: '',
  payload: PAYLOAD,
};

const FINDING: FindingEvent = {
  v: 1,
  type: 'finding',
  name: 'key.expired',
  severity: 'high',
  confidence: 'strong',
  group: 'f00001',
  source: '0a0b0c',
  frames: [2],
  time: '2026-05-01T10:00:00.100000Z',
  count: 1,
  summary: '',
  evidence: {},
  reference: '',
};

function summary(more: Partial<SummaryEvent> = {}): SummaryEvent {
  return {
    v: 1,
    type: 'summary',
    frames: 3,
    messages: 1,
    verdicts: {},
    findings: {},
    undecoded: { 'not-sidelink': 1 },
    complete: true,
    firstTime: null,
    lastTime: null,
    ...more,
  };
}

function expected(more: Partial<Expected> = {}): Expected {
  return {
    format: 'sidescope-expected/1',
    case: 'case',
    about: '',
    useKeyring: true,
    args: [],
    exit: [0],
    frames: 3,
    exactMessages: true,
    accounting: true,
    undecoded: { 'not-sidelink': [1, 1] },
    forbidden: [],
    findings: [],
    allowed: [],
    keys: [],
    epochs: [],
    messages: [WANT],
    ...more,
  };
}

function message(more: Partial<MessageEvent> = {}): SidescopeEvent[] {
  return [{ ...GOT, ...more }, summary()];
}

test('events that agree give no disagreement', () => {
  expect(compareExpected(message(), expected())).toEqual([]);
});

test('columns and rows say the same as messages', () => {
  const { messages: _, ...rest } = expected();
  const rows = { ...rest, columns: Object.keys(WANT), rows: [Object.values(WANT)] };
  expect(compareExpected(message(), rows)).toEqual([]);
  expect(compareExpected(message({ sn: 6 }), rows)).toHaveLength(1);
});

describe('a message', () => {
  test.each<[string, Partial<MessageEvent>, RegExp]>([
    ['source', { source: '0a0b0d' }, /source is 0a0b0d/],
    ['group', { group: 'f000??' }, /group is f000\?\?, expected f00001/],
    ['lcid', { lcid: 4 }, /lcid is 4/],
    ['PGK index', { pgkIndex: 8 }, /pgkIndex is 8/],
    ['PTK id', { ptkId: 2 }, /ptkId is 2/],
    ['SN', { sn: 6 }, /sn is 6/],
    ['PGK id', { pgkId: null }, /pgkId is null/],
    ['verdict', { verdict: 'unverifiable' }, /verdict is unverifiable/],
    ['time', { time: '2026-05-01T10:00:00.100001Z' }, /time is/],
    ['frames', { frames: [2] }, /frames is 2, expected 1 or 2/],
    ['payload', { payload: '450000140001' }, /payload is another one/],
  ])('with another %s is wrong', (_name, more, words) => {
    const wrong = compareExpected(message(more), expected({ accounting: false }));
    expect(wrong).toHaveLength(1);
    expect(wrong[0]).toMatch(words);
  });

  test('without its payload is wrong, unless none were asked for', () => {
    const { payload: _, ...bare } = GOT;
    expect(compareExpected([bare, summary()], expected())[0]).toMatch(/no payload/);
    expect(compareExpected([bare, summary()], expected(), { payload: false })).toEqual([]);
  });

  test('with a payload where the verdict shows none is wrong', () => {
    const want = expected({ messages: [{ ...WANT, verdict: 'stale' }] });
    expect(compareExpected(message({ verdict: 'stale' }), want)[0]).toMatch(/a payload is printed with verdict stale/);
    expect(compareExpected(message({ verdict: 'stale' }), { ...want, args: ['--allow-stale', 'x'] })).toEqual([]);
  });

  test('a hash of 16 digits is enough, fewer are not', () => {
    expect(compareExpected(message(), expected({ messages: [{ ...WANT, sha256: HASH.slice(0, 16) }] }))).toEqual([]);
    expect(compareExpected(message(), expected({ messages: [{ ...WANT, sha256: HASH.slice(0, 8) }] }))).toHaveLength(1);
  });

  test('lists, any and null are tolerant', () => {
    const want: ExpectedMessage = { ...WANT, group: null, pgkId: 'any', verdict: ['stale', 'decrypted'] };
    expect(compareExpected(message({ group: 'x', pgkId: 3 }), expected({ messages: [want] }))).toEqual([]);
    expect(compareExpected(message(), expected({ messages: [{ ...WANT, group: ['x', 'f00001'] }] }))).toEqual([]);
  });

  test('that is missing is wrong, unless it is optional', () => {
    const none = [summary({ messages: 0, undecoded: { 'not-sidelink': 1, malformed: 2 } })];
    expect(compareExpected(none, expected())).toEqual(['frame 2 message 0 (0a0b0c, SN 5) is missing']);
    expect(compareExpected(none, expected({ messages: [{ ...WANT, optional: true }] }))).toEqual([]);
  });

  test('that is not listed is wrong, unless it is damaged or messages are not exact', () => {
    const extra: MessageEvent = { ...GOT, sn: 6 };
    const events = (more: Partial<MessageEvent>): SidescopeEvent[] => [
      GOT,
      { ...extra, ...more },
      summary({ messages: 2 }),
    ];
    expect(compareExpected(events({}), expected())[0]).toMatch(/SN 6 \(decrypted\) that is not there/);
    expect(compareExpected(events({}), expected({ exactMessages: false }))).toEqual([]);
    const { payload: _, ...bare } = extra;
    const damaged = [GOT, { ...bare, verdict: 'damaged' as const }, summary({ messages: 2 })];
    expect(compareExpected(damaged, expected())).toEqual([]);
    expect(compareExpected([damaged[1], damaged[0], damaged[2]], expected())).toEqual([]);
  });

  test('of several in a frame, the one that is missing is named', () => {
    const second = { ...WANT, order: 1, sn: 6 };
    const wrong = compareExpected(message({ sn: 6 }), expected({ messages: [WANT, second] }));
    expect(wrong).toEqual(['frame 2 message 0 (0a0b0c, SN 5) is missing']);
  });
});

describe('findings', () => {
  const events = (more: Partial<FindingEvent> = {}): SidescopeEvent[] => [GOT, { ...FINDING, ...more }, summary()];
  const want = {
    name: 'key.expired',
    group: 'f00001',
    source: '0a0b0c',
    frames: [2, 3],
    severities: ['high' as const],
  };
  const compare = (
    more: Partial<Expected>,
    finding: Partial<FindingEvent> = {},
    options: CompareOptions = {},
  ): string[] => compareExpected(events(finding), expected(more), options);

  test('one that is expected is found', () => {
    expect(compare({ findings: [want] })).toEqual([]);
    expect(compare({ findings: [{ ...want, name: ['other', 'key.expired'] }] })).toEqual([]);
    expect(compare({ findings: [want] }, { group: null, source: null })).toEqual([]);
  });

  test.each<[string, Partial<FindingEvent>]>([
    ['frames', { frames: [9] }],
    ['severity', { severity: 'low' }],
    ['source', { source: '0a0b0d' }],
    ['group', { group: 'f00002' }],
    ['name', { name: 'key.revoked' }],
  ])('one with another %s is not the expected one', (_name, more) => {
    expect(compare({ findings: [want], allowed: [{ name: ['key.expired', 'key.revoked'] }] }, more)[0]).toMatch(
      /^no finding key\.expired/,
    );
  });

  test('confidence is compared where it is named', () => {
    expect(compare({ findings: [{ ...want, confidences: ['proved'] }] })[0]).toMatch(/confidence proved/);
    expect(compare({ findings: [{ ...want, confidences: ['strong'] }] })).toEqual([]);
  });

  test('one that nobody expected is a false alarm, unless allowed, of severity info, or not compared', () => {
    expect(compare({})[0]).toMatch(/neither expected nor allowed/);
    expect(compare({ allowed: [{ name: 'key.expired' }] })).toEqual([]);
    expect(compare({}, { severity: 'info' })).toEqual([]);
    expect(compare({}, {}, { exactFindings: false })).toEqual([]);
  });

  test('forbidden names and above-info', () => {
    expect(compare({ forbidden: ['key.expired'], findings: [want] })[0]).toMatch(/is forbidden$/);
    expect(compare({ forbidden: ['above-info'] })[0]).toMatch(/nothing above info/);
    expect(compare({ forbidden: ['above-info'] }, { severity: 'info' })).toEqual([]);
    expect(compare({ forbidden: ['above-info'], allowed: [{ name: 'key.expired' }] })).toEqual([]);
  });
});

describe('the rest', () => {
  test('the exit code', () => {
    expect(compareExpected(message(), expected(), { exitCode: 3 })).toEqual(['exit code 3, expected 0']);
  });

  test.each<[string, Partial<SummaryEvent>, RegExp]>([
    ['frames', { frames: 4, undecoded: { 'not-sidelink': 2 } }, /4 frames, expected 3/],
    ['a category', { undecoded: { malformed: 1 } }, /undecoded not-sidelink is 0, expected 1 to 1/],
    ['the account', { undecoded: { 'not-sidelink': 1, malformed: 1 } }, /do not make 3 frames/],
    ['the count of messages', { messages: 2 }, /2 messages, 1 were printed/],
  ])('%s of the summary', (_name, more, words) => {
    expect(compareExpected([GOT, summary(more)], expected()).join('\n')).toMatch(words);
  });

  test('a missing summary', () => {
    expect(compareExpected([GOT], expected())).toEqual(['0 summary records, expected 1']);
  });

  test('key records, the named members only', () => {
    const key = {
      v: 1 as const,
      type: 'key' as const,
      frame: 3,
      time: '2026-05-01T10:00:01.000000Z',
      event: 'delivered' as const,
      group: 'f00001',
      pgkId: 40,
      notBefore: '2026-05-01T00:00:00Z',
      notAfter: null,
      accepted: true,
      reason: null,
    };
    const compare = (want: Expected['keys'][number]): string[] =>
      compareExpected([GOT, key, summary()], expected({ keys: [want] }));
    expect(compare({ frame: 3, pgkId: 40, accepted: true, notBefore: '2026-05-01T00:00:00.000Z' })).toEqual([]);
    expect(compare({ frame: 3, pgkId: 41 })).toEqual(['frame 3 key record: pgkId is 40, expected 41']);
    expect(compare({ frame: 4 })).toEqual(['frame 4: no key record']);
  });

  test('epochs', () => {
    const epoch = {
      v: 1 as const,
      type: 'epoch' as const,
      group: 'f00001',
      pgkId: 39,
      state: 'active' as const,
      notBefore: '',
      notAfter: '',
      firstUse: null,
      lastUse: null,
      messages: 1,
      sources: 1,
    };
    const compare = (state: Expected['epochs'][number]['state'], pgkId = 39): string[] =>
      compareExpected([GOT, epoch, summary()], expected({ epochs: [{ group: 'f00001', pgkId, state }] }));
    expect(compare(['active', 'overlap'])).toEqual([]);
    expect(compare('expired')).toEqual(['epoch of PGK 39 of group f00001 is active, expected expired']);
    expect(compare('active', 40)).toEqual(['no epoch of PGK 40 of group f00001']);
  });

  test('instants are compared as instants', () => {
    expect(instantOf('2026-05-01T10:00:00Z')).toBe(instantOf('2026-05-01T12:00:00.000+02:00'));
    expect(instantOf('2026-05-01T10:00:00.000000001Z')).not.toBe(instantOf('2026-05-01T10:00:00Z'));
    expect(instantOf('yesterday')).toBeNull();
  });
});
