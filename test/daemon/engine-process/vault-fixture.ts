// A real vault in a folder, which an X25519 key opens: passphrase work takes the better part of a second each time.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseKeyring } from '../../../daemon/keyring/keyring-file.ts';
import { createVault, Vault } from '../../../daemon/keyring/vault.ts';
import { x25519 } from '../vault/x25519.ts';

/** Where it is and what opens it. */
export interface MadeVault {
  readonly path: string;
  /** PEM file with the private key. */
  readonly identity: string;
}

const IDENTITY = Buffer.alloc(32, 9);

/** Makes a vault. @param keyring text of a keyring file that is imported, or null */
export function makeVault(folder: string, keyring: string | null = null): MadeVault {
  const path = join(folder, 'keys.vault');
  const identity = join(folder, 'id.pem');
  const privateKey = x25519.privateKey(IDENTITY);
  writeFileSync(identity, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
  createVault(path, [{ kind: 'recipient', publicKey: x25519.publicOf(IDENTITY) }], { by: 'a test' });
  if (keyring === null) return { path, identity };
  const vault = Vault.open(path, { kind: 'identity', privateKey }, { by: 'a test' });
  const held = parseKeyring(keyring, 'keyring.json');
  vault.importKeyring(held, 'keyring.json');
  held.wipe();
  vault.close();
  return { path, identity };
}
