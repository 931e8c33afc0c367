// The journal in a real folder: who may read it, two daemons, a disk that is really full, what Wireshark and `sidescope read`
// make of its files.

import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type FrameBatch, NO_INTERFACE } from '../../../captures/frame-batch.ts';
import { openCapture } from '../../../captures/open.ts';
import type { JournalPort } from '../../../daemon/journal/journal-port.ts';
import { openJournal } from '../../../daemon/journal/open-journal.ts';
import { append, batchOf, frameOf, framesOf, limits, recordOf } from './fixture.ts';

const RADIO = { source: 'lab', name: 'wlan0', linkType: 147, track: 'wall' };
const WIRED = { source: 'cäfe "1"', name: 'eth0', linkType: 1, track: 'replay' };

let base = '';
let folder = '';
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'sidescope-journal-'));
  folder = join(base, 'journal');
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

function captures(): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.pcapng'));
  return names.sort().map((name) => join(folder, name));
}

async function bring(journal: JournalPort, count: number, interfaceId = 0, digits = 6): Promise<void> {
  const first = journal.nextFrame;
  const frames = Array.from({ length: count }, (_, at) => ({ ...frameOf(first + at, 60, interfaceId), digits }));
  journal.appendFrames(batchOf(first, frames));
  await journal.durable(first + count - 1);
}

describe('who may read it', () => {
  test('the owner alone', async () => {
    const journal = await openJournal(folder);
    await bring(journal, 1);
    await append(journal, [recordOf(1)], 1);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(folder)) {
      if (name !== 'journal.lock') expect(statSync(join(folder, name)).mode & 0o777, name).toBe(0o600);
    }
    await journal.close();
    const [name] = captures();
    chmodSync(name, 0o640);
    await expect(openJournal(folder)).rejects.toMatchObject({ code: 'journal.mode' });
    chmodSync(name, 0o600);
    chmodSync(folder, 0o755);
    await expect(openJournal(folder)).rejects.toMatchObject({ code: 'journal.mode' });
  });

  test('symbolic links are refused, for the folder and for a file', async () => {
    mkdirSync(folder, { mode: 0o700 });
    symlinkSync(folder, join(base, 'link'));
    await expect(openJournal(join(base, 'link'))).rejects.toMatchObject({ code: 'journal.symlink' });
    writeFileSync(join(base, 'target'), '', { mode: 0o600 });
    symlinkSync(join(base, 'target'), join(folder, 'frames-000000000001-20261127T030000000Z.pcapng'));
    await expect(openJournal(folder)).rejects.toMatchObject({ code: 'journal.symlink' });
  });

  test('one daemon at a time', async () => {
    const journal = await openJournal(folder);
    await expect(openJournal(folder)).rejects.toMatchObject({ code: 'journal.locked' });
    await journal.close();
    await (await openJournal(folder)).close();
  });
});

describe('what others read', () => {
  /** Files of so many octets, two interfaces, both resolutions, and rows of no interface. */
  async function written(octets: number): Promise<JournalPort> {
    const journal = await openJournal(folder, { frames: limits(octets) });
    journal.interfaceId(RADIO);
    await bring(journal, 10);
    journal.interfaceId(WIRED);
    await bring(journal, 10, 1, 9);
    await bring(journal, 1, 0, 9);
    await bring(journal, 5);
    return journal;
  }

  function tshark(file: string): { frames: string[]; warnings: string } {
    const fields = ['frame.packet_id', 'frame.interface_name', 'frame.cap_len', 'frame.time_epoch'];
    const wanted = fields.flatMap((field) => ['-e', field]);
    const { stdout, stderr } = spawnSync('tshark', ['-r', file, '-T', 'fields', ...wanted], { encoding: 'utf8' });
    const warnings = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('Running as user'));
    return { frames: stdout.trimEnd().split('\n'), warnings: warnings.join('\n') };
  }

  test('tshark reads the files without a word, while they are written and after', async ({ skip }) => {
    if (spawnSync('tshark', ['--version']).error !== undefined) skip('tshark is not installed');
    const journal = await written(1e6);
    const [file] = captures();
    const shown = tshark(file);
    expect(shown.warnings).toBe('');
    const lines = shown.frames;
    expect(lines).toHaveLength(26);
    expect(lines[0]).toBe('1\tlab/wlan0\t60\t1700000001.000001000');
    expect(lines[10]).toBe('11\tcäfe "1"/eth0\t60\t1700000011.000011000');
    expect(lines.map((line) => Number(line.split('\t')[0]))).toEqual(Array.from({ length: 26 }, (_, at) => at + 1));
    await journal.close();
    expect(tshark(file)).toEqual(shown);
    const about = execFileSync('capinfos', ['-M', file], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    expect(about).toMatch(/Number of stat entries = 1/);
    // tshark takes seconds to start on a busy machine.
  }, 120_000);

  test('our own reader of captures finds every frame', async () => {
    await (await written(2500)).close();
    const seen: string[] = [];
    for (const file of captures()) {
      const source = await openCapture(file);
      for (let batch: FrameBatch | null = await source.next(); batch !== null; batch = await source.next()) {
        for (let row = 0; row < batch.count; row++) {
          const at = batch.offset[row];
          const time = `${batch.seconds[row]}.${batch.nanoseconds[row]}/${batch.digits[row]}`;
          seen.push(`${time} ${Buffer.from(batch.bytes.subarray(at, at + batch.captured[row])).toString('hex')}`);
        }
      }
      expect(source.problem).toBeNull();
    }
    const journal = await openJournal(folder);
    const frames = [...(await framesOf(journal)).values()];
    expect(seen).toEqual(
      frames.map(({ seconds, nanoseconds, digits, hex }) => `${seconds}.${nanoseconds}/${digits} ${hex}`),
    );
    expect(journal.interfaces()).toEqual([
      { ...RADIO, interfaceId: 0 },
      { ...WIRED, interfaceId: 1 },
    ]);
    await journal.close();
  });

  test('rows of no interface come back as such', async () => {
    const journal = await openJournal(folder);
    const row = { ...frameOf(1, 7, NO_INTERFACE), linkType: 0xffff };
    journal.appendFrames(batchOf(1, [row, frameOf(2, 9, 700)]));
    await journal.durable(2);
    expect([...(await framesOf(journal)).values()]).toEqual([
      row,
      { ...frameOf(2, 9, NO_INTERFACE), linkType: 0xffff },
    ]);
    await journal.close();
  });
});

describe('a disk that is really full', () => {
  const mounted = join(tmpdir(), `sidescope-full-${process.pid}`);
  afterEach(() => {
    spawnSync('umount', [mounted]);
    rmSync(mounted, { recursive: true, force: true });
  });

  test('goes through degraded and back', async ({ skip }) => {
    mkdirSync(mounted);
    const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m,mode=700', 'tmpfs', mounted]);
    if (mount.status !== 0) skip('a file system cannot be mounted here');
    const inside = join(mounted, 'journal');
    const journal = await openJournal(inside, { retryInterval: 20 });
    journal.interfaceId(RADIO);
    writeFileSync(join(mounted, 'ballast'), Buffer.alloc(1_700_000));
    let kept = 0;
    while (journal.status().state === 'good') {
      const first = journal.nextFrame;
      journal.appendFrames(batchOf(first, [frameOf(first, 20_000)]));
      if (await journal.durable(first)) kept++;
    }
    const { lastFrame, problem } = journal.status();
    expect(problem?.code).toBe('journal.disk-full');
    const told = await append(journal, [recordOf(lastFrame)], lastFrame);
    expect(told.kept).toBe(false);
    expect(told.seqs).toHaveLength(1);
    expect((await framesOf(journal)).size).toBe(kept);
    rmSync(join(mounted, 'ballast'));
    await vi.waitFor(() => expect(journal.status().state).toBe('good'), 5000);
    await bring(journal, 3);
    await journal.close();
    const again = await openJournal(inside);
    expect((await framesOf(again)).size).toBe(kept + 3);
    expect(again.nextFrame).toBe(lastFrame + 4);
    expect(again.lastSeq).toBe(1);
    await again.close();
    for (const name of readdirSync(inside)) expect(readFileSync(join(inside, name)).length, name).toBeGreaterThan(0);
  });
});
