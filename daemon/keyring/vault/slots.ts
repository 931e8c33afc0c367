// Slots of a vault: each wraps the same data key for one way to open it. Kinds: a passphrase through scrypt, an X25519
// recipient, a systemd credential (a passphrase bound to the credential's name). Reference security C.2.

import { type KeyObject, scryptSync } from 'node:crypto';
import { type CborReader, CborWriter } from './cbor.ts';
import {
  equalOctets,
  NONCE_OCTETS,
  openingKeyOf,
  type Randomness,
  SEAL_KEY_OCTETS,
  seal,
  sealingKeyFor,
  TAG_OCTETS,
  unseal,
  X25519_OCTETS,
  x25519PublicOctets,
} from './sealing.ts';
import { VaultError } from './vault-error.ts';

// The reference says (security C.2).

/** Most slots of a vault. */
export const SLOT_CAP = 16;
/** scrypt block size; no other is read. */
const SCRYPT_R = 8;
/** Binary logarithm of N: the least that is written and read, and the most that a file may ask for (1 GiB). */
export const LEAST_LOG_N = 17;
const MOST_LOG_N = 20;
const MOST_P = 16;
/** Binary logarithm of N in new slots: 256 MiB, about 0.75 s. */
export const DEFAULT_LOG_N = 18;

// We chose.

/** N times p of all slots together: sixteen slots of the default. Above: refused before any work, for it is an attack. */
const MOST_WORK = 2 ** 22;
const SALT_OCTETS = 16;
const WRAPPED_OCTETS = SEAL_KEY_OCTETS + TAG_OCTETS;
const NAME_OCTETS = 64;
const SLOT_ID_MOST = 255;
const LABEL = 'sidescope-slot-v1';
const KINDS = ['passphrase', 'recipient', 'credential'] as const;

/** Cost of scrypt (RFC 7914 2). */
export interface ScryptCost {
  /** Binary logarithm of N. */
  readonly logN: number;
  readonly r: number;
  readonly p: number;
}

/** What every slot has. */
interface SlotBase {
  /** 1 to 255, ascending in the file. */
  readonly id: number;
  readonly nonce: Uint8Array;
  /** The data key, sealed. */
  readonly wrapped: Uint8Array;
}

/** Opened with a passphrase, or with a credential of this name. */
export interface ScryptSlot extends SlotBase {
  readonly kind: 'passphrase' | 'credential';
  readonly cost: ScryptCost;
  readonly salt: Uint8Array;
  /** Name of the credential; empty for a passphrase. */
  readonly name: string;
}

/** Opened with an X25519 private key. */
export interface RecipientSlot extends SlotBase {
  readonly kind: 'recipient';
  readonly recipient: Uint8Array;
  readonly ephemeral: Uint8Array;
}

/** One way to open the vault. */
export type Slot = ScryptSlot | RecipientSlot;

/** A slot as it may be shown. */
export interface SlotRow {
  readonly id: number;
  readonly kind: Slot['kind'];
  /** Name of a credential, public key of a recipient in hex; empty for a passphrase. */
  readonly name: string;
}

/** Slots as they may be shown. */
export function slotRows(slots: readonly Slot[]): SlotRow[] {
  return slots.map((slot) => {
    const name = slot.kind === 'recipient' ? Buffer.from(slot.recipient).toString('hex') : slot.name;
    return { id: slot.id, kind: slot.kind, name };
  });
}

/** What somebody opens a vault with. */
export type Unlock =
  | { readonly kind: 'passphrase'; readonly octets: Uint8Array }
  | { readonly kind: 'credential'; readonly name: string; readonly octets: Uint8Array }
  | { readonly kind: 'identity'; readonly privateKey: KeyObject };

/** What a new slot is for. */
export type SlotRequest =
  | { readonly kind: 'passphrase'; readonly octets: Uint8Array }
  | { readonly kind: 'credential'; readonly name: string; readonly octets: Uint8Array }
  | { readonly kind: 'recipient'; readonly publicKey: Uint8Array };

/** The key of a scrypt slot: where all the time goes. Passed in, so that tests can leave the work out. */
export type PassphraseWork = (passphrase: Uint8Array, salt: Uint8Array, cost: ScryptCost) => Uint8Array;

/** scrypt of OpenSSL. */
export const scryptWork: PassphraseWork = (passphrase, salt, { logN, r, p }) => {
  const N = 2 ** logN;
  // OpenSSL refuses at exactly what it needs; it counts a little beside the table.
  return new Uint8Array(scryptSync(passphrase, salt, SEAL_KEY_OCTETS, { N, r, p, maxmem: 128 * r * (N + p + 2) }));
};

/** Wraps a data key in a new slot. */
export function makeSlot(
  id: number,
  request: SlotRequest,
  vaultId: Uint8Array,
  dataKey: Uint8Array,
  logN: number,
  random: Randomness,
  work: PassphraseWork = scryptWork,
): Slot {
  const nonce = random(NONCE_OCTETS);
  const empty = new Uint8Array(WRAPPED_OCTETS);
  if (request.kind === 'recipient') {
    const recipient = request.publicKey;
    const { key, ephemeral } = sealingKeyFor(recipient, LABEL, random);
    const slot: RecipientSlot = { id, kind: 'recipient', recipient, ephemeral, nonce, wrapped: empty };
    return { ...slot, wrapped: wrap(key, slot, vaultId, dataKey) };
  }
  const salt = random(SALT_OCTETS);
  const cost = { logN, r: SCRYPT_R, p: 1 };
  const name = request.kind === 'credential' ? request.name : '';
  const slot: ScryptSlot = { id, kind: request.kind, cost, salt, name, nonce, wrapped: empty };
  return { ...slot, wrapped: wrap(work(request.octets, salt, cost), slot, vaultId, dataKey) };
}

/** The data key and the slot that gave it, or null where no slot opens. Tries every slot of a fitting kind. */
export function openSlots(
  slots: readonly Slot[],
  unlock: Unlock,
  vaultId: Uint8Array,
  work: PassphraseWork = scryptWork,
): { dataKey: Uint8Array; slot: Slot } | null {
  for (const slot of slots) {
    const key = slotKey(slot, unlock, work);
    if (key === null) continue;
    const dataKey = unseal(key, slot.nonce, associatedData(slot, vaultId), slot.wrapped);
    key.fill(0);
    if (dataKey !== null) return { dataKey, slot };
  }
  return null;
}

function slotKey(slot: Slot, unlock: Unlock, work: PassphraseWork): Uint8Array | null {
  if (slot.kind === 'recipient') {
    if (unlock.kind !== 'identity') return null;
    if (!equalOctets(slot.recipient, x25519PublicOctets(unlock.privateKey))) return null;
    return openingKeyOf(unlock.privateKey, slot.ephemeral, LABEL);
  }
  if (unlock.kind === 'identity') return null;
  if (slot.kind === 'credential' && (unlock.kind !== 'credential' || unlock.name !== slot.name)) return null;
  return work(unlock.octets, slot.salt, slot.cost);
}

function wrap(key: Uint8Array, slot: Slot, vaultId: Uint8Array, dataKey: Uint8Array): Uint8Array {
  const wrapped = seal(key, slot.nonce, associatedData(slot, vaultId), dataKey);
  key.fill(0);
  return wrapped;
}

/** Binds a wrapped key to its vault, its slot and everything that led to its key. */
function associatedData(slot: Slot, vaultId: Uint8Array): Uint8Array {
  const writer = new CborWriter().bytes(vaultId).uint(slot.id).uint(KINDS.indexOf(slot.kind));
  writeParameters(writer, slot);
  return writer.take();
}

/** Writes the slots as they stand in the header. */
export function writeSlots(writer: CborWriter, slots: readonly Slot[]): void {
  writer.list(slots.length);
  for (const slot of slots) {
    writer.map(5).key(1).uint(slot.id).key(2).uint(KINDS.indexOf(slot.kind)).key(3);
    writeParameters(writer, slot);
    writer.key(4).bytes(slot.nonce).key(5).bytes(slot.wrapped);
  }
}

function writeParameters(writer: CborWriter, slot: Slot): void {
  if (slot.kind === 'recipient') {
    writer.map(2).key(1).bytes(slot.recipient).key(2).bytes(slot.ephemeral);
    return;
  }
  const { logN, r, p } = slot.cost;
  writer.map(5).key(1).uint(logN).key(2).uint(r).key(3).uint(p).key(4).bytes(slot.salt).key(5).text(slot.name);
}

/**
 * Reads the slots and checks what they cost, before anybody pays.
 *
 * @param leastLogN lower than 17 in tests only
 */
export function readSlots(reader: CborReader, path: string, leastLogN: number): Slot[] {
  const count = reader.list(SLOT_CAP);
  if (count === 0) throw reader.problem('it has no slots');
  const slots: Slot[] = [];
  let lastId = 0;
  for (let i = 0; i < count; i++) {
    reader.map(5);
    reader.key(1);
    const id = reader.uint(lastId + 1, SLOT_ID_MOST);
    lastId = id;
    reader.key(2);
    const kind = KINDS[reader.uint(0, KINDS.length - 1)];
    reader.key(3);
    const parameters = kind === 'recipient' ? readRecipient(reader) : readScrypt(reader, kind);
    reader.key(4);
    const nonce = reader.bytes(NONCE_OCTETS);
    reader.key(5);
    slots.push({ id, nonce, wrapped: reader.bytes(WRAPPED_OCTETS), ...parameters });
  }
  checkCost(slots, path, leastLogN);
  return slots;
}

function readRecipient(reader: CborReader): Pick<RecipientSlot, 'kind' | 'recipient' | 'ephemeral'> {
  reader.map(2);
  reader.key(1);
  const recipient = reader.bytes(X25519_OCTETS);
  reader.key(2);
  return { kind: 'recipient', recipient, ephemeral: reader.bytes(X25519_OCTETS) };
}

function readScrypt(reader: CborReader, kind: ScryptSlot['kind']): Pick<ScryptSlot, 'kind' | 'cost' | 'salt' | 'name'> {
  reader.map(5);
  reader.key(1);
  const logN = reader.uint();
  reader.key(2);
  const r = reader.uint();
  reader.key(3);
  const p = reader.uint(1);
  reader.key(4);
  const salt = reader.bytes(SALT_OCTETS);
  reader.key(5);
  const name = reader.text(NAME_OCTETS);
  if ((kind === 'credential') !== (name !== '')) throw reader.problem('a slot has a name where none belongs, or none');
  return { kind, cost: { logN, r, p }, salt, name };
}

function checkCost(slots: readonly Slot[], path: string, leastLogN: number): void {
  let work = 0;
  for (const slot of slots) {
    if (slot.kind === 'recipient') continue;
    const { logN, r, p } = slot.cost;
    if (logN > MOST_LOG_N || r > SCRYPT_R || p > MOST_P) throw tooCostly(path);
    if (logN < leastLogN || r < SCRYPT_R) {
      throw new VaultError(
        'cost-too-low',
        `${path} protects its passphrase with less work than sidescope accepts`,
        'Somebody made this file with another program or changed it: restore it from a copy you trust',
      );
    }
    work += p * 2 ** logN;
  }
  if (work > MOST_WORK) throw tooCostly(path);
}

function tooCostly(path: string): VaultError {
  return new VaultError(
    'cost-too-high',
    `${path} asks for more passphrase work than sidescope ever writes`,
    'Nothing was computed: the file may be made to keep this machine busy; restore it from a copy you trust',
  );
}
