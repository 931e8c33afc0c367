// The real program on captures that are made for it: names of wide and combining characters, a key that comes late.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { parseScenario } from '../../testing/scenario.ts';
import { synthesise } from '../../testing/synthesise.ts';
import { expectGolden, TerminalProgram } from './terminal-program.ts';

type Json = Readonly<Record<string, unknown>>;

const ended: (() => void)[] = [];
afterEach(() => {
  for (const end of ended.splice(0).toReversed()) end();
});

/** Starts the program on what a scenario makes. */
function start(scenario: Json, columns: number, rows: number): TerminalProgram {
  const folder = mkdtempSync(join(tmpdir(), 'sidescope-tui-'));
  ended.push(() => rmSync(folder, { recursive: true }));
  const whole = {
    ...{ format: 'sidescope-scenario/1', name: 'made', seed: 'made', start: '2026-05-01T10:00:00Z' },
    capture: { interfaces: [{ name: 'pc5', framing: 'udp-ethernet' }] },
    ...scenario,
  };
  const { capture, keyring } = synthesise(parseScenario(JSON.stringify(whole), 'made.json'));
  writeFileSync(join(folder, 'capture.pcapng'), capture);
  writeFileSync(join(folder, 'keyring.json'), JSON.stringify(keyring), { mode: 0o600 });
  const args = ['tui', join(folder, 'capture.pcapng'), '--keyring', join(folder, 'keyring.json')];
  const program = new TerminalProgram(args, { columns, rows });
  ended.push(() => program.close());
  return program;
}

const talk = (at: number, radio: string, pgk: number): Json => ({
  ...{ do: 'send', at, radio, count: 5, every: 20, key: { pgk } },
});

test.each([
  ['80x24', 80, 24],
  ['120x30', 120, 30],
] as const)(
  'wide, combining and joined characters in names keep every column in its place, %s',
  async (size, columns, rows) => {
    const names = ['消防車七十一', '🚒 Leiter 👩‍🚒', 'E\u0301quipe de\u0301', 'Θεσσαλονίκη'];
    const ids = names.map((_, at) => (0x0a_0b_0c + at).toString(16).padStart(6, '0'));
    const radios = names.map((name, at) => ({ name, id: ids[at], group: '第七隊' }));
    const members = names.map((name, at) => ({ name, id: ids[at], addresses: [`169.254.10.${at + 11}`] }));
    const groups = [{ id: 'f00001', name: '第七隊', multicast: ['239.255.0.7'], members, keys: [{ id: 7 }] }];
    const steps = names.map((name, at) => talk(1 + at, name, 7));
    const program = start({ groups, radios, steps }, columns, rows);
    await program.waitFor('20 messages');
    const screens = [`groups\n${await program.settled()}`];
    for (const [key, name, wanted] of [
      ['2', 'flow', 'pause'],
      ['3', 'epochs', 'no key held after'],
      ['5', 'messages', 'Judgement'],
    ]) {
      program.press(key);
      await program.waitFor(wanted);
      screens.push(`${name}\n${await program.settled()}`);
    }
    expectGolden(`wide-names-${size}`, screens.join('\n'));
  },
);

test('a message that a late key opens is shown once, as it is now, and filters still find the right ones', async () => {
  const member = { id: '0a0b0c', name: 'Engine 71', addresses: ['169.254.10.11'] };
  const scenario = {
    groups: [
      {
        ...{ id: 'f00001', name: 'Fire 7', multicast: ['239.255.0.7'], members: [member] },
        keys: [{ id: 7 }, { id: 12, held: false }],
      },
    ],
    pmks: [{ id: '706d6b31', member: '0a0b0c' }],
    radios: [{ name: 'Engine 71', id: '0a0b0c', group: 'Fire 7' }],
    steps: [
      talk(1, 'Engine 71', 12),
      { do: 'delivery', at: 5, pmk: '706d6b31', group: 'Fire 7', pgk: 12 },
      talk(9, 'Engine 71', 12),
    ],
  };
  const program = start(scenario, 120, 30);
  await program.waitFor('10 messages');
  program.press('5', 'g', 'g');
  await program.waitFor((text) => (text.match(/· decrypted/g) ?? []).length === 10);
  program.press('6');
  expect(await program.waitFor(/decrypted +10/)).not.toMatch(/no-key +\d/);
  program.press('3');
  await program.waitFor(/PGK 12 .* 10 /);
  // The last five come after the delivery: their frames follow its own.
  program.press('5', '/');
  program.type('frame.number > 6\r');
  await program.waitFor(/frame\.number > 6 {2}5$/m);
  const rows = (await program.settled()).split('\n').filter((line) => line.includes('· decrypted'));
  expect(rows.map((line) => Number(/^\S? +(\d+)/.exec(line)?.[1]))).toEqual([7, 8, 9, 10, 11]);
});

test('a capture without a message of a group says in each view what its frames were instead', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sidescope-tui-'));
  ended.push(() => rmSync(folder, { recursive: true }));
  // Classic pcap, link type 147: two frames with the context of a downlink (C-RNTI) and one octet of a PDU.
  const file = Buffer.alloc(24 + 2 * (16 + 5));
  file.writeUInt32LE(0xa1_b2_c3_d4, 0);
  file.writeUInt16LE(2, 4);
  file.writeUInt16LE(4, 6);
  file.writeUInt32LE(65_535, 16);
  file.writeUInt32LE(147, 20);
  for (const at of [24, 45]) {
    file.writeUInt32LE(1_777_629_600, at);
    file.writeUInt32LE(5, at + 8);
    file.writeUInt32LE(5, at + 12);
    file.set([1, 1, 3, 1, 0x3f], at + 16);
  }
  const capture = join(folder, 'downlink.pcap');
  writeFileSync(capture, file);
  const program = new TerminalProgram(['tui', capture], { columns: 80, rows: 24 });
  ended.push(() => program.close());
  for (const key of ['1', '2', '3', '5']) {
    program.press(key);
    await program.waitFor('no message of a group in 2 frames: no sidelink traffic (6 says more)');
    program.press('6');
    expect(await program.waitFor(/not-sidelink +2/)).toContain('0 messages');
  }
});
