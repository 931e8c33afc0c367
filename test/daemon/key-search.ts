// Looks for keys where none must be: in the memory of a running process, in a heap snapshot, in any file. Linux only
// (proc(5)). What is looked for: PGKs, and the PTKs and PEKs of senders that were heard.

import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import type { MessageEvent } from '../../daemon/events.ts';
import type { Keyring } from '../../daemon/keyring/keyring.ts';
import { derivePekOfPtk, derivePtk } from '../../dissectors/security/kdf.ts';

/** Something that must not be found. */
export interface Needle {
  /** E.g. `PGK 39 of f00001`, for messages of tests. */
  readonly name: string;
  readonly octets: Uint8Array;
}

/** Octets read at once. */
const WINDOW = 8 * 1024 * 1024;

/** Every PGK, PMK and node key of a keyring, and the PTK and PEK of each sender whose messages opened under one of them. */
export function keyNeedles(keyring: Keyring, messages: readonly MessageEvent[]): Needle[] {
  const needles = new Map<string, Uint8Array>();
  for (const { id, group, octets } of keyring.epochs) {
    if (octets !== null) needles.set(`PGK ${id} of ${group.idText}`, octets);
  }
  for (const [index, pmk] of keyring.pmks.entries()) needles.set(`PMK ${index}`, pmk.octets);
  for (const node of keyring.lkh) needles.set(`node key ${node.node}`, node.octets);
  for (const { verdict, group, pgkId, source, ptkId } of messages) {
    if (verdict !== 'decrypted') continue;
    const home = keyring.groupById(Number.parseInt(group, 16));
    for (const key of home?.keys.filter(({ id }) => id === pgkId) ?? []) {
      if (key.octets === null) continue;
      const ptk = derivePtk(key.octets, Number.parseInt(source, 16), ptkId, key.group.id);
      needles.set(`PTK ${ptkId} of ${source} under PGK ${key.id}`, ptk);
      needles.set(`PEK ${ptkId} of ${source} under PGK ${key.id}`, derivePekOfPtk(ptk, key.algorithm));
    }
  }
  return [...needles].map(([name, octets]) => ({ name, octets: Uint8Array.from(octets) }));
}

/** The forms in which a needle may lie somewhere: octets, hex digits in one or two octets each, base64. */
function formsOf({ octets }: Needle): Buffer[] {
  const raw = Buffer.from(octets);
  // Base64 of the whole triples: what stands before and behind would change the rest.
  const base64 = raw.subarray(0, raw.length - (raw.length % 3)).toString('base64');
  return [raw, Buffer.from(raw.toString('hex')), Buffer.from(raw.toString('hex'), 'utf16le'), Buffer.from(base64)];
}

/** Names of the needles that some octets hold. */
export function needlesIn(octets: Uint8Array, needles: readonly Needle[]): string[] {
  const hay = Buffer.from(octets.buffer, octets.byteOffset, octets.length);
  return needles.filter((needle) => formsOf(needle).some((form) => hay.includes(form))).map(({ name }) => name);
}

/** Names of the needles in a file, e.g. a heap snapshot. */
export function needlesInFile(path: string, needles: readonly Needle[]): string[] {
  return needlesIn(readFileSync(path), needles);
}

/**
 * Names of the needles in the memory of a process of ours: everything that it can read and write. What cannot be read any
 * more (it was given back meanwhile) holds nothing.
 */
export function needlesInProcess(pid: number, needles: readonly Needle[]): string[] {
  const found = new Set<string>();
  const longest = 128;
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  const window = Buffer.alloc(WINDOW);
  try {
    for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
      const area = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line);
      if (area === null) continue;
      const end = Number.parseInt(area[2], 16);
      for (let at = Number.parseInt(area[1], 16); at < end; at += WINDOW - longest) {
        const length = readAt(memory, window, at, Math.min(WINDOW, end - at));
        for (const name of needlesIn(window.subarray(0, length), needles)) found.add(name);
      }
    }
    return [...found];
  } finally {
    closeSync(memory);
    window.fill(0);
  }
}

function readAt(handle: number, into: Buffer, at: number, length: number): number {
  let read = 0;
  try {
    while (read < length) {
      const more = readSync(handle, into, read, length - read, at + read);
      if (more === 0) break;
      read += more;
    }
  } catch {
    // Not there any more.
  }
  return read;
}
