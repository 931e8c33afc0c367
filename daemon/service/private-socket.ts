// A Unix socket that only its owner can reach from the first moment on. A socket left by a process that is gone is
// replaced; one that somebody answers on is not.

import { chmodSync, lstatSync, mkdirSync, unlinkSync } from 'node:fs';
import { createConnection, type Server } from 'node:net';
import { dirname } from 'node:path';
import { ExitCode, SidescopeError } from '../errors.ts';

// The specification says (unix(7)): octets of a path that sockaddr_un holds, less its final zero.
const PATH_MOST = 107;
// We chose.
/** Everything but the owner's rights is masked while the socket is made. */
const OWNER_ONLY = 0o177;
/** How long a listener that may be there has to answer (ms). */
const PROBE_MS = 500;

/**
 * Listens on a Unix socket with mode 0600. Its folder is made (0700) where it is missing.
 *
 * @throws SidescopeError `socket.*`, exit code 2
 */
export async function listenPrivately(server: Server, path: string): Promise<void> {
  if (Buffer.byteLength(path) > PATH_MOST) {
    throw wrong('socket.path-too-long', `${path} is longer than a socket's path may be`, 'Choose a shorter folder');
  }
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  await removeStale(path);
  const mask = process.umask(OWNER_ONLY);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ path }, () => {
        server.removeListener('error', reject);
        resolve();
      });
    });
    chmodSync(path, 0o600);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw wrong('socket.not-opened', `cannot listen on ${path} (${code})`, 'Check the folder and its rights', error);
  } finally {
    process.umask(mask);
  }
}

async function removeStale(path: string): Promise<void> {
  const facts = lstatSync(path, { throwIfNoEntry: false });
  if (facts === undefined) return;
  if (!facts.isSocket()) {
    throw wrong('socket.not-a-socket', `${path} is there and no socket`, 'Name another path, or move that file away');
  }
  if (await answers(path)) {
    throw wrong('socket.in-use', `another process listens on ${path}`, 'Stop that daemon first');
  }
  unlinkSync(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createConnection({ path });
    const end = (result: boolean): void => {
      probe.destroy();
      resolve(result);
    };
    probe.setTimeout(PROBE_MS, () => end(true));
    probe.once('connect', () => end(true));
    probe.once('error', () => end(false));
  });
}

function wrong(code: string, message: string, hint: string, cause?: unknown): SidescopeError {
  return new SidescopeError(code, message, hint, ExitCode.usage, { cause });
}
