// Where the messages of `sidescope group` go: a pcap, or a folder with a file each. They are written and made durable under
// another name first, and get their own when the operation is saved: a message that is out there is always on record.

import {
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { ExitCode, SidescopeError } from '../daemon/errors.ts';
import type { BuiltMessage } from '../daemon/keying/group-messenger.ts';
import { layer2IdText } from '../daemon/keyring/keyring.ts';

const UNSENT = '.unsent';

/** Messages that are written and not yet there. */
export interface PendingMessages {
  /** Where they are meanwhile. */
  readonly place: string;
  /** Gives them their name. */
  publish(): void;
  /** Takes them away. */
  discard(): void;
}

/** A pcap that is not there yet. @throws SidescopeError `usage.output` */
export function pendingCapture(path: string, octets: Uint8Array): PendingMessages {
  refuseExisting(path);
  writePrivate(path + UNSENT, octets);
  return pending(path);
}

/** A folder of messages: `00001-rekey-group.bin`, `00002-mikey-0a0b0c.bin`. @throws SidescopeError `usage.output` */
export function pendingFolder(path: string, messages: readonly BuiltMessage[]): PendingMessages {
  refuseExisting(path);
  try {
    mkdirSync(path + UNSENT, { mode: 0o700 });
  } catch (cause) {
    throw outputError(path, cause);
  }
  try {
    for (const [index, { to, kind, octets }] of messages.entries()) {
      const number = String(index + 1).padStart(5, '0');
      writePrivate(join(path + UNSENT, `${number}-${kind}-${to === null ? 'group' : layer2IdText(to)}.bin`), octets);
    }
  } catch (error) {
    // Messages of an operation that never was: nobody may send them, and the next attempt takes their place.
    rmSync(path + UNSENT, { recursive: true, force: true });
    throw error;
  }
  return pending(path);
}

function pending(path: string): PendingMessages {
  return {
    place: path + UNSENT,
    publish() {
      try {
        renameSync(path + UNSENT, path);
        const folder = openSync(dirname(path), constants.O_RDONLY);
        fsyncSync(folder);
        closeSync(folder);
      } catch (cause) {
        throw unnamed(path, cause);
      }
    },
    discard() {
      rmSync(path + UNSENT, { recursive: true, force: true });
    },
  };
}

function refuseExisting(path: string): void {
  for (const each of [path, path + UNSENT]) {
    if (existsSync(each)) throw outputError(each, Object.assign(new Error('it exists'), { code: 'EEXIST' }));
  }
}

function writePrivate(path: string, octets: Uint8Array): void {
  try {
    const handle = openSync(
      path,
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
      0o600,
    );
    try {
      for (let at = 0; at < octets.length; ) at += writeSync(handle, octets, at);
      fsyncSync(handle);
    } catch (error) {
      rmSync(path, { force: true });
      throw error;
    } finally {
      closeSync(handle);
    }
  } catch (cause) {
    throw outputError(path, cause);
  }
}

function outputError(path: string, cause: unknown): SidescopeError {
  const code = (cause as NodeJS.ErrnoException).code ?? 'unknown reason';
  const hint = code === 'EEXIST' ? 'take another name: nothing is overwritten' : 'check path, rights and space';
  return new SidescopeError('usage.output', `${path} was not written (${code})`, hint, ExitCode.usage, { cause });
}

/** The operation is saved, and what carries it out is there under another name. */
function unnamed(path: string, cause: unknown): SidescopeError {
  const code = (cause as NodeJS.ErrnoException).code ?? 'unknown reason';
  const message = `the change is made; its messages are in ${path}${UNSENT} and could not be renamed (${code})`;
  return new SidescopeError('group.unsent', message, 'give them their name and send them', ExitCode.usage, { cause });
}
