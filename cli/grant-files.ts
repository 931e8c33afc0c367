// What `sidescope grant` and `sidescope tap` are given as text or as files: public keys, capabilities.

import { closeSync, openSync, readSync } from 'node:fs';
import { ExitCode, SidescopeError } from '../daemon/errors.ts';
import { CAPABILITY_LENGTH, type Capability, readCapability } from '../daemon/relay/capability.ts';
import { isPublicHex } from '../daemon/relay/ed25519.ts';
import { type KeyKind, publicHalf, readKeyFile } from '../daemon/relay/key-files.ts';
import { RelayError } from '../daemon/relay/relay-error.ts';

/**
 * A public key: 64 hex digits, a file that holds them, or the file of the private key.
 *
 * @param option e.g. `--subject`
 * @throws SidescopeError `usage.key`; RelayError
 */
export function readPublicKey(option: string, text: string, kind: KeyKind): string {
  if (isPublicHex(text)) return text;
  const content = readSmallFile(text);
  if (content === null) {
    const message = `${option} is neither a public key of 64 hex digits nor a file`;
    throw new SidescopeError('usage.key', message, '`sidescope grant identity` prints one', ExitCode.usage);
  }
  const first = content.trim();
  if (isPublicHex(first)) return first;
  // Private keys are read by whoever knows how they must be kept.
  return publicHalf(content, kind) ?? readKeyFile(text, kind).publicKey;
}

/** A capability in a file, or `-` for standard input. @throws RelayError `capability` */
export function readCapabilityFile(path: string): { readonly text: string; readonly claims: Capability } {
  const text = readSmallFile(path)?.trim() ?? null;
  const hint = 'give the file that `sidescope grant issue` wrote';
  if (text === null) throw new RelayError('capability', `${path} cannot be read`, hint);
  const { capability, refusal } = readCapability(text);
  if (capability === null) throw new RelayError('capability', `${path} holds no capability (${refusal})`, hint);
  return { text, claims: capability };
}

/** The text of a file as small as ours are, or null where it cannot be read. */
export function readSmallFile(path: string): string | null {
  const octets = Buffer.alloc(2 * CAPABILITY_LENGTH);
  try {
    const handle = path === '-' ? 0 : openSync(path, 'r');
    try {
      let length = 0;
      for (;;) {
        const read = readSync(handle, octets, length, octets.length - length, null);
        if (read === 0) break;
        length += read;
      }
      return octets.subarray(0, length).toString('utf8');
    } finally {
      if (path !== '-') closeSync(handle);
    }
  } catch {
    return null;
  }
}
