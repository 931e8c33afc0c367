// Captures of the project and of the shared folder, written by the export and read again, for tests.

import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { frameSourceFromChunks, openCapture } from '../../../captures/open.ts';
import { Analysis } from '../../../daemon/analysis.ts';
import { type ExportOptions, PcapngExport } from '../../../daemon/export/pcapng-export.ts';
import { emptyKeyring } from '../../../daemon/keyring/keyring.ts';
import { loadKeyrings } from '../../../daemon/keyring/keyring-file.ts';
import { type ReadFrame, readAll } from '../../captures/read-all.ts';
import { SHARED_CAPTURES, sharedFiles, sharedFolders } from '../../shared-captures.ts';

/** A capture, and its keyring where it has one. */
export interface Case {
  readonly name: string;
  readonly capture: string;
  readonly keyring: string | null;
}

const SAMPLES = join(import.meta.dirname, '..', '..', '..', 'captures', 'samples');

function folderCase(folder: string): Case[] {
  const file = readdirSync(folder).find((name) => /^capture\.pcap(ng)?$/.test(name));
  if (file === undefined) return [];
  const keyring = join(folder, 'keyring.json');
  return [{ name: basename(folder), capture: join(folder, file), keyring: existsSync(keyring) ? keyring : null }];
}

/** The samples of the project. */
export const SAMPLE_CASES: readonly Case[] = readdirSync(SAMPLES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap((entry) => folderCase(join(SAMPLES, entry.name)));

/** The labelled captures; none where the shared folder is not there. */
export const LABELLED_CASES: readonly Case[] = sharedFolders('labelled').flatMap((name) =>
  folderCase(join(SHARED_CAPTURES, 'labelled', name)),
);

/** Captures of other programs; none where the shared folder is not there. */
export const FOREIGN_CASES: readonly Case[] = ['over-the-air', 'lte-uu', 'mikey', 'wireshark-samples'].flatMap(
  (folder) =>
    sharedFiles(folder).map((capture) => ({ name: `${folder}/${basename(capture)}`, capture, keyring: null })),
);

/** What an export wrote. */
export interface Exported {
  readonly octets: Uint8Array<ArrayBuffer>;
  readonly written: number;
  readonly evictions: number;
}

/** Writes a capture. */
export async function exportCase(
  { capture, keyring }: Pick<Case, 'capture' | 'keyring'>,
  options: Partial<ExportOptions> & { readonly allowStale?: boolean } = {},
): Promise<Exported> {
  const held = keyring === null ? emptyKeyring() : await loadKeyrings([keyring]);
  const pieces: Uint8Array[] = [];
  const exported = new PcapngExport((piece) => pieces.push(piece), { keyring: held, application: 'test', ...options });
  const analysis = new Analysis(
    { keyring: held, allowStale: options.allowStale === true },
    { frame: (frame) => exported.frame(frame), key: (event) => exported.key(event) },
  );
  await analysis.run(await openCapture(capture));
  const octets = new Uint8Array(Buffer.concat(pieces));
  return { octets, written: exported.written, evictions: exported.evictions };
}

/** The frames of a capture in memory. */
export async function framesOf(octets: Uint8Array): Promise<ReadFrame[]> {
  const { frames, problem } = await readAll(
    frameSourceFromChunks(
      (async function* () {
        yield await Promise.resolve(octets.slice());
      })(),
    ),
  );
  if (problem !== null) throw new Error(problem.message);
  return frames;
}
