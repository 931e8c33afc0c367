// A process that can be asked for its memory must not hold keys.

import { VaultError } from './vault-error.ts';

/**
 * The specification says (reference security B.6): options of Node that write memory out or let a debugger in. Each stands
 * for itself and for what it begins: `--inspect` for `--inspect-brk` too.
 */
const DUMPING = [
  '--inspect',
  '--debug',
  '--heapsnapshot',
  '--heap-snapshot',
  '--heap-prof',
  '--report',
  '--experimental-report',
  '--abort-on-uncaught-exception',
  '--diagnostic-dir',
] as const;

/** Newer Node reads options from a file, and does not say which: each of the above may stand there. */
const OPTIONS_FROM_FILE = [
  '--config-file',
  '--experimental-config-file',
  '--experimental-default-config-file',
] as const;

/** What Node does by now, whatever it was started with. */
interface NodeState {
  /** Address of the debugger, where it listens. */
  readonly debugger: string | undefined;
  /** A diagnostic report is written on some occasion. */
  readonly reports: boolean;
}

/**
 * Refuses to go on where Node was started with such an option, on its command line or by NODE_OPTIONS, or does by now what
 * such an option makes it do. Where it goes on, SIGUSR1 no longer starts the debugger.
 *
 * @throws VaultError `process-may-dump`
 */
export function refuseDumpingProcess(
  execArgv: readonly string[] = process.execArgv,
  nodeOptions: string = process.env.NODE_OPTIONS ?? '',
  state: NodeState = stateOfNode(),
): void {
  // Node takes `_` for `-` in options, and within quotes a backslash before any character.
  const words = [...execArgv, ...nodeOptions.split(/\s+/)].map((word) =>
    word.replace(/["\\]/g, '').replaceAll('_', '-'),
  );
  for (const word of words) {
    const option = DUMPING.find((name) => word === name || word.startsWith(`${name}=`) || word.startsWith(`${name}-`));
    if (option !== undefined) throw refused(`Node runs with ${option}`);
    const file = OPTIONS_FROM_FILE.find((name) => word === name || word.startsWith(`${name}=`));
    if (file !== undefined) throw refused(`Node takes further options from a file (${file})`);
  }
  if (state.debugger !== undefined) throw refused('a debugger listens');
  if (state.reports) throw refused('diagnostic reports are on');
  holdBackDebugger();
}

function refused(what: string): VaultError {
  return new VaultError(
    'process-may-dump',
    `${what}, which lets keys out of this process`,
    'Start sidescope without it (also look into NODE_OPTIONS)',
  );
}

function stateOfNode(): NodeState {
  const { report, features } = process;
  const address = features.inspector ? process.getBuiltinModule('node:inspector').url() : undefined;
  const reports = report.reportOnSignal || report.reportOnFatalError || report.reportOnUncaughtException;
  return { debugger: address, reports };
}

function ignoreSignal(): void {
  // Node would start its debugger.
}

/** A listener takes the place of Node's own, which starts the debugger. It keeps no process alive. */
function holdBackDebugger(): void {
  if (!process.listeners('SIGUSR1').includes(ignoreSignal)) process.on('SIGUSR1', ignoreSignal);
}
