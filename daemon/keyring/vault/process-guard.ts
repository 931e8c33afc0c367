// A process that can be asked for its memory must not hold keys.

import { VaultError } from './vault-error.ts';

/** The specification says (reference security B.6): options of Node that write memory out or let a debugger in. */
const DUMPING = [
  '--inspect',
  '--heapsnapshot-signal',
  '--heapsnapshot-near-heap-limit',
  '--heap-prof',
  '--report-on-signal',
  '--report-uncaught-exception',
  '--report-on-fatalerror',
  '--abort-on-uncaught-exception',
  '--diagnostic-dir',
] as const;

/**
 * Refuses to go on where Node was started with such an option, on its command line or by NODE_OPTIONS.
 *
 * @throws VaultError `process-may-dump`
 */
export function refuseDumpingProcess(
  execArgv: readonly string[] = process.execArgv,
  nodeOptions: string = process.env.NODE_OPTIONS ?? '',
): void {
  const words = [...execArgv, ...nodeOptions.split(/[\s"]+/)];
  for (const word of words) {
    const option = DUMPING.find((name) => word === name || word.startsWith(`${name}=`) || word.startsWith(`${name}-`));
    if (option === undefined) continue;
    throw new VaultError(
      'process-may-dump',
      `Node runs with ${option}, which lets keys out of this process`,
      'Start sidescope without it (also look into NODE_OPTIONS)',
    );
  }
}
