// The keyring file of interfaces 2: plain JSON for laboratories and tests.
//
// What is read here are keys in the clear. The octets of a file are overwritten when they have been read; the strings
// that the readers make on the way cannot be, but nothing keeps them: keys become octets at once, names are copied
// out of the text.

import { isAscii } from 'node:buffer';
import { ExitCode, SidescopeError } from '../errors.ts';
import { JsonReader } from './json-reader.ts';
import type { Keyring } from './keyring.ts';
import { assembleKeyring } from './keyring-assembly.ts';
import { heldInput, KEYRING_FILE_OCTETS, type KeyringInput, openInput, tooLarge } from './keyring-input.ts';
import { type KeyringDraft, readKeyring } from './keyring-schema.ts';
import { OctetReader } from './octet-reader.ts';
import { UnusualJson } from './octet-window.ts';

/** A file: its name, for error messages, and its octets, UTF-8. */
export interface KeyringOctets {
  readonly name: string;
  readonly octets: Uint8Array;
}

/**
 * Reads the text of one keyring file.
 *
 * @param text the file; octets are UTF-8
 * @param fileName for error messages
 * @throws SidescopeError, code `keyring.*`: names the first place that is wrong, and never quotes a key
 */
export function parseKeyring(text: string | Uint8Array, fileName: string): Keyring {
  if (typeof text !== 'string') return parseKeyrings([{ name: fileName, octets: text }]);
  return assembleKeyring([readDraft(text, fileName)]);
}

/**
 * Reads the texts of keyring files and puts them together, as `loadKeyrings` does; none gives an empty keyring.
 *
 * @throws as `parseKeyring`, and where two of them contradict each other
 */
export function parseKeyrings(files: readonly KeyringOctets[]): Keyring {
  const inputs = files.map(({ name, octets }) => heldInput(name, octets));
  return assembled(inputs, inputs.map(readInput));
}

/**
 * Reads keyring files and puts them together. A group may stand in several of them: its keys and members are merged.
 *
 * @throws SidescopeError where a file cannot be read or is wrong, or two of them contradict each other: names both places
 */
export async function loadKeyrings(paths: readonly string[]): Promise<Keyring> {
  const files: KeyringInput[] = [];
  const drafts: KeyringDraft[] = [];
  try {
    // The same file named twice says nothing new.
    for (const path of new Set(paths)) {
      const file = await openInput(path);
      files.push(file);
      drafts.push(readInput(file));
    }
    return assembled(files, drafts);
  } finally {
    for (const file of files) file.close();
  }
}

/** The keyring of files that were read. */
function assembled(files: readonly KeyringInput[], drafts: readonly KeyringDraft[]): Keyring {
  try {
    return assembleKeyring(drafts);
  } catch (error) {
    if (!(error instanceof SidescopeError)) throw error;
    // Something contradicts something else, and now it counts where both stand.
    return assembleKeyring(files.map((file) => readDraft(file.whole(), file.name)));
  }
}

/** One file: as plain octets, which is quicker, or as text that may be unusual or wrong. */
function readInput(file: KeyringInput): KeyringDraft {
  try {
    const reader = new OctetReader(file.window(), file.name);
    return reader.document(() => readKeyring(reader));
  } catch (error) {
    if (!(error instanceof UnusualJson)) throw error;
    return readDraft(file.whole(), file.name);
  }
}

function readDraft(text: string | Uint8Array, fileName: string): KeyringDraft {
  if (typeof text === 'string' && Buffer.byteLength(text) > KEYRING_FILE_OCTETS) throw tooLarge(fileName);
  const reader = new JsonReader(typeof text === 'string' ? text : decodeUtf8(text, fileName), fileName, 'keyring');
  return reader.document(() => readKeyring(reader));
}

function decodeUtf8(octets: Uint8Array, fileName: string): string {
  // The decoder is slow, and makes a text of two octets a character of them.
  if (isAscii(octets)) return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('latin1');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(octets);
  } catch (cause) {
    const hint = 'A keyring is JSON text in UTF-8; was a capture given in its place?';
    throw new SidescopeError('keyring.not-utf8', `${fileName} is no UTF-8 text`, hint, ExitCode.usage, { cause });
  }
}
