// The small file beside the audit log with the MAC key of the next record, and where the log stands.

import { CborReader, CborWriter } from '../keyring/vault/cbor.ts';
import { type FileSystem, readPrivate, replaceFile } from '../keyring/vault/file-system.ts';
import { HASH_OCTETS, SEAL_KEY_OCTETS } from '../keyring/vault/sealing.ts';
import { VAULT_ID_OCTETS } from '../keyring/vault/vault-format.ts';
import { AuditError, notWritten } from './audit-error.ts';
import type { LogPoint } from './walk.ts';

// We chose.

const KEY_MAGIC = Buffer.from('SSCOPEAK');
const KEY_FILE_MOST = 512;
export const KEY_WHAT = 'the key of the audit log';

/** Path of the key file of a log. */
export function auditKeyPath(logPath: string): string {
  return `${logPath}-key`;
}

/** @throws AuditError `key-damaged`, VaultError */
export function readKeyFile(fs: FileSystem, path: string): { vaultId: Uint8Array; point: LogPoint } {
  const octets = readPrivate(fs, path, KEY_FILE_MOST, KEY_WHAT);
  try {
    if (!KEY_MAGIC.every((octet, index) => octets[index] === octet)) throw new RangeError('no key file');
    const reader = new CborReader(octets.subarray(KEY_MAGIC.length), path);
    reader.map(5);
    reader.key(1);
    const vaultId = reader.bytes(VAULT_ID_OCTETS);
    reader.key(2);
    const seq = reader.uint();
    reader.key(3);
    const hash = reader.bytes(HASH_OCTETS);
    reader.key(4);
    const offset = reader.uint();
    reader.key(5);
    const key = reader.bytes(SEAL_KEY_OCTETS);
    reader.end();
    return { vaultId, point: { seq, hash, key, offset } };
  } catch (cause) {
    const hint = 'Find out who changed it; `sidescope keys verify --renew REASON` makes it anew from the vault';
    throw new AuditError('key-damaged', `${path} was changed`, hint, { cause });
  } finally {
    octets.fill(0);
  }
}

/** @throws AuditError `not-written` */
export function writeKeyFile(fs: FileSystem, path: string, vaultId: Uint8Array, point: LogPoint): void {
  const { seq, hash, offset, key } = point;
  const writer = new CborWriter().map(5).key(1).bytes(vaultId).key(2).uint(seq).key(3).bytes(hash);
  writer.key(4).uint(offset).key(5).bytes(key);
  const octets = Buffer.concat([KEY_MAGIC, writer.take()]);
  try {
    replaceFile(fs, path, octets);
  } catch (error) {
    throw notWritten(error, path);
  } finally {
    octets.fill(0);
  }
}
