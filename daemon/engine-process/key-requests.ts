// Requests about keys from the control socket, carried out on the open vault. Whatever changes it is durable before it is
// answered (vault.ts), and in force in the running analyses and in the parent's table by then (engine-service.ts).

import { createPrivateKey, type KeyObject } from 'node:crypto';
import { ExitCode, SidescopeError } from '../errors.ts';
import { lintKeys } from '../keyring/key-lint.ts';
import type { Keyring } from '../keyring/keyring.ts';
import { parseKeyring } from '../keyring/keyring-file.ts';
import { parseInstant } from '../keyring/rfc3339.ts';
import { isSealedExport, openExport } from '../keyring/vault/seal-export.ts';
import { copyOf } from '../keyring/vault/sealing.ts';
import type { SlotRequest, Unlock } from '../keyring/vault/slots.ts';
import { KEY_ORDERS, type KeyOrder } from '../keyring/vault/transitions.ts';
import { verifyVault } from '../keyring/vault/verify-vault.ts';
import type { Vault } from '../keyring/vault.ts';
import type { KeysRequest } from './engine-port.ts';
import type { EngineSettings } from './pipe-messages.ts';
import type { ReplayUse } from './replay-use.ts';
import type { RequestOpener, SecretArguments } from './sealed-request.ts';

// We chose.
/** Names in one order, and characters of a reason: as `sidescope keys` has them. */
const NAMES_MOST = 4096;
const REASON_MOST = 500;

/** What requests are carried out with. */
export interface KeyRequestTools {
  readonly vault: Vault;
  readonly settings: EngineSettings;
  readonly opener: RequestOpener;
  readonly replayUse: ReplayUse;
}

/**
 * Carries out a request; gives the data that `sidescope keys` prints.
 *
 * @throws SidescopeError, VaultError, AuditError
 */
export function carryOut(request: KeysRequest, tools: KeyRequestTools): unknown {
  const { vault, opener, replayUse } = tools;
  const verb = request.verb.replace(/^keys\./, '');
  if (isOrder(verb)) return order(verb, request, vault);
  switch (verb) {
    case 'identity':
      return { publicKey: opener.publicKey };
    case 'list':
      return { generation: vault.generation, keys: replayUse.beside(vault.list()), slots: vault.slots };
    case 'import':
      return importFiles(opener.open(request.sealed, verb), vault);
    case 'passwd':
      return changePassphrase(request, opener.open(request.sealed, verb), vault);
    case 'verify':
      return verify(opener.open(request.sealed, verb), tools, request);
    default:
      throw usage(
        'keys.unknown-verb',
        'the engine has no such request about keys',
        'look into `sidescope keys --help`',
      );
  }
}

function isOrder(verb: string): verb is KeyOrder {
  return (KEY_ORDERS as readonly string[]).includes(verb);
}

function order(verb: KeyOrder, request: KeysRequest, vault: Vault): unknown {
  const { names, reason, since, forGood } = request.arguments;
  if (!Array.isArray(names) || names.length === 0 || names.length > NAMES_MOST || !names.every(isText)) {
    throw usage('keys.names', 'no keys were named', 'name them as `sidescope keys list` shows them');
  }
  if (verb === 'destroy' && forGood !== true) {
    const hint = 'say that it is for good; what was sent under them can never be read again with this vault';
    throw usage('usage.for-good', 'destroying keys cannot be undone', hint);
  }
  const why = typeof reason === 'string' && reason !== '' ? reason.slice(0, REASON_MOST) : 'none given';
  const at = since === undefined || since === null ? undefined : instantOf(since);
  return {
    order: verb,
    keys: vault.order(verb, names, `${why} (asked for by ${request.by.slice(0, REASON_MOST)})`, at),
  };
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function instantOf(value: unknown): number {
  const time = typeof value === 'string' ? parseInstant(value) : null;
  if (typeof time === 'number') return time;
  throw usage('keys.since', 'the time is no time', 'give one like 2026-05-01T10:00:00Z');
}

/** Keyring files and sealed exports. All are read before any is used; each is taken as a whole or not at all. */
function importFiles({ files = [], exportIdentity }: SecretArguments, vault: Vault): unknown {
  if (files.length === 0) throw usage('keys.no-files', 'there is nothing to import', 'name keyring files');
  const read: { name: string; keyring: Keyring; isPlain: boolean }[] = [];
  try {
    for (const { name, octets } of files) {
      const content = new Uint8Array(Buffer.from(octets, 'base64'));
      const isPlain = !isSealedExport(content);
      try {
        const keyring = isPlain
          ? parseKeyring(content, name)
          : openExport(content, identityOf(exportIdentity, name), name);
        read.push({ name, keyring, isPlain });
      } finally {
        content.fill(0);
      }
    }
    const imports = read.map(({ name, keyring, isPlain }) => {
      const flaws = lintKeys(keyring);
      return { name, isPlain, flaws, ...vault.importKeyring(keyring, name.slice(name.lastIndexOf('/') + 1)) };
    });
    return { imports };
  } finally {
    for (const { keyring } of read) keyring.wipe();
  }
}

function identityOf(exportIdentity: string | undefined, name: string) {
  if (exportIdentity === undefined) {
    const hint = 'give the private key it was sealed for with --export-identity FILE';
    throw usage('usage.no-identity', `${name} is a sealed export`, hint);
  }
  return privateKeyOf(exportIdentity, 'the export identity');
}

function privateKeyOf(text: string, what: string): KeyObject {
  const der = Buffer.from(text, 'base64');
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  } catch {
    throw usage('keys.identity', `${what} is no private key`, 'give an X25519 private key in PEM');
  } finally {
    der.fill(0);
  }
}

function changePassphrase(request: KeysRequest, secrets: SecretArguments, vault: Vault): unknown {
  const passphrase = (text: string): SlotRequest & Unlock => ({ kind: 'passphrase', octets: octetsOf(text) });
  const { removeSlots } = request.arguments;
  const remove = Array.isArray(removeSlots) ? removeSlots.filter((id): id is number => Number.isSafeInteger(id)) : [];
  const add = (secrets.addPassphrases ?? []).map(passphrase);
  const carry = (secrets.keepPassphrases ?? []).map(passphrase);
  try {
    if (secrets.newPassphrase !== undefined) {
      const { id, kind } = vault.openedBy;
      if (kind === 'recipient') {
        const hint = 'add a passphrase, or remove a slot by its number';
        throw usage('usage.passwd', 'the daemon opened the vault by an identity, which has no passphrase', hint);
      }
      remove.push(id);
      add.push(passphrase(secrets.newPassphrase));
    }
    if (add.length + remove.length === 0) {
      throw usage('usage.passwd', 'nothing is to be changed', 'give a new passphrase, or a slot to remove');
    }
    vault.changeSlots({ add, remove, carry });
    return { slots: vault.slots };
  } finally {
    for (const { octets } of [...add, ...carry]) octets.fill(0);
  }
}

/** Checks the vault as it stands on disk. Opening it anew takes the passphrase, which the child no longer has. */
function verify(secrets: SecretArguments, { settings, vault }: KeyRequestTools, request: KeysRequest): unknown {
  const unlock = unlockOf(secrets);
  if (unlock === null || settings.vault === null) {
    throw usage('keys.no-passphrase', 'a check opens the vault anew', 'give its passphrase, or an identity');
  }
  try {
    const { against } = request.arguments;
    const report = verifyVault(settings.vault, unlock, {
      by: `${settings.by}, keys verify asked for by ${request.by.slice(0, REASON_MOST)}`,
      anchorPath: vault.anchorPath,
      ...(typeof against === 'string' ? { against } : {}),
      isHeldHere: true,
    });
    return { isGood: report.checks.every((check) => check.isGood), ...report };
  } finally {
    if (unlock.kind !== 'identity') unlock.octets.fill(0);
  }
}

/** What opens the vault anew, or null where nothing was given. */
function unlockOf({ passphrase, credential, identity }: SecretArguments): Unlock | null {
  if (identity !== undefined) return { kind: 'identity', privateKey: privateKeyOf(identity, 'the identity') };
  if (passphrase === undefined) return null;
  const octets = octetsOf(passphrase);
  return credential === undefined ? { kind: 'passphrase', octets } : { kind: 'credential', name: credential, octets };
}

/** Octets of their own: those of a small Buffer lie in memory that others share. */
function octetsOf(base64: string): Uint8Array {
  const buffer = Buffer.from(base64, 'base64');
  const octets = copyOf(buffer);
  buffer.fill(0);
  return octets;
}

function usage(code: string, message: string, hint: string): SidescopeError {
  return new SidescopeError(code, message, hint, ExitCode.usage);
}
