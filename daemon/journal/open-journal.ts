// Opens a journal: folder, lock, recovery of what is there.

import { FileRing } from './file-ring.ts';
import { ownFolder } from './file-system.ts';
import { InterfaceTable } from './interface-table.ts';
import { Journal } from './journal.ts';
import { JournalError } from './journal-error.ts';
import { FileNames, fileOfName, type JournalFile } from './journal-file.ts';
import type { JournalPort } from './journal-port.ts';
import { MarkSlots } from './mark-slots.ts';
import { NumberRanges } from './number-ranges.ts';
import { type JournalOptions, withDefaults } from './options.ts';
import { recoverFrames, recoverRecords } from './recovery.ts';

/** What recovery found; the journal goes on from there. */
export interface JournalStart {
  readonly frames: FileRing;
  readonly records: FileRing;
  readonly interfaces: InterfaceTable;
  readonly names: FileNames;
  readonly marks: MarkSlots;
  readonly missedFrames: NumberRanges;
  readonly lastFrame: number;
  readonly lastSeq: number;
  readonly through: number;
  /** The first error of a disk that refused to be written to, or null. */
  readonly refusal: unknown;
  readonly release: () => void;
}

/**
 * Opens the journal in a folder, which is made where there is none, and recovers it: unfinished files are cut behind what
 * is good and completed, numbers go on where they were. A disk that is full or read-only opens `degraded`.
 * @throws JournalError `journal.locked` (another daemon has it), `symlink`, `mode` (others may read it), `unreadable`
 */
export async function openJournal(folder: string, options: JournalOptions = {}): Promise<JournalPort> {
  const all = withDefaults(options);
  await ownFolder(all.fs, folder);
  const { release } = toRelease(all.lock(folder));
  try {
    return new Journal(folder, all, await recovered(folder, all, release));
  } catch (error) {
    release();
    throw error;
  }
}

function toRelease(lock: { release(): void }): { release: () => void } {
  return { release: () => lock.release() };
}

async function recovered(
  folder: string,
  options: Required<JournalOptions>,
  release: () => void,
): Promise<JournalStart> {
  const { fs } = options;
  let refusal: unknown = null;
  const listed = (await fs.list(folder)).map(fileOfName).filter((file) => file !== null);
  const marks = new MarkSlots(fs, folder);
  let last = { seq: 0, through: 0 };
  try {
    last = await marks.open();
  } catch (error) {
    if (error instanceof JournalError) throw error;
    refusal = error;
  }
  const records = new FileRing(fs, folder, options.records.all);
  const recordFiles = ofKind(listed, 'records');
  for (const file of recordFiles) {
    const found = await recoverRecords(fs, folder, file, file === recordFiles.at(-1));
    refusal ??= found.refusal;
    if (!found.isKept) continue;
    records.add(file);
    last = { seq: Math.max(last.seq, found.mark.seq), through: Math.max(last.through, found.mark.through) };
  }
  const frames = new FileRing(fs, folder, options.frames.all);
  const interfaces = new InterfaceTable();
  const missedFrames = new NumberRanges();
  const frameFiles = ofKind(listed, 'frames');
  let lastFrame = 0;
  for (const file of frameFiles) {
    const isNewest = file === frameFiles.at(-1);
    const found = await recoverFrames(fs, folder, file, isNewest, last.through, (rows) => interfaces.restore(rows));
    refusal ??= found.refusal;
    if (!found.isKept) continue;
    // What the limits removed was kept once.
    if (frames.files.length > 0) missedFrames.add(lastFrame + 1, file.first - 1);
    frames.add(file);
    lastFrame = file.last;
  }
  missedFrames.add(lastFrame + 1, last.through);
  missedFrames.count = 0;
  try {
    // Names that a crash found made and not yet durable.
    await fs.syncDirectory(folder);
  } catch (error) {
    refusal ??= error;
  }
  lastFrame = Math.max(lastFrame, last.through);
  return {
    frames,
    records,
    interfaces,
    names: new FileNames(Math.max(0, ...listed.map(({ begun }) => begun))),
    marks,
    missedFrames,
    lastFrame,
    lastSeq: last.seq,
    through: last.through,
    refusal,
    release,
  };
}

function ofKind(files: readonly JournalFile[], kind: JournalFile['kind']): JournalFile[] {
  const chosen = files.filter((file) => file.kind === kind);
  return chosen.sort((one, other) => one.first - other.first || one.begun - other.begun);
}
