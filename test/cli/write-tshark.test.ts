// Wireshark reads what `-w` writes with no configuration at all: no malformed frame, the MAC fields that we see too,
// comments, names, deciphered IP.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openCapture } from '../../captures/open.ts';
import { describeFrame } from '../../dissectors/walk.ts';
import { OUTCOME_NAMES } from '../../dissectors/walk-table.ts';
import { analyse } from '../../testing/analyse.ts';
import { type ReadFrame, readAll } from '../captures/read-all.ts';
import { type Case, exportCase, FOREIGN_CASES, LABELLED_CASES, SAMPLE_CASES } from '../daemon/export/exported.ts';
import { TreeRecorder } from '../dissectors/tree-recorder.ts';

const HAS_TSHARK = ['tshark', 'capinfos'].every((program) => spawnSync(program, ['--version']).status === 0);
if (!HAS_TSHARK) console.warn('TSHARK OR CAPINFOS IS NOT INSTALLED: nobody checks that Wireshark reads what -w writes');

/** Captures with keys, and recordings of real radios: nothing in them may be malformed. */
const KEYED = [...SAMPLE_CASES, ...LABELLED_CASES];
const OF_RADIOS = /^(over-the-air|lte-uu)/;
const SOUND = [...KEYED, ...FOREIGN_CASES.filter(({ name }) => OF_RADIOS.test(name))];
/** Captures in which some frames are damaged on purpose, and others that Wireshark misreads. */
const UNSOUND = FOREIGN_CASES.filter(({ name }) => !OF_RADIOS.test(name));

/** What Wireshark must be told to read the captures themselves. */
const CONFIGURATION = [
  ...['-o', 'uat:user_dlts:"User 0 (DLT=147)","mac-lte-framed","0","","0",""'],
  ...['--enable-heuristic', 'mac_lte_udp'],
];

let home = '';

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'sidescope-tshark-'));
});

afterAll(() => {
  rmSync(home, { recursive: true, force: true });
});

/** Runs a Wireshark tool that finds no configuration of its user. */
function run(program: string, args: readonly string[]): string {
  return execFileSync(program, args, {
    encoding: 'utf8',
    env: { ...process.env, HOME: home, XDG_CONFIG_HOME: home, WIRESHARK_CONFIG_DIR: home },
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 256 << 20,
    timeout: 25_000,
  });
}

/** The fields of every frame; several values of one field are joined by a character that none holds. */
function fields(path: string, names: readonly string[], options: readonly string[] = []): Map<string, string[]>[] {
  const columns = names.flatMap((name) => ['-e', name]);
  const output = run('tshark', ['-r', path, ...options, '-T', 'fields', '-E', 'aggregator=|', ...columns]);
  return output
    .split('\n')
    .slice(0, -1)
    .map((line) => new Map(line.split('\t').map((text, at) => [names[at], text === '' ? [] : text.split('|')])));
}

async function written(each: Case, payload: boolean): Promise<string> {
  const path = join(home, 'out.pcapng');
  writeFileSync(path, (await exportCase(each, { payload })).octets);
  return path;
}

const MAC_COLUMNS = [
  'mac-lte.radio-type',
  'mac-lte.direction',
  'mac-lte.rnti-type',
  'mac-lte.rnti',
  'mac-lte.ueid',
  'mac-lte.sfn',
  'mac-lte.subframe',
  'mac-lte.crc-status',
  'mac-lte.carrier-id',
  'mac-lte.slsch.version',
  'mac-lte.slsch.src-l2-id',
  'mac-lte.slsch.dst-l2-id',
  'mac-lte.slsch.lcid',
  'mac-lte.slsch.length',
];

/** What Wireshark shows of a PDU that it does not look into, or of a context without a tag. */
function shownByWireshark(name: string, outcome: string, tree: TreeRecorder): boolean {
  if (name.startsWith('mac-lte.slsch')) return outcome !== 'crc-failed';
  // It shows an RNTI and a carrier of 0 where there is none, and does not show a UEId of 0.
  if (name === 'mac-lte.rnti' || name === 'mac-lte.carrier-id') return tree.all(name).length > 0;
  return true;
}

function outcomeOf(frame: ReadFrame, tree: TreeRecorder): string {
  const walk = describeFrame(frame.bytes, frame.original, frame.linkType, tree);
  return OUTCOME_NAMES[walk.frames.outcome[0]] ?? 'data';
}

function compareFrame(frame: ReadFrame, theirs: Map<string, string[]>): number {
  const tree = new TreeRecorder();
  const outcome = outcomeOf(frame, tree);
  let compared = 0;
  for (const name of MAC_COLUMNS) {
    if (!shownByWireshark(name, outcome, tree)) continue;
    const ours = tree
      .all(name)
      .map(Number)
      .filter((value) => name !== 'mac-lte.ueid' || value !== 0);
    expect((theirs.get(name) ?? []).map(Number), `frame ${frame.number} ${name}`).toEqual(ours);
    compared += ours.length;
  }
  return compared;
}

describe.skipIf(!HAS_TSHARK)('Wireshark without configuration (else: tshark is not installed)', () => {
  test.each(SOUND.map((each) => [each.name, each] as const))('%s: the MAC fields that we see', async (_name, each) => {
    const { frames } = await readAll(await openCapture(each.capture));
    const path = await written(each, false);
    const theirs = fields(path, ['_ws.malformed', 'frame.comment', ...MAC_COLUMNS]);
    expect(theirs.length).toBe(frames.length);
    // That a CRC failed is in Wireshark's eyes an error of the group Malformed; the frame itself is shown as raw data.
    const malformed = frames.filter((frame, at) => {
      const marks = theirs[at].get('_ws.malformed') ?? [];
      return outcomeOf(frame, new TreeRecorder()) === 'crc-failed' ? marks.length !== 1 : marks.length > 0;
    });
    expect(malformed.map(({ number }) => number)).toEqual([]);
    expect(theirs.filter((frame) => frame.get('frame.comment')?.length === 0)).toEqual([]);
    let compared = 0;
    frames.forEach((frame, at) => {
      compared += compareFrame(frame, theirs[at]);
    });
    expect(compared).toBeGreaterThanOrEqual(frames.length);
  });

  test.each(KEYED.map((each) => [each.name, each] as const))('%s: deciphered IP', async (_name, each) => {
    const { messages } = await analyse(each.capture, each.keyring === null ? {} : { keyring: each.keyring });
    const path = await written(each, true);
    const names = ['_ws.malformed', 'frame.interface_name', 'frame.comment', 'ip.dst', 'ipv6.dst', 'udp.dstport'];
    const plain = fields(path, names).filter((frame) => {
      expect(frame.get('_ws.malformed')).toEqual([]);
      return frame.get('frame.interface_name')?.[0] === 'deciphered IP';
    });
    const shown = messages.filter(({ protocols }) => protocols.some((name) => name === 'ipv4' || name === 'ipv6'));
    expect(plain.length).toBeGreaterThanOrEqual(shown.length);
    for (const frame of plain) {
      expect([...(frame.get('ip.dst') ?? []), ...(frame.get('ipv6.dst') ?? [])]).not.toEqual([]);
      expect(frame.get('frame.comment')?.[0]).toMatch(/^sidescope: SDU of frame \d+, which was frame \d+/);
    }
  });

  test('a comment says verdict, group, source, key, counter, evidence and findings', async () => {
    const attacked = SAMPLE_CASES.find(({ name }) => name === 'attacked') as Case;
    const { messages, findings } = await analyse(attacked.capture, { keyring: attacked.keyring ?? '' });
    const comments = fields(await written(attacked, false), ['frame.comment']).map((frame) =>
      frame.get('frame.comment'),
    );
    for (const message of messages) {
      const text = comments[message.frame - 1]?.join('\n') ?? '';
      expect(text).toContain(`${message.verdict}; group ${message.group}`);
      expect(text).toContain(message.groupName ?? message.group);
      expect(text).toContain(`source ${message.source}`);
      expect(text).toContain(`${message.evidenceBits} evidence bits`);
      if (message.verdict !== 'downgraded') expect(text).toContain(`PTK ${message.ptkId} SN ${message.sn}`);
      if (message.pgkId !== null) expect(text).toContain(`PGK ${message.pgkId} `);
    }
    const replay = findings.find(({ name }) => name === 'ctr.replay');
    expect(comments[(replay?.frames.at(-1) ?? 0) - 1]?.join('\n')).toContain('ctr.replay (high, proved)');
    expect(messages.length).toBeGreaterThan(0);
  });

  test('names of groups and members are shown', async () => {
    const clean = SAMPLE_CASES.find(({ name }) => name === 'clean') as Case;
    const path = await written(clean, true);
    const lines = run('tshark', ['-N', 'n', '-r', path]);
    expect(lines).toMatch(/Engine 71 → Fire 7 /);
    expect(run('tshark', ['-n', '-r', path])).not.toContain('Engine 71');
  });

  test('capinfos finds nothing wrong and knows both interfaces', async () => {
    const clean = SAMPLE_CASES.find(({ name }) => name === 'clean') as Case;
    const text = run('capinfos', [await written(clean, true)]);
    expect(text).toMatch(/File type:\s+Wireshark\/\.\.\. - pcapng/);
    expect(text).toMatch(/Name = deciphered IP/);
    expect(text).toMatch(/Strict time order:\s+True/);
    expect(text).toMatch(/Capture application: test/);
    expect(text).toMatch(/Time precision = nanoseconds/);
  });

  test('times keep their nanoseconds', async () => {
    const clean = SAMPLE_CASES.find(({ name }) => name === 'clean') as Case;
    const { frames } = await readAll(await openCapture(clean.capture));
    const theirs = fields(await written(clean, false), ['frame.time_epoch']).map((frame) =>
      frame.get('frame.time_epoch'),
    );
    const ours = frames.map(({ seconds, nanoseconds }) => [`${seconds}.${String(nanoseconds).padStart(9, '0')}`]);
    expect(theirs).toEqual(ours);
  });

  test.each(UNSOUND.map((each) => [each.name, each] as const))(
    '%s: nothing malformed that was not before',
    async (_name, each) => {
      const broken = (path: string, options: readonly string[]): number[] =>
        fields(path, ['_ws.malformed', 'frame.number'], options)
          .filter((frame) => frame.get('_ws.malformed')?.length !== 0)
          .map((frame) => Number(frame.get('frame.number')));
      const before = new Set(broken(each.capture, CONFIGURATION));
      expect(broken(await written(each, false), []).filter((number) => !before.has(number))).toEqual([]);
    },
  );
});
