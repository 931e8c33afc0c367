// The daemon's own files: its key, the operator's public key, TLS, revoked grants; and the note beside the vault that says
// where the control socket of the daemon that has it open is.

import { closeSync, fstatSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ExitCode, SidescopeError } from '../errors.ts';
import { isPublicHex } from '../relay/ed25519.ts';
import type { DaemonConfig } from './config.ts';

/** Names in the state folder. */
export const DAEMON_KEY = 'daemon.key';
export const REVOCATIONS = 'revocations';
/** Name beside the journal's files. */
const STATE_COPY = 'relay.epoch';

/** Octets of a file of ours. Above: an error. */
const FILE_MOST = 1 << 20;
const OTHERS = 0o077;

/** Path of the note beside a vault. */
export function controlNotePath(vault: string): string {
  return `${vault}.control`;
}

/** Where the control socket of the daemon is that has a vault open, as its note says; null where there is no note. */
export function readControlNote(vault: string): string | null {
  try {
    const path = readFileSync(controlNotePath(vault), 'utf8').trim();
    return path === '' ? null : path;
  } catch {
    return null;
  }
}

/** Leaves the note; gives what takes it away again. Without it commands do not find the daemon by themselves. */
export function leaveControlNote(config: DaemonConfig): () => void {
  if (config.keys.kind !== 'vault') return () => undefined;
  const path = controlNotePath(config.keys.path);
  writeFileSync(path, `${config.control}\n`, { mode: 0o600 });
  return () => rmSync(path, { force: true });
}

/** Path of the daemon's private key. */
export function daemonKeyPath({ state }: Pick<DaemonConfig, 'state'>): string {
  return join(state, DAEMON_KEY);
}

/** Path of the revoked grants. */
export function revocationsPath({ state }: Pick<DaemonConfig, 'state'>): string {
  return join(state, REVOCATIONS);
}

/** Path of the copy of where the state stands. */
export function stateCopyPath({ journal }: Pick<DaemonConfig, 'journal'>): string {
  return join(journal.folder, STATE_COPY);
}

/** The operator's public key, 64 hex digits, from the file that the configuration names. @throws SidescopeError */
export function readOperator({ relay }: Pick<DaemonConfig, 'relay'>): string {
  const text = readText(relay.operator, 'the public key of the operator').trim();
  if (isPublicHex(text)) return text;
  const message = `${relay.operator} is no public key of an operator`;
  throw new SidescopeError('config.operator', message, 'It is one line of 64 hex digits', ExitCode.usage);
}

/**
 * Certificate and key for TLS, PEM. Symbolic links are followed: programs that renew certificates put them there.
 *
 * @throws SidescopeError `config.file`; `config.too-open` where others may read or write the key
 */
export function readTls({ relay }: Pick<DaemonConfig, 'relay'>): { certificate: string; key: string } {
  if (relay.certificate === null || relay.privateKey === null) throw new RangeError('no TLS was configured');
  return {
    certificate: readText(relay.certificate, 'the TLS certificate'),
    key: readText(relay.privateKey, 'the TLS key', true),
  };
}

function readText(path: string, what: string, isSecret = false): string {
  try {
    const handle = openSync(path, 'r');
    try {
      const { mode } = fstatSync(handle);
      if (isSecret && (mode & OTHERS) !== 0) throw tooOpen(path, what, mode & 0o777);
      const octets = readFileSync(handle);
      if (octets.length <= FILE_MOST) return octets.toString('utf8');
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    if (error instanceof SidescopeError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    const message = `${what} ${path} cannot be read (${code})`;
    throw new SidescopeError('config.file', message, 'Check its name and its rights', ExitCode.usage);
  }
  throw new SidescopeError('config.file', `${what} ${path} is too large`, 'Check its name', ExitCode.usage);
}

function tooOpen(path: string, what: string, mode: number): SidescopeError {
  const message = `${what} ${path} can be read or written by others (mode ${mode.toString(8).padStart(4, '0')})`;
  const hint = `\`chmod 600 ${path}\`, and make a new key and certificate if somebody could read it`;
  return new SidescopeError('config.too-open', message, hint, ExitCode.refused);
}
