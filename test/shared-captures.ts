// Captures that are shared between projects and stand beside this one, where they do.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The folder of captures, which need not exist. */
export const SHARED_CAPTURES = join(import.meta.dirname, '..', '..', 'shared', 'captures');

/** Why a test that needs it is left out. */
export const NO_SHARED = 'the folder ../shared is not beside the project';

/** Folders inside a folder of shared captures; empty where it is not there. */
export function sharedFolders(name: string): string[] {
  const folder = join(SHARED_CAPTURES, name);
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
}

/** Capture files inside a folder of shared captures, as paths; empty where it is not there. */
export function sharedFiles(name: string): string[] {
  const folder = join(SHARED_CAPTURES, name);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => /\.pcap(ng)?$/.test(file))
    .map((file) => join(folder, file));
}
