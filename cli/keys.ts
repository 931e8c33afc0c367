// `sidescope keys`: the vault and the keys in it. What a verb does lies in daemon/keyring/vault.ts.

import { basename } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { ExitCode, SidescopeError } from '../daemon/errors.ts';
import type { KeyFlaw } from '../daemon/keyring/key-lint.ts';
import { parseInstant } from '../daemon/keyring/rfc3339.ts';
import { readRecipient } from '../daemon/keyring/vault/key-files.ts';
import { KEY_NAME_FORMS } from '../daemon/keyring/vault/listing.ts';
import { credentialOctets, findPassphrase, passphraseFile } from '../daemon/keyring/vault/passphrase.ts';
import { KEY_ORDERS, type KeyOrder } from '../daemon/keyring/vault/transitions.ts';
import {
  createVault,
  openVault,
  type SlotRequest,
  type SlotRow,
  type Unlock,
  type Vault,
} from '../daemon/keyring/vault.ts';
import { printable } from '../dissectors/printable.ts';
import { DaemonKeys, daemonRuns } from './keys-daemon.ts';
import { readImports, refuseExisting, writeNewFile } from './keys-files.ts';
import { importText, keysJson, keysText, orderText, slotsText } from './keys-text.ts';
import { checkDaemonVault, checkWholeVault } from './keys-verify.ts';
import { oneOf } from './one-of.ts';
import { reasonOption } from './reason.ts';
import { reportWarning } from './report-error.ts';
import { writeOutput } from './stdout.ts';
import { answerUnknownVerb } from './unknown-verb.ts';
import { actor, addVaultOptions, unlockSource, type VaultArguments, vaultPath } from './vault-options.ts';

/** What the options give, after commander has read them; each verb has some of these. */
interface KeysArguments extends VaultArguments {
  readonly type: string;
  readonly reason: string;
  readonly recipient: readonly string[];
  readonly since?: number;
  readonly forGood?: boolean;
  readonly acceptRollback?: string;
  readonly renew?: string;
  readonly against?: string;
  readonly exportIdentity?: string;
  readonly to: string;
  readonly out: string;
  readonly newPassphraseFile?: string;
  readonly addPassphraseFile: readonly string[];
  readonly addCredential: readonly string[];
  readonly keepPassphraseFile: readonly string[];
  readonly removeSlot: readonly number[];
}

const TYPES = ['text', 'json'] as const;
const VERBS = ['init', 'import', 'list', ...KEY_ORDERS, 'passwd', 'verify', 'export'] as const;

const ABOUT: Readonly<Record<KeyOrder, string>> = {
  revoke: 'no longer use keys: a group manager took them back',
  compromise: "no longer use keys: somebody else has them, and what is sent under them may be anybody's",
  suspend: 'not use keys for a while',
  resume: 'use suspended keys again',
  destroy: 'overwrite the octets of keys; ids, windows and fingerprints stay',
};

/** Adds the verbs below `keys`. */
export function configure(command: Command): void {
  verb(command, 'init', 'make a vault', '[vault]')
    .option('--recipient <key>', 'X25519 public key that opens the vault: hex, or a PEM file; repeatable', gather, [])
    .action(init);
  verb(command, 'import', 'take in keyring files, or sealed exports', '<file...>')
    .option('--export-identity <file>', 'X25519 private key (PEM) that sealed exports were made for')
    .action(importFiles);
  verb(command, 'list', 'show the keys: ids, windows, states, fingerprints, use; never a key', '[vault]')
    .option('-T, --type <type>', `form of the output: ${TYPES.join(', ')}`, oneOf(TYPES), 'text')
    .option('--accept-rollback <reason>', 'open an older copy, for reading only; say why', reasonOption)
    .action(list);
  for (const order of KEY_ORDERS) {
    const one = verb(command, order, ABOUT[order], '<key...>');
    one.option('--reason <text>', 'why, for the audit log', reasonOption, 'none given');
    if (order === 'compromise') one.option('--since <time>', 'since when, RFC 3339 in UTC; else now', instantOption);
    if (order === 'destroy') one.option('--for-good', 'say that you mean it: nothing brings the octets back');
    one.addHelpText('after', `\nA key is named by ${KEY_NAME_FORMS}.`);
    one.action((names: readonly string[], options: KeysArguments) => carryOut(order, names, options));
  }
  verb(command, 'passwd', 'change who can open the vault; where somebody goes, the data key is a new one', '[vault]')
    .option('--new-passphrase-file <file>', 'file with the new passphrase')
    .option('--add-passphrase-file <file>', 'a passphrase that opens the vault too; repeatable', gather, [])
    .option('--add-credential <name>', 'a systemd credential that opens the vault too; repeatable', gather, [])
    .option('--recipient <key>', 'an X25519 public key that opens the vault too; repeatable', gather, [])
    .option('--remove-slot <id>', 'take a way to open the vault away; repeatable', gatherSlots, [])
    .option('--keep-passphrase-file <file>', 'another passphrase that goes on opening it; repeatable', gather, [])
    .action(passwd);
  verb(command, 'verify', 'check vault, anchor and audit log; exit code 1 where something is wrong', '[vault]')
    .option('-T, --type <type>', `form of the output: ${TYPES.join(', ')}`, oneOf(TYPES), 'text')
    .option('--against <file>', 'a checkpoint that was kept elsewhere; the audit log must contain it')
    .option('--renew <reason>', 'make lost side files anew and take the clock as it is; say why', reasonOption)
    .action(verify);
  verb(command, 'export', "seal keys to a recipient's public key", '<key...>')
    .requiredOption('--to <key>', 'X25519 public key of the recipient: hex, or a PEM file')
    .requiredOption('-o, --out <file>', 'file to write; it must not exist')
    .option('--reason <text>', 'why, for the audit log', reasonOption, 'none given')
    .option('--accept-rollback <reason>', 'open an older copy, for reading only; say why', reasonOption)
    .addHelpText('after', `\nA key is named by ${KEY_NAME_FORMS}.`)
    .action(exportKeys);
  answerUnknownVerb(command, VERBS);
}

function verb(parent: Command, name: (typeof VERBS)[number], about: string, argument: string): Command {
  return addVaultOptions(parent.command(name).description(about).argument(argument));
}

async function init(named: string | undefined, options: KeysArguments): Promise<void> {
  const path = vaultPath(options, named);
  const requests: SlotRequest[] = options.recipient.map((text) => ({
    kind: 'recipient',
    publicKey: readRecipient(text),
  }));
  if (requests.length === 0 || options.passphraseFile !== undefined) {
    const question = `New passphrase of ${path}: `;
    const { octets, credential } = await findPassphrase(options.passphraseFile, question, 'The same again: ');
    requests.push(
      credential === null ? { kind: 'passphrase', octets } : { kind: 'credential', name: credential, octets },
    );
  }
  createVault(path, requests, { by: actor('keys init'), anchorPath: options.anchor });
  wipe(requests);
  writeOutput(`made ${printable(path)}\n`);
}

async function importFiles(files: readonly string[], options: KeysArguments): Promise<void> {
  const path = vaultPath(options);
  const daemon = await DaemonKeys.find(path, 'keys import');
  if (daemon !== null) {
    await importIntoDaemon(daemon, files, options);
    return;
  }
  // Read first, so that nobody types a passphrase for files that are wrong.
  const imports = await readImports(files, options.exportIdentity ?? options.identity);
  const vault = await open(path, options, 'keys import');
  try {
    for (const { keyring, name, flaws, isPlain } of imports) {
      writeOutput(importText(name, vault.importKeyring(keyring, basename(name))));
      tellOfFile(name, { flaws, isPlain });
    }
  } finally {
    for (const { keyring } of imports) keyring.wipe();
    vault.close();
  }
}

async function importIntoDaemon(daemon: DaemonKeys, files: readonly string[], options: KeysArguments): Promise<void> {
  try {
    for (const result of await daemon.importFiles(files, options.exportIdentity ?? options.identity)) {
      writeOutput(importText(result.name, result));
      tellOfFile(result.name, result);
    }
  } finally {
    daemon.close();
  }
}

/** What the user should know of a file that was imported. */
function tellOfFile(name: string, { flaws, isPlain }: { flaws: readonly KeyFlaw[]; isPlain: boolean }): void {
  for (const flaw of flaws) reportWarning(flaw.name, `${name}, group ${flaw.group}: ${flaw.text}`, '');
  if (isPlain) {
    reportWarning('keyring.plain', `${name} still holds its keys in the clear`, 'delete it where it is not needed');
  }
}

async function list(named: string | undefined, options: KeysArguments): Promise<void> {
  const path = vaultPath(options, named);
  const daemon = await DaemonKeys.find(path, 'keys list');
  const vault = daemon === null ? await open(path, options, 'keys list') : null;
  try {
    const listed = daemon === null ? null : await daemon.list();
    const rows = listed?.keys ?? vault?.list() ?? [];
    const generation = listed?.generation ?? vault?.generation ?? 0;
    writeOutput(options.type === 'json' ? keysJson(generation, rows) : keysText(rows));
  } finally {
    vault?.close();
    daemon?.close();
  }
}

async function carryOut(order: KeyOrder, names: readonly string[], options: KeysArguments): Promise<void> {
  if (order === 'destroy' && options.forGood !== true) {
    const hint = 'add --for-good; what was sent under them can never be read again with this vault';
    throw new SidescopeError('usage.for-good', 'destroying keys cannot be undone', hint, ExitCode.usage);
  }
  const path = vaultPath(options);
  const { reason, since } = options;
  const daemon = await DaemonKeys.find(path, `keys ${order}`);
  if (daemon !== null) {
    try {
      const how = { reason, since, forGood: options.forGood === true };
      writeOutput(orderText(order, await daemon.order(order, keyNames(names), how)));
    } finally {
      daemon.close();
    }
    return;
  }
  const vault = await open(path, options, `keys ${order}`);
  try {
    writeOutput(orderText(order, vault.order(order, keyNames(names), reason, since)));
  } finally {
    vault.close();
  }
}

async function passwd(named: string | undefined, options: KeysArguments): Promise<void> {
  const path = vaultPath(options, named);
  const add: SlotRequest[] = options.recipient.map((text) => ({ kind: 'recipient', publicKey: readRecipient(text) }));
  for (const file of options.addPassphraseFile) add.push({ kind: 'passphrase', octets: passphraseFile(file) });
  for (const name of options.addCredential) add.push(credentialSlot(name));
  const carry = options.keepPassphraseFile.map(
    (file): Unlock => ({ kind: 'passphrase', octets: passphraseFile(file) }),
  );
  const remove = [...options.removeSlot];
  const daemon = await DaemonKeys.find(path, 'keys passwd');
  if (daemon !== null) {
    await passwdOfDaemon(daemon, path, options, { add, carry, remove });
    return;
  }
  const vault = await open(path, options, 'keys passwd');
  try {
    if (add.length === 0 && remove.length === 0) {
      // The plain case: the passphrase that was just given is replaced.
      const { id, kind } = vault.openedBy;
      if (kind === 'recipient') {
        const hint = 'say what is to change: --add-passphrase-file, --recipient, --remove-slot';
        throw new SidescopeError('usage.passwd', 'an identity has no passphrase to change', hint, ExitCode.usage);
      }
      remove.push(id);
      const file = options.newPassphraseFile;
      const octets = file === undefined ? (await findNewPassphrase(path)).octets : passphraseFile(file);
      add.push({ kind: 'passphrase', octets });
    }
    vault.changeSlots({ add, remove, carry });
    tellOfSlots(path, vault.slots, remove.length > 0);
  } finally {
    wipe([...add, ...carry]);
    vault.close();
  }
}

/** The same with the daemon: what opens the vault besides passphrases is changed while it does not run. */
async function passwdOfDaemon(
  daemon: DaemonKeys,
  path: string,
  options: KeysArguments,
  { add, carry, remove }: { add: readonly SlotRequest[]; carry: readonly Unlock[]; remove: readonly number[] },
): Promise<void> {
  const others = add.filter(({ kind }) => kind !== 'passphrase');
  const secrets = [...add, ...carry];
  let fresh: Uint8Array | null = null;
  try {
    if (others.length > 0) throw daemonRuns('add recipients and credentials');
    const octetsOf = (each: SlotRequest | Unlock): Uint8Array[] => ('octets' in each ? [each.octets] : []);
    if (add.length === 0 && remove.length === 0) {
      const file = options.newPassphraseFile;
      fresh = file === undefined ? (await findNewPassphrase(path)).octets : passphraseFile(file);
    }
    const change = { replace: fresh, add: add.flatMap(octetsOf), keep: carry.flatMap(octetsOf), removeSlots: remove };
    tellOfSlots(path, await daemon.changeSlots(change), fresh !== null || remove.length > 0);
  } finally {
    fresh?.fill(0);
    wipe(secrets);
    daemon.close();
  }
}

function tellOfSlots(path: string, slots: readonly SlotRow[], isRotated: boolean): void {
  writeOutput(`${printable(path)} is opened by\n${slotsText(slots)}`);
  if (!isRotated) return;
  const hint = 'delete old copies, and replace keys that whoever had the old passphrase must not know';
  reportWarning('vault.old-copies', 'copies of the vault made before go on opening with the old passphrase', hint);
}

function findNewPassphrase(path: string): ReturnType<typeof findPassphrase> {
  return findPassphrase(undefined, `New passphrase of ${path}: `, 'The same again: ');
}

async function verify(named: string | undefined, options: KeysArguments): Promise<void> {
  const path = vaultPath(options, named);
  const daemon = await DaemonKeys.find(path, 'keys verify');
  if (daemon !== null) {
    try {
      if (options.renew !== undefined) throw daemonRuns('make side files anew');
      const unlock = await unlockSource(options, path)();
      const isGood = await checkDaemonVault(daemon, unlock, options.type === 'json', options.against);
      if (!isGood) process.exitCode = ExitCode.finding;
    } finally {
      daemon.close();
    }
    return;
  }
  const isGood = await checkWholeVault(path, unlockSource(options, path), {
    isJson: options.type === 'json',
    anchorPath: options.anchor,
    against: options.against,
    renew: options.renew,
  });
  if (!isGood) process.exitCode = ExitCode.finding;
}

async function exportKeys(names: readonly string[], options: KeysArguments): Promise<void> {
  const recipient = readRecipient(options.to);
  // What is given out is on record first: not where it cannot be.
  refuseExisting(options.out);
  const daemon = await DaemonKeys.find(vaultPath(options), 'keys export');
  if (daemon !== null) {
    daemon.close();
    throw daemonRuns('export keys');
  }
  const vault = await open(vaultPath(options), options, 'keys export');
  try {
    const { octets, keys } = vault.exportKeys(keyNames(names), recipient, options.reason);
    writeNewFile(options.out, octets);
    writeOutput(`sealed ${keys} ${keys === 1 ? 'key' : 'keys'} into ${printable(options.out)}\n`);
  } finally {
    vault.close();
  }
}

async function open(path: string, options: KeysArguments, what: string): Promise<Vault> {
  const { anchor: anchorPath, acceptRollback } = options;
  const vault = await openVault(path, unlockSource(options, path), { by: actor(what), anchorPath, acceptRollback });
  for (const text of vault.accepted) reportWarning('vault.accepted', text, 'what is shown may be out of date');
  return vault;
}

/** `f00001 39` is meant as `f00001/39`. */
function keyNames(words: readonly string[]): string[] {
  const names: string[] = [];
  for (const word of words) {
    const last = names.at(-1);
    if (/^\d{1,3}$/.test(word) && last !== undefined && /^[0-9a-f]{6}$/.test(last))
      names[names.length - 1] += `/${word}`;
    else names.push(word);
  }
  return names;
}

function credentialSlot(name: string): SlotRequest {
  const octets = credentialOctets(name);
  if (octets !== null) return { kind: 'credential', name, octets };
  const hint = 'run this in a unit with LoadCredential= or LoadCredentialEncrypted= for it';
  throw new SidescopeError('usage.no-credential', 'systemd gave no credential of that name', hint, ExitCode.usage);
}

function wipe(secrets: readonly (SlotRequest | Unlock)[]): void {
  for (const secret of secrets) if ('octets' in secret) secret.octets.fill(0);
}

function gather(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function gatherSlots(value: string, before: readonly number[]): readonly number[] {
  const id = Number(value);
  if (!Number.isSafeInteger(id) || id < 1) throw new InvalidArgumentError('It is the number of a slot.');
  return [...before, id];
}

function instantOption(value: string): number {
  const time = parseInstant(value);
  if (typeof time === 'number') return time;
  throw new InvalidArgumentError('It is a time like 2026-05-01T10:00:00Z.');
}
