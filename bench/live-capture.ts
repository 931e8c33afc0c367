// What benches with a daemon feed it: a capture of talk spurts, and its keyring with windows around today, since the gate of a
// live source goes by the wall clock.

import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type BulkOptions, writeBulkCapture } from '../testing/bulk.ts';

const DAY_MS = 86_400_000;

/** Writes `bulk.pcap` and `keyring.json` (0600) into a folder. @returns their paths */
export function writeLiveCapture(
  folder: string,
  options: BulkOptions,
): { readonly capture: string; readonly keyring: string } {
  const capture = join(folder, 'bulk.pcap');
  const handle = openSync(capture, 'w');
  const sink = (piece: Uint8Array): void => {
    for (let at = 0; at < piece.length; ) at += writeSync(handle, piece, at);
  };
  const made = writeBulkCapture(sink, options);
  closeSync(handle);
  const keyring = JSON.parse(JSON.stringify(made.keyring)) as {
    groups: { keys: { notBefore: string; notAfter: string }[] }[];
  };
  for (const key of keyring.groups.flatMap(({ keys }) => keys)) {
    key.notBefore = new Date(Date.now() - DAY_MS).toISOString();
    key.notAfter = new Date(Date.now() + DAY_MS).toISOString();
  }
  const path = join(folder, 'keyring.json');
  writeFileSync(path, JSON.stringify(keyring), { mode: 0o600 });
  return { capture, keyring: path };
}
