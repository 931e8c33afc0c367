// Rights and room of the files and folders that a configuration names.

import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

import { type Diagnosis, diagnosis } from './diagnosis.ts';

/** The specification says: octets of a path of a Unix socket on Linux (unix(7)), its end included. */
const SOCKET_PATH_OCTETS = 108;
/** Rights of the group and of others. */
const OTHERS_RIGHTS = 0o077;

/** A file that must be there and readable. @param what e.g. `the certificate` */
export function diagnoseFile(path: string, what: string, isSecret: boolean): Diagnosis[] {
  const evidence = { path };
  let mode: number;
  try {
    const stats = statSync(path);
    if (!stats.isFile()) {
      return [diagnosis('fault', 'config.no-file', `${what} ${path} is no file`, 'name the file itself', evidence)];
    }
    mode = stats.mode & 0o777;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const [message, advice] =
      code === 'ENOENT' || code === 'ENOTDIR'
        ? [`there is no ${what} at ${path}`, '`sidescope daemon --init DIR` makes all that a daemon needs']
        : [`${what} ${path} cannot be looked at (${code})`, 'run this as the user the daemon runs as'];
    return [diagnosis('fault', 'config.no-file', message, advice, evidence)];
  }
  const found: Diagnosis[] = [];
  if (!may(path, constants.R_OK)) {
    const advice = 'give it to the user of the daemon (`chown`), and run this as that user';
    found.push(diagnosis('fault', 'config.no-permission', `this user may not read ${what} ${path}`, advice, evidence));
  }
  if (isSecret && (mode & OTHERS_RIGHTS) !== 0) {
    const message = `${what} ${path} is open to others (mode ${mode.toString(8).padStart(3, '0')})`;
    found.push(
      diagnosis('fault', 'config.too-open', message, `\`chmod 600 ${path}\``, { path, mode: mode.toString(8) }),
    );
  }
  return found;
}

/** A folder that must be there or be made, and be writable. @param needed octets it may come to hold; 0: of no interest */
export function diagnoseFolder(path: string, what: string, needed = 0): Diagnosis[] {
  const there = nearestExisting(path);
  const evidence = { path };
  try {
    if (!statSync(there).isDirectory()) {
      const message = `${what} ${path} cannot be made: ${there} is no folder`;
      return [diagnosis('fault', 'config.no-folder', message, 'name another folder', evidence)];
    }
  } catch (error) {
    const message = `${what} ${path} cannot be looked at (${(error as NodeJS.ErrnoException).code})`;
    return [diagnosis('fault', 'config.no-folder', message, 'run this as the user the daemon runs as', evidence)];
  }
  if (!may(there, constants.W_OK | constants.X_OK)) {
    const message = `this user may not write to ${what} ${path}${there === path ? '' : `, which has to be made in ${there}`}`;
    const advice = 'give the folder to the user of the daemon (`chown`), and run this as that user';
    return [diagnosis('fault', 'config.no-permission', message, advice, evidence)];
  }
  if (needed === 0) return [];
  const { bavail, bsize } = statfsSync(there);
  const free = bavail * bsize;
  if (free >= needed) return [];
  const message = `${what} ${path} may come to ${gigabytes(needed)}, and its disk has ${gigabytes(free)} free`;
  const advice =
    'lower journal.keepMegabytes or keepDays, or give it another disk: when it is full no plaintext leaves';
  return [diagnosis('warning', 'config.disk-too-small', message, advice, { path, needed, free })];
}

/** A path at which a Unix socket is to be. */
export function diagnoseSocketPath(path: string, what: string): Diagnosis[] {
  if (Buffer.byteLength(path) >= SOCKET_PATH_OCTETS) {
    const message = `the path of ${what} is too long: ${Buffer.byteLength(path)} octets, where ${SOCKET_PATH_OCTETS - 1} fit`;
    return [diagnosis('fault', 'config.socket-path', message, 'name a shorter one', { path })];
  }
  return diagnoseFolder(dirname(path), `the folder of ${what}`);
}

function nearestExisting(path: string): string {
  let at = path;
  while (!existsSync(at) && dirname(at) !== at) at = dirname(at);
  return at;
}

function may(path: string, rights: number): boolean {
  try {
    accessSync(path, rights);
    return true;
  } catch {
    return false;
  }
}

function gigabytes(octets: number): string {
  return `${(octets / 1e9).toFixed(1)} GB`;
}
