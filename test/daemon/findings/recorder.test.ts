// Folding: records in capture time, severities that rise, overrides, live feeds, caps.

import { describe, expect, test } from 'vitest';
import type { FrameBatch } from '../../../captures/frame-batch.ts';
import { NO_GROUP } from '../../../daemon/engine/group-key.ts';
import type { FindingEvent } from '../../../daemon/events.ts';
import { checkOverrides } from '../../../daemon/findings/check-overrides.ts';
import { findingNumber, SeverityLevel } from '../../../daemon/findings/finding-names.ts';
import { FOLD_MS, NO_FRAME, NO_PGK, Recorder, SCOPE_CAP } from '../../../daemon/findings/recorder.ts';

const GAP = findingNumber('ctr.gap');
const { info, medium, high } = SeverityLevel;

class Desk {
  readonly records: FindingEvent[] = [];
  readonly firsts: FindingEvent[] = [];
  readonly recorder: Recorder;
  #frame = 0;

  constructor(live = false, overrides = {}) {
    const first = (event: FindingEvent): void => void this.firsts.push(event);
    const record = (event: FindingEvent): void => void this.records.push(event);
    this.recorder = new Recorder([], live ? { record, first } : { record }, overrides);
  }

  /** A frame at some second, with so many occurrences. */
  frame(second: number, occurrences = 1, severity: number = info, source = 1): this {
    const batch = {
      firstFrame: ++this.#frame,
      seconds: [second],
      nanoseconds: [0],
      digits: [6],
    } as unknown as FrameBatch;
    this.recorder.at(batch, 0);
    for (let i = 0; i < occurrences; i++) {
      const opened = this.recorder.raise(GAP, severity, 0, NO_GROUP, source);
      if (opened !== null) opened.summary = `at ${second} s`;
    }
    this.recorder.settle();
    return this;
  }
}

function brief(events: readonly FindingEvent[]): unknown[] {
  return events.map(({ severity, count, frames }) => [severity, count, frames]);
}

describe('folding', () => {
  test('an hour from the first occurrence is one record, told by the frame that ends it', () => {
    const desk = new Desk().frame(0).frame(1800).frame(3599);
    expect(desk.records).toEqual([]);
    desk.frame(FOLD_MS / 1000, 0);
    expect(brief(desk.records)).toEqual([['info', 3, [1, 2, 3]]]);
    expect(desk.records[0]).toMatchObject({
      time: '1970-01-01T00:00:00.000000Z',
      lastTime: '1970-01-01T00:59:59.000000Z',
      summary: 'at 0 s',
    });
    desk.frame(3601).recorder.finish();
    expect(brief(desk.records)).toEqual([
      ['info', 3, [1, 2, 3]],
      ['info', 1, [5]],
    ]);
    expect(desk.records[1].lastTime).toBeUndefined();
  });

  test('the first sixteen frames and the last', () => {
    const desk = new Desk();
    for (let i = 0; i < 40; i++) desk.frame(i);
    desk.recorder.finish();
    expect(desk.records[0].frames).toEqual([...Array.from({ length: 16 }, (_, i) => i + 1), 40]);
    expect(desk.records[0].count).toBe(40);
  });

  test('a rise in severity starts a new record; what is lower folds into it', () => {
    const desk = new Desk().frame(0, 2, medium).frame(1, 1, high).frame(2, 1, medium);
    desk.recorder.finish();
    expect(brief(desk.records)).toEqual([
      ['medium', 2, [1]],
      ['high', 2, [2, 3]],
    ]);
    expect(desk.recorder.countsByName()).toEqual({ 'ctr.gap': 4 });
    expect(desk.recorder.worst).toBe(high);
  });

  test('what is open at the end comes by first frame', () => {
    const desk = new Desk().frame(0, 1, info, 7).frame(1, 1, info, 5).frame(2, 1, info, 7);
    desk.recorder.finish();
    expect(desk.records.map(({ source }) => source)).toEqual(['000007', '000005']);
  });

  test('a clock that goes back loses nothing', () => {
    const desk = new Desk().frame(5000).frame(10).frame(5001).frame(9000);
    desk.recorder.finish();
    expect(desk.records.reduce((sum, { count }) => sum + count, 0)).toBe(4);
  });

  test('a clock that goes back by an hour ends a record as one that goes on does', () => {
    const desk = new Desk().frame(3600).frame(1).frame(0).frame(3599);
    desk.recorder.finish();
    expect(brief(desk.records)).toEqual([
      ['info', 2, [1, 2]],
      ['info', 2, [3, 4]],
    ]);
  });

  test('two clocks that lie hours apart and take turns make no record of each frame, and nothing is uncounted', () => {
    const desk = new Desk();
    for (let frame = 0; frame < 1000; frame++) desk.frame(frame % 2 === 0 ? 7200 + frame : frame);
    desk.recorder.finish();
    expect(desk.records.length).toBeLessThan(20);
    expect(desk.records.reduce((sum, { count }) => sum + count, 0)).toBe(1000);
  });

  test('more scopes than the cap: records are told early, and nothing is uncounted', () => {
    const desk = new Desk();
    const scopes = SCOPE_CAP + 500;
    for (let source = 0; source < scopes; source++) desk.frame(source / 1000, 1, info, source);
    expect(desk.recorder.evictions).toBe(500);
    expect(desk.records).toHaveLength(500);
    desk.recorder.finish();
    expect(desk.records).toHaveLength(scopes);
    expect(desk.recorder.countsByName()).toEqual({ 'ctr.gap': scopes });
  });
});

describe('a live feed', () => {
  test('tells the first occurrence at once and the record later, where more were folded into it', () => {
    const desk = new Desk(true).frame(0);
    expect(brief(desk.firsts)).toEqual([['info', 1, [1]]]);
    expect(desk.firsts[0].summary).toBe('at 0 s');
    desk.frame(1).frame(2, 1, info, 9).recorder.finish();
    expect(brief(desk.firsts)).toHaveLength(2);
    expect(brief(desk.records)).toEqual([['info', 2, [1, 2]]]);
  });

  test('tells a rise in severity at once', () => {
    const desk = new Desk(true).frame(0, 1, medium).frame(1, 1, high);
    expect(brief(desk.firsts)).toEqual([
      ['medium', 1, [1]],
      ['high', 1, [2]],
    ]);
  });
});

describe('overrides', () => {
  test('replace the severity, or switch a finding off', () => {
    const desk = new Desk(false, checkOverrides({ 'ctr.gap': 'critical' })).frame(0);
    desk.recorder.finish();
    expect(desk.records[0].severity).toBe('critical');
    const off = new Desk(false, checkOverrides({ 'ctr.gap': 'off' })).frame(0);
    off.recorder.finish();
    expect(off.records).toEqual([]);
    expect(off.recorder.countsByName()).toEqual({});
    expect(off.recorder.raised).toEqual([]);
  });

  test('a wrong name or severity says what is right', () => {
    expect(() => checkOverrides({ 'ctr.gpa': 'low' })).toThrow(
      expect.objectContaining({ hint: 'did you mean ctr.gap?' }),
    );
    expect(() => checkOverrides({ 'ctr.gap': 'loud' })).toThrow(/no such severity/);
    expect(() => checkOverrides([])).toThrow(/no object/);
  });
});

test('what a frame raised is known until the next one', () => {
  const desk = new Desk().frame(0, 1, high);
  expect(desk.recorder.raised).toEqual([{ name: 'ctr.gap', severity: 'high', confidence: 'proved' }]);
  desk.frame(1, 0);
  expect(desk.recorder.raised).toEqual([]);
});

test('what no frame shows is raised by none', () => {
  const desk = new Desk().frame(0, 0);
  desk.recorder.raise(GAP, info, 0, NO_GROUP, 1, NO_PGK, NO_FRAME);
  expect(desk.recorder.raised).toEqual([]);
  desk.recorder.finish();
  expect(brief(desk.records)).toEqual([['info', 1, []]]);
});
