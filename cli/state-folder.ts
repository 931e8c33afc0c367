// Where the programs of a user remember things between two runs (XDG base directories: `$XDG_STATE_HOME`, else
// `~/.local/state`).

import { homedir, userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** Folder of what is remembered of daemons. It need not exist. */
export function daemonMemoryFolder(): string {
  const { XDG_STATE_HOME = '' } = process.env;
  // With an empty HOME it would be a folder below the one at hand, another one in each.
  const home = isAbsolute(homedir()) ? homedir() : userInfo().homedir;
  const base = XDG_STATE_HOME.startsWith('/') ? XDG_STATE_HOME : join(home, '.local', 'state');
  return join(base, 'sidescope', 'daemons');
}
