// A group under a key hierarchy with members that listen, for tests of rekey messages.

import { createHash } from 'node:crypto';
import { LkhTree, type RandomOctets } from '../../../daemon/keying/lkh.ts';
import { leafKey, managerKeyId, managerPrivateKey, managerPublicOctets } from '../../../daemon/keying/lkh-crypto.ts';
import { LkhReceiver } from '../../../daemon/keying/lkh-receiver.ts';
import { buildRekey, type RekeySigner } from '../../../daemon/keying/lkh-sender.ts';
import type { MikeyResult } from '../../../daemon/keying/mikey-receiver.ts';
import type { PgkToDeliver } from '../../../daemon/keying/mikey-sender.ts';
import { Keyring } from '../../../daemon/keyring/keyring.ts';
import { DEFAULT_MIKEY_PROFILE, Pmk } from '../../../daemon/keyring/pmk.ts';
import { type LkhUpdate, parseLkhRekey } from '../../../dissectors/keying/lkh-rekey.ts';
import { GROUP, HOUR, hexOf, NOW } from './mikey-fixture.ts';

const PRIVATE = managerPrivateKey(new Uint8Array(32).fill(7));
export const PUBLIC = managerPublicOctets(PRIVATE);
export const SIGNER: RekeySigner = { privateKey: PRIVATE, keyId: managerKeyId(PUBLIC) };

/** Octets that differ from call to call and are the same in every run. */
export function countingRandom(seed = 0): RandomOctets {
  let calls = 0;
  return (octets) => {
    const digest = createHash('sha512').update(`${seed}/${calls++}`).digest();
    return Uint8Array.from({ length: octets }, (_, i) => digest[i % digest.length]);
  };
}

export function pmkOf(member: number): Uint8Array {
  return new Uint8Array(createHash('sha256').update(`pmk ${member}`).digest());
}

export function pmkIdOf(member: number): Uint8Array {
  return Buffer.from(`pmk-${member}`);
}

/** What a member is given before the first message: its PMK and the manager's public key. */
export function memberKeyring(member: number): Keyring {
  const pmk = new Pmk(pmkIdOf(member), pmkOf(member), member, DEFAULT_MIKEY_PROFILE);
  return new Keyring({ groups: [], pmks: [pmk], lkh: [], managers: [{ name: 'Chief 1', publicKey: PUBLIC }] });
}

export class Listener {
  readonly keyring: Keyring;
  readonly receiver: LkhReceiver;

  constructor(keyring: Keyring) {
    this.keyring = keyring;
    this.receiver = new LkhReceiver(keyring);
  }

  hear(message: Uint8Array, time = NOW): MikeyResult {
    const frame = new Uint8Array(message.length + 50).fill(0xee);
    frame.set(message, 28);
    return this.receiver.receive(frame, 28, 28 + message.length, time);
  }

  pgk(id: number): string | null {
    return hexOf(this.keyring.groupById(GROUP)?.keys.find((key) => key.id === id)?.octets ?? null);
  }
}

/** The manager's side. Each message is what it would send. */
export class TestManager {
  readonly tree: LkhTree;
  readonly random: RandomOctets;
  counter = 0;

  constructor(arity: number, members: readonly number[], seed = 0) {
    this.random = countingRandom(seed);
    this.tree = LkhTree.build(arity, members, {
      random: this.random,
      leafKey: (member, node, version) => leafKey(pmkOf(member), GROUP, node, version),
    });
  }

  pgk(pgkId: number, changes: Partial<PgkToDeliver> = {}): PgkToDeliver {
    return { group: GROUP, pgkId, octets: this.random(32), notBefore: NOW, notAfter: NOW + HOUR, ...changes };
  }

  rekey(updates: readonly LkhUpdate[], pgks: readonly PgkToDeliver[]): Uint8Array {
    return this.#send(null, updates, pgks);
  }

  welcome(member: number, pgks: readonly PgkToDeliver[]): Uint8Array {
    return this.#send(member, this.tree.welcome(member), pgks);
  }

  #send(member: number | null, updates: readonly LkhUpdate[], pgks: readonly PgkToDeliver[]): Uint8Array {
    const leaf = member === null ? null : this.tree.leaf(member);
    const placement =
      leaf === null || member === null ? null : { pmkId: pmkIdOf(member), node: leaf.node, version: leaf.version };
    const { arity, root } = this.tree;
    const pgkKey = leaf ?? root;
    const counter = ++this.counter;
    return buildRekey({ group: GROUP, arity, issued: NOW, counter, placement, updates, pgkKey, pgks }, SIGNER);
  }
}

/** Everything enciphered that a message holds. */
export function wrappedIn(message: Uint8Array): Uint8Array[] {
  const parsed = parseLkhRekey(message, 0, message.length).message;
  if (parsed === null) throw new Error('the message cannot be read');
  const nodes = parsed.updates.flatMap((update) => update.copies.map((copy) => copy.wrapped));
  return [...nodes, ...parsed.pgks.map((pgk) => pgk.wrapped)];
}
