// The keyring file of interfaces 2: plain JSON for laboratories and tests.
//
// What is read here are keys in the clear. The octets of a file are overwritten when they have been read; the strings
// that the readers make on the way cannot be, but nothing keeps them: keys become octets at once, names are copied
// out of the text.

import { isAscii } from 'node:buffer';
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { ExitCode, SidescopeError } from '../errors.ts';
import { JsonReader } from './json-reader.ts';
import type { Keyring } from './keyring.ts';
import { assembleKeyring } from './keyring-assembly.ts';
import { type KeyringDraft, readKeyring } from './keyring-schema.ts';
import { OctetReader, UnusualJson } from './octet-reader.ts';

/** We chose: octets of a keyring file. A key with its dates takes 150 to 300, so 200,000 keys and more fit. Above: an error. */
export const KEYRING_FILE_OCTETS = 64 * 1024 * 1024;

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
  return assembled(
    files,
    files.map(({ name, octets }) => readOctets(octets, name)),
  );
}

/**
 * Reads keyring files and puts them together. A group may stand in several of them: its keys and members are merged.
 *
 * @throws SidescopeError where a file cannot be read or is wrong, or two of them contradict each other: names both places
 */
export async function loadKeyrings(paths: readonly string[]): Promise<Keyring> {
  const files: KeyringOctets[] = [];
  const drafts: KeyringDraft[] = [];
  try {
    // The same file named twice says nothing new.
    for (const name of new Set(paths)) {
      const octets = await readFileWithin(name);
      files.push({ name, octets });
      drafts.push(readOctets(octets, name));
    }
    return assembled(files, drafts);
  } finally {
    for (const { octets } of files) octets.fill(0);
  }
}

/** The keyring of files that were read. */
function assembled(files: readonly KeyringOctets[], drafts: readonly KeyringDraft[]): Keyring {
  try {
    return assembleKeyring(drafts);
  } catch (error) {
    if (!(error instanceof SidescopeError)) throw error;
    // Something contradicts something else, and now it counts where both stand.
    return assembleKeyring(files.map(({ name, octets }) => readDraft(octets, name)));
  }
}

/** One file: as plain octets, which is quicker, or as text that may be unusual or wrong. */
function readOctets(octets: Uint8Array, fileName: string): KeyringDraft {
  if (octets.length > KEYRING_FILE_OCTETS) throw tooLarge(fileName);
  try {
    const reader = new OctetReader(octets, fileName);
    return reader.document(() => readKeyring(reader));
  } catch (error) {
    if (!(error instanceof UnusualJson)) throw error;
    return readDraft(octets, fileName);
  }
}

function readDraft(text: string | Uint8Array, fileName: string): KeyringDraft {
  const length = typeof text === 'string' ? Buffer.byteLength(text) : text.length;
  if (length > KEYRING_FILE_OCTETS) throw tooLarge(fileName);
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

/** What is needed of a file that is open. */
interface OpenFile {
  stat(): { readonly size: number } | Promise<{ readonly size: number }>;
  read(into: Uint8Array, at: number, length: number): { bytesRead: number } | Promise<{ bytesRead: number }>;
  close(): void | Promise<void>;
}

/** Opens a file. A plain one needs no promises: loading what node has of them takes longer than reading a keyring. */
async function openFile(path: string): Promise<OpenFile> {
  if (!statSync(path).isFile()) return process.getBuiltinModule('node:fs/promises').open(path);
  const descriptor = openSync(path, 'r');
  return {
    stat: () => fstatSync(descriptor),
    read: (into, at, length) => ({ bytesRead: readSync(descriptor, into, at, length, null) }),
    close: () => closeSync(descriptor),
  };
}

/** The octets of a file, which need not be a plain one, up to the cap. */
async function readFileWithin(path: string): Promise<Uint8Array> {
  try {
    const file = await openFile(path);
    try {
      const { size } = await file.stat();
      if (size > KEYRING_FILE_OCTETS) throw tooLarge(path);
      let octets = new Uint8Array(Math.max(size + 1, 64 * 1024));
      let length = 0;
      for (;;) {
        const { bytesRead } = await file.read(octets, length, octets.length - length);
        if (bytesRead === 0) break;
        length += bytesRead;
        if (length > KEYRING_FILE_OCTETS) throw tooLarge(path);
        if (length < octets.length) continue;
        const wider = new Uint8Array(octets.length * 2);
        wider.set(octets);
        octets.fill(0);
        octets = wider;
      }
      return octets.subarray(0, length);
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (cause instanceof SidescopeError) throw cause;
    const reason = (cause as NodeJS.ErrnoException).code ?? 'unknown reason';
    const hint = 'Check the path and who may read the file';
    throw new SidescopeError('keyring.unreadable', `${path} cannot be read (${reason})`, hint, ExitCode.usage, {
      cause,
    });
  }
}

function tooLarge(fileName: string): SidescopeError {
  const message = `${fileName} has more than ${KEYRING_FILE_OCTETS} octets, which no keyring needs`;
  return new SidescopeError('keyring.too-large', message, 'Give a keyring file, or split it', ExitCode.usage);
}
