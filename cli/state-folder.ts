// Where the programs of a user remember things between two runs (XDG base directories: `$XDG_STATE_HOME`, else
// `~/.local/state`).

import { homedir } from 'node:os';
import { join } from 'node:path';

/** Folder of what is remembered of daemons. It need not exist. */
export function daemonMemoryFolder(): string {
  const { XDG_STATE_HOME = '' } = process.env;
  const base = XDG_STATE_HOME.startsWith('/') ? XDG_STATE_HOME : join(homedir(), '.local', 'state');
  return join(base, 'sidescope', 'daemons');
}
