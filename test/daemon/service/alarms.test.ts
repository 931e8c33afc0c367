// Alarms are told once, and once more when they are over.

import { describe, expect, test } from 'vitest';
import type { AlarmRecord } from '../../../daemon/relay/relay-record.ts';
import { Alarms } from '../../../daemon/service/alarms.ts';

function setUp(): { alarms: Alarms; told: AlarmRecord[] } {
  const told: AlarmRecord[] = [];
  return {
    alarms: new Alarms(
      (alarm) => told.push(alarm),
      () => 0,
    ),
    told,
  };
}

describe('alarms', () => {
  test('the same words are told once; others, and the end, again', () => {
    const { alarms, told } = setUp();
    alarms.raise('disk', 'critical', 'full', 'make room');
    alarms.raise('disk', 'critical', 'full', 'make room');
    alarms.raise('disk', 'critical', 'read-only', 'remount it');
    expect(alarms.standing().map(({ message }) => message)).toEqual(['read-only']);
    alarms.clear('disk');
    alarms.clear('disk');
    expect(told.map(({ message, raised }) => [message, raised])).toEqual([
      ['full', true],
      ['read-only', true],
      ['read-only', false],
    ]);
    expect(alarms.standing()).toEqual([]);
  });

  test('names without end do not fill the memory', () => {
    const { alarms, told } = setUp();
    for (let index = 0; index < 1000; index++) alarms.raise(`a${index}`, 'low', 'x', 'y');
    expect(alarms.standing()).toHaveLength(256);
    expect(told).toHaveLength(1000);
  });
});
