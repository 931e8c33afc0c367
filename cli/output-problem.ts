// What can be wrong with a file that is written, or with standard output, in words. Loaded when something is (stdout.ts).

import { ExitCode, SidescopeError } from '../daemon/errors.ts';

interface Reason {
  readonly code: string;
  readonly sentence: string;
  readonly hint: string;
  /** The hint where it is standard output, which has another choice. */
  readonly elsewhere?: string;
}

const ROOM = 'make room, or choose frames with -Y or -c; what was written is kept';
const ROOM_ELSEWHERE = 'make room, or lead it elsewhere; what was written is kept';

const REASONS: Readonly<Record<string, Reason>> = {
  ENOENT: {
    code: 'output.no-such-folder',
    sentence: 'its folder does not exist',
    hint: 'make the folder or name another one',
  },
  ENOTDIR: { code: 'output.no-such-folder', sentence: 'a part of its path is no folder', hint: 'check the path' },
  EACCES: {
    code: 'output.no-permission',
    sentence: 'this user may not write there',
    hint: 'name a folder in which you may write',
  },
  EPERM: {
    code: 'output.no-permission',
    sentence: 'this user may not write there',
    hint: 'name a folder in which you may write',
  },
  EROFS: { code: 'output.no-permission', sentence: 'the file system is read-only', hint: 'name another folder' },
  EISDIR: { code: 'output.is-a-directory', sentence: 'it is a folder', hint: 'name a file inside it' },
  ENOSPC: { code: 'output.no-space', sentence: 'no space is left', hint: ROOM, elsewhere: ROOM_ELSEWHERE },
  EDQUOT: { code: 'output.no-space', sentence: 'the quota is used up', hint: ROOM, elsewhere: ROOM_ELSEWHERE },
  EFBIG: {
    code: 'output.no-space',
    sentence: 'it is as large as a file may be',
    hint: 'choose frames with -Y or -c; what was written is kept',
    elsewhere: 'lead it elsewhere, or print less; what was written is kept',
  },
  EPIPE: { code: 'output.reader-gone', sentence: 'whoever read it has gone', hint: 'keep the reader running' },
};

/**
 * The error of an output that cannot be written: `output.*`, exit code 2.
 *
 * @param path as the user wrote it; `-` is standard output
 * @param error what the operating system said
 */
export function outputProblem(path: string, error: unknown): SidescopeError {
  const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  const isStandard = path === '-';
  const { code, sentence, hint, elsewhere } = REASONS[reason] ?? {
    code: 'output.write-failed',
    sentence: `the operating system says ${reason}`,
    hint: 'try another file',
    elsewhere: 'lead it elsewhere',
  };
  const message = `cannot write ${isStandard ? 'standard output' : path}: ${sentence}`;
  return new SidescopeError(code, message, isStandard ? (elsewhere ?? hint) : hint, ExitCode.usage, { cause: error });
}
