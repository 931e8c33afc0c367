// The options of `sidescope read`: what they are called, what goes together, and what a wrong one says.

import { type Command, InvalidArgumentError } from 'commander';
import { ExitCode, SidescopeError } from '../daemon/errors.ts';
import type { Severity } from '../daemon/events.ts';
import { oneOf } from './one-of.ts';
import { isReason } from './reason.ts';
import { gatherTables, TABLE_NAMES, type TableRequest } from './table-requests.ts';
import { addVaultOptions, type VaultArguments } from './vault-options.ts';

/** Forms of the output. */
export const OUTPUT_TYPES = ['text', 'ndjson', 'json', 'fields', 'ek'] as const;

/** A form of the output. */
export type OutputType = (typeof OUTPUT_TYPES)[number];

/** Forms that take `-e`. */
const WITH_COLUMNS: readonly OutputType[] = ['fields', 'json', 'ek'];
const FAIL_ON: readonly Severity[] = ['low', 'medium', 'high', 'critical'];

/** What the options give, after commander has read them. */
export interface ReadOptions extends VaultArguments {
  readonly read?: string;
  readonly keyring: readonly string[];
  readonly type: OutputType;
  readonly filter?: string;
  readonly column: readonly string[];
  readonly columnOption: readonly string[];
  readonly details?: boolean;
  readonly hex?: boolean;
  readonly count?: number;
  readonly quiet?: boolean;
  readonly statistics: readonly TableRequest[];
  readonly write?: string;
  readonly payload?: boolean;
  readonly allowStale?: string;
  readonly threads?: number;
  readonly lateKeys?: boolean;
  readonly failOn?: Severity;
  readonly config?: string;
}

/** Adds the argument and the options of `read`. */
export function addReadOptions(command: Command): void {
  addVaultOptions(command);
  command
    .argument('[file]', 'capture to read: pcap or pcapng, plain, gzip or zstd; - for standard input')
    .option('-r, --read <file>', 'the same as the argument, as tshark has it')
    .option('--keyring <file>', 'keyring file; may be given several times', gather, [])
    .option(
      '-Y, --filter <filter>',
      'display filter: messages (text, ndjson) or frames (all others) that pass; findings, epochs and the summary of ' +
        'text and ndjson are about the whole capture',
    )
    .option('-T, --type <type>', `form of the output: ${OUTPUT_TYPES.join(', ')}`, oneOf(OUTPUT_TYPES), 'text')
    .option('-e, --column <field>', `field to print, with -T ${WITH_COLUMNS.join(', ')}; may be repeated`, gather, [])
    .option(
      '-E, --column-option <option=value>',
      'with -T fields: header=y|n, separator=/t|/s|CHARACTER, quote=d|s|n, occurrence=f|l|a, aggregator=,|/s|CHARACTER',
      gather,
      [],
    )
    .option('-V, --details', 'print the layer tree of each frame')
    .option('-x, --hex', 'print the octets of each frame, and of its deciphered SDUs')
    .option('-c, --count <frames>', 'stop after this many frames', positiveInteger)
    .option('-q, --quiet', 'print nothing per message')
    .option(
      '-z, --statistics <table>',
      `print a table of the whole capture at the end: ${TABLE_NAMES}; several in a list with commas, or one a -z; ` +
        'as JSON with -T json (a document of its own: add -q to have it alone)',
      gatherTables,
      [],
    )
    .option(
      '-w, --write <file>',
      'write the frames that pass as pcapng for Wireshark; - for standard output. As with tshark, messages are printed ' +
        'beside it only with -T, -V or -x',
    )
    .option('--payload', 'put deciphered SDUs, where they may be shown, into ndjson records and deciphered IP into -w')
    .option('--allow-stale <reason>', 'show plaintext under keys that were not active; say why')
    .option('--late-keys', 'read twice: keys that MIKEY delivers open what came before the delivery, too')
    .option(
      '--fail-on <severity>',
      `end with exit code 1 where a finding is at least: ${FAIL_ON.join(', ')}`,
      oneOf(FAIL_ON),
    )
    .option(
      '--threads <count>',
      'threads to use: with 2 one deciphers and judges, and reads where the other prints; with 3 (more count as ' +
        '3) reading and deciphering are two of them; the output is the same; default for files from 64 MiB on, and with layer ' +
        'trees from 8 MiB on, as many as cores, up to 3, but 2 with keyrings from 1 MiB on; else 1, or for compressed files ' +
        'from 8 MiB on 2, of which one only reads',
      positiveInteger,
    )
    .option('--config <file>', 'configuration: {"severities": {"FINDING": "low", "OTHER": "off"}}');
}

/**
 * Checks what goes together.
 *
 * @param file the argument
 * @returns path of the capture, or `-`
 * @throws SidescopeError `usage.*`
 */
export function checkReadOptions(file: string | undefined, options: ReadOptions): string {
  const path = options.read ?? file;
  if (path === undefined) throw usage('no-capture', 'no capture was named', 'give a file, or - for standard input');
  if (options.read !== undefined && file !== undefined) {
    throw usage('two-captures', `two captures were named: ${options.read} and ${file}`, 'give one');
  }
  if (options.allowStale !== undefined && !isReason(options.allowStale)) {
    throw usage('no-reason', '--allow-stale wants a reason', 'say why in a few words');
  }
  if (options.lateKeys === true && path === '-') {
    throw usage('late-keys', '--late-keys reads the capture twice, and standard input comes once', 'name a file');
  }
  const { type } = options;
  if (type === 'fields' && options.column.length === 0) {
    throw usage('no-columns', '-T fields prints the fields that -e names, and none is named', 'add -e frame.number');
  }
  if (options.column.length > 0 && !WITH_COLUMNS.includes(type)) {
    throw usage('columns', `-e chooses fields, and -T ${type} has none`, 'add -T fields, -T json or -T ek');
  }
  if (options.details === true && type === 'ndjson') {
    throw usage('details', '-V prints layer trees as text, -T ndjson prints records', 'use -T json for trees as JSON');
  }
  if (options.hex === true && (type === 'ndjson' || type === 'fields' || type === 'ek')) {
    throw usage('hex', `-x goes with -T text and -T json, not with -T ${type}`, 'leave one of them out');
  }
  return path;
}

/**
 * Whether messages or frames are printed: not with `-q`, and with `-w` only where a form was asked for (as tshark does).
 *
 * @param typeGiven whether the user gave `-T`
 * @throws SidescopeError `usage.*` where standard output is to be a capture and text
 */
export function printsFrames(options: ReadOptions, typeGiven: boolean): boolean {
  const asked = typeGiven || options.details === true || options.hex === true;
  const prints = options.quiet !== true && (options.write === undefined || asked);
  if (options.write === '-' && (prints || options.statistics.length > 0)) {
    throw usage(
      'two-outputs',
      'standard output cannot be a capture and text at once',
      prints ? 'leave -T, -V and -x out, add -q, or give -w a file' : 'leave -z out, or give -w a file',
    );
  }
  return prints;
}

/** Whether whole layer trees are printed, which takes several times as long as finding the messages. */
export function printsTrees({ type, column, details }: Pick<ReadOptions, 'type' | 'column' | 'details'>): boolean {
  return column.length === 0 && (type === 'ek' || type === 'json' || details === true);
}

function usage(code: string, message: string, hint: string): SidescopeError {
  return new SidescopeError(`usage.${code}`, message, hint, ExitCode.usage);
}

function gather(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function positiveInteger(value: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new InvalidArgumentError('It is a whole number of at least 1.');
  return number;
}
