// kill -9 of a process that appends, many times at any instant: what it had said is there, each frame judged once.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { openJournal } from '../../../daemon/journal/open-journal.ts';
import { framesOf, recordsOf } from './fixture.ts';

const APPENDER = fileURLToPath(new URL('appender.mjs', import.meta.url));
const KILLS = 12;

const base = mkdtempSync(join(tmpdir(), 'sidescope-journal-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));

/** What the process said until it was killed, line by line. */
async function killed(folder: string, after: number): Promise<string[]> {
  const child = spawn(process.execPath, [APPENDER, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  const closed = once(child, 'close');
  const first = new Promise<void>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      resolve();
    });
  });
  await Promise.race([first, closed]);
  await sleep(after);
  child.kill('SIGKILL');
  await closed;
  // A line that was cut was not said.
  return said.slice(0, said.lastIndexOf('\n')).split('\n');
}

test(`nothing acknowledged is lost by ${KILLS} kills`, async () => {
  const folder = join(base, 'journal');
  let durable = 0;
  const told = new Map<number, number>();
  const frames = new Map<number, number>();
  for (let kill = 0; kill < KILLS; kill++) {
    const said = await killed(folder, Math.random() * 250);
    for (const line of said) {
      const [what, first, second, third] = line.split(' ');
      if (what === 'open') {
        expect(Number(first), line).toBeGreaterThan(durable);
        expect(Number(second), line).toBeGreaterThanOrEqual(Math.max(0, ...told.keys()));
        expect(Number(third), line).toBeGreaterThanOrEqual(Math.max(0, ...told.values()));
      } else if (what === 'frame') durable = Math.max(durable, Number(first));
      else if (what === 'record') {
        expect(told.has(Number(first)), `record ${first} told twice`).toBe(false);
        expect(frames.has(Number(second)), `frame ${second} judged twice`).toBe(false);
        told.set(Number(first), Number(second));
        frames.set(Number(second), Number(first));
      }
    }
  }
  expect(durable).toBeGreaterThan(KILLS);
  const journal = await openJournal(folder);
  const kept = await framesOf(journal);
  expect(journal.nextFrame).toBeGreaterThan(durable);
  for (let frame = 1; frame < journal.nextFrame; frame++) {
    expect(kept.get(frame)?.hex.slice(0, 8), `frame ${frame}`).toBe(frame.toString(16).padStart(8, '0'));
  }
  const { records, missing } = await recordsOf(journal, 1, 500);
  expect(missing).toEqual([]);
  expect(records.map(({ seq }) => seq)).toEqual(records.map((_, at) => at + 1));
  const judged = records.map(({ event }) => ('frame' in event ? event.frame : 0)).sort((one, other) => one - other);
  expect(judged).toEqual(Array.from({ length: journal.judgedThrough }, (_, at) => at + 1));
  for (const [seq, frame] of told) expect(records[seq - 1].event).toMatchObject({ frame });
  await journal.close();
});
