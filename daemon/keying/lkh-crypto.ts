// The cryptography of rekey messages: leaf keys out of PMKs, the manager's signature.

import { createHash, createPrivateKey, createPublicKey, hkdfSync, type KeyObject, sign, verify } from 'node:crypto';
import { MANAGER_ID_OCTETS } from '../../dissectors/keying/lkh-rekey.ts';
import { OctetWriter } from '../../dissectors/octets.ts';

// The specification says.

/** Octets of a node key: AES-256 keys for AES key wrap (RFC 3394 2). */
export const NODE_KEY_OCTETS = 32;
/** What stands before 32 octets of a key in PKCS #8 and in SubjectPublicKeyInfo (RFC 8410 4, 7). */
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI_ED25519 = Buffer.from('302a300506032b6570032100', 'hex');

/** We chose: what keeps leaf keys apart from everything else that is made from a PMK. */
const LEAF_LABEL = Buffer.from('sidescope-lkh-leaf-v1');

/**
 * The key of the leaf that a member is placed at: HKDF-SHA-256 (RFC 5869) of its PMK. It needs no delivery of its own.
 *
 * @param pmk 32 octets
 * @param group Layer-2 id
 * @param node number of the leaf
 */
export function leafKey(pmk: Uint8Array, group: number, node: number, version: number): Uint8Array {
  const place = new OctetWriter().bytes(LEAF_LABEL).uint24(group).uint32(node).uint32(version).take();
  return new Uint8Array(hkdfSync('sha256', pmk, new Uint8Array(0), place, NODE_KEY_OCTETS));
}

/** Names a manager's public key: the first 8 octets of its SHA-256. */
export function managerKeyId(publicKey: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(publicKey).digest().subarray(0, MANAGER_ID_OCTETS));
}

/** The Ed25519 private key of a seed of 32 octets (RFC 8032 5.1.5). */
export function managerPrivateKey(seed: Uint8Array): KeyObject {
  const der = Buffer.concat([PKCS8_ED25519, seed]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  der.fill(0);
  return key;
}

/** The 32 octets of the public key that belongs to a private one. */
export function managerPublicOctets(privateKey: KeyObject): Uint8Array {
  const der = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return new Uint8Array(der.subarray(SPKI_ED25519.length));
}

/** Signs the octets of a message (RFC 8032 5.1.6). */
export function signRekey(contents: Uint8Array, privateKey: KeyObject): Uint8Array {
  return new Uint8Array(sign(null, contents, privateKey));
}

/** Whether a signature is right (RFC 8032 5.1.7); also no for a public key that is no point of the curve. */
export function isSignatureRight(contents: Uint8Array, publicKey: Uint8Array, signature: Uint8Array): boolean {
  try {
    const key = createPublicKey({ key: Buffer.concat([SPKI_ED25519, publicKey]), format: 'der', type: 'spki' });
    return verify(null, contents, key, signature);
  } catch {
    return false;
  }
}
