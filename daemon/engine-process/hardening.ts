// What the engine's process does to keep keys inside: no debugger, no environment, no core dump, nothing on its outputs.

import { refuseDumpingProcess } from '../keyring/vault/process-guard.ts';

/** Variables that the child needs: the folder of systemd's credentials, the terminal, and what error messages depend on. */
const NEEDED = ['CREDENTIALS_DIRECTORY', 'TERM', 'LANG', 'LC_ALL', 'TZ'] as const;

/** The environment that the child is started with: of the parent's nothing but what it needs. NODE_OPTIONS is not in it. */
export function childEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept: NodeJS.ProcessEnv = {};
  for (const name of NEEDED) {
    const value = environment[name];
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}

/**
 * How the child is started: through a shell that forbids core dumps and then becomes Node, so that the number of the
 * process stays.
 */
export function hardenedCommand(program: string, node: string): { command: string; arguments: string[] } {
  const script = 'ulimit -c 0; exec "$0" "$@"';
  return { command: '/bin/sh', arguments: ['-c', script, node, program] };
}

/** First thing the child does. @throws VaultError `process-may-dump` */
export function refuseUnsafeProcess(): void {
  refuseDumpingProcess();
  // A signal that would start the inspector (Node's default for SIGUSR1) does nothing.
  process.on('SIGUSR1', ignore);
  // The terminal's interrupt is for the parent, which drains and then stops the child.
  process.on('SIGINT', ignore);
  process.on('SIGHUP', ignore);
}

/** Forgets the environment, once the passphrase has been read. */
export function forgetEnvironment(): void {
  for (const name of Object.keys(process.env)) delete process.env[name];
}

function ignore(): void {
  // On purpose.
}
