// X25519 over raw octets for tests.

import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto';

function privateKey(raw: Uint8Array): KeyObject {
  const der = Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), raw]);
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}

function publicKey(raw: Uint8Array): KeyObject {
  const der = Buffer.concat([Buffer.from('302a300506032b656e032100', 'hex'), raw]);
  return createPublicKey({ key: der, format: 'der', type: 'spki' });
}

export const x25519 = {
  privateKey,
  publicOf: (raw: Uint8Array): Uint8Array =>
    new Uint8Array(createPublicKey(privateKey(raw)).export({ format: 'der', type: 'spki' }).subarray(12)),
  shared: (mine: Uint8Array, theirs: Uint8Array): Uint8Array =>
    new Uint8Array(diffieHellman({ privateKey: privateKey(mine), publicKey: publicKey(theirs) })),
};
