// The options of `sidescope tap`: what they are called, what goes together, and what a wrong one says.

import { type Command, InvalidArgumentError } from 'commander';
import { ExitCode, SidescopeError } from '../daemon/errors.ts';
import { isGroupPattern, VIEWS, type View } from '../daemon/relay/capability.ts';
import { RECORD_TYPES, type RecordType } from '../daemon/relay/protocol.ts';
import { oneOf } from './one-of.ts';
import { isReason } from './reason.ts';

/** Forms of the output. */
export const TAP_TYPES = ['text', 'ndjson', 'json', 'fields'] as const;

/** A form of the output. */
export type TapType = (typeof TAP_TYPES)[number];

/** What the options give, after commander has read them. */
export interface TapOptions {
  readonly identity?: string;
  readonly capability?: string;
  readonly type: TapType;
  readonly filter?: string;
  readonly group: readonly string[];
  readonly view: View;
  readonly since?: number;
  readonly column: readonly string[];
  readonly columnOption: readonly string[];
  readonly only: readonly RecordType[];
  readonly seq?: boolean;
  readonly write?: string;
  readonly count?: number;
  readonly gap?: boolean;
  readonly downgraded?: boolean;
  readonly reason?: string;
  readonly reconnect?: boolean;
}

/** Adds the argument and the options of `tap`. */
export function addTapOptions(command: Command): void {
  command
    .argument('[address]', 'unix:PATH or wss://HOST:PORT; else the environment variable SIDESCOPE_RELAY')
    .option('--identity <file>', "the subscriber's private key; else the environment variable SIDESCOPE_IDENTITY")
    .option('--capability <file>', 'what the operator issued; else the environment variable SIDESCOPE_CAPABILITY')
    .option('-Y, --filter <filter>', 'display filter over the fields of records: only records that pass are sent')
    .option('--group <id>', 'only this group, which must be granted; may be repeated', gatherGroups, [])
    .option('--view <view>', `what to see: ${VIEWS.join(', ')}`, oneOf(VIEWS), 'meta')
    .option('--reason <text>', 'why, for the view forensic; it is put on record')
    .option('--downgraded', 'also plaintext that was sent in clear although the group requires ciphering')
    .option('--only <kinds>', `kinds of records, in a list with commas: ${RECORD_TYPES.join(', ')}`, kinds, [])
    .option('--since <seq>', 'begin behind this record, in what the journal keeps; 0 for all of it', whole)
    .option('-T, --type <type>', `form of the output: ${TAP_TYPES.join(', ')}`, oneOf(TAP_TYPES), 'text')
    .option('-e, --column <field>', 'field to print, with -T fields; may be repeated', gather, [])
    .option(
      '-E, --column-option <option=value>',
      'with -T fields: header=y|n, separator=/t|/s|CHARACTER, ...',
      gather,
      [],
    )
    .option('--seq', 'put the sequence number into ndjson and json, as the member seq')
    .option('-w, --write <file>', 'write frames as pcapng for Wireshark; - for standard output')
    .option('-c, --count <count>', 'stop after so many records, or frames with -w', positive)
    .option('--gap', 'when records come faster than they can be taken: leave some out and say which, do not disconnect')
    .option('--reconnect', 'go on trying even when the first connection fails')
    .option('--no-reconnect', 'end when the connection is lost; otherwise tap comes back and goes on where it was')
    .addHelpText('after', '\nWireshark, live: sidescope tap ADDRESS --view plain -w - | wireshark -k -i -');
}

/** Where, and as whom. */
export interface TapTarget {
  readonly address: string;
  readonly identity: string;
  readonly capability: string;
}

/** Checks what goes together. @throws SidescopeError `usage.*` */
export function checkTapOptions(address: string | undefined, options: TapOptions, typeGiven: boolean): TapTarget {
  const { SIDESCOPE_RELAY, SIDESCOPE_IDENTITY, SIDESCOPE_CAPABILITY } = process.env;
  if (options.type === 'fields' && options.column.length === 0) {
    throw usage('no-columns', '-T fields prints the fields that -e names, and none is named', 'add -e frame.number');
  }
  if (options.column.length > 0 && options.type !== 'fields') {
    throw usage('columns', `-e chooses fields, and -T ${options.type} has none`, 'add -T fields');
  }
  if (options.write === '-' && typeGiven) {
    throw usage(
      'two-outputs',
      'standard output cannot be a capture and text at once',
      'leave -T out, or give -w a file',
    );
  }
  if (options.view === 'forensic' && !isReason(options.reason)) {
    throw usage('no-reason', 'the view forensic wants a reason', 'add --reason and say why in a few words');
  }
  return {
    address: named(
      address ?? SIDESCOPE_RELAY,
      'no-address',
      'no daemon was named',
      'give unix:PATH or wss://HOST:PORT',
    ),
    identity: named(
      options.identity ?? SIDESCOPE_IDENTITY,
      'no-identity',
      'no identity was named',
      'give --identity FILE',
    ),
    capability: named(
      options.capability ?? SIDESCOPE_CAPABILITY,
      'no-capability',
      'no capability was named',
      'give --capability FILE, which the operator issues',
    ),
  };
}

function named(value: string | undefined, code: string, message: string, hint: string): string {
  if (value !== undefined && value !== '') return value;
  throw usage(code, message, hint);
}

function usage(code: string, message: string, hint: string): SidescopeError {
  return new SidescopeError(`usage.${code}`, message, hint, ExitCode.usage);
}

function gather(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function gatherGroups(value: string, before: readonly string[]): readonly string[] {
  if (!isGroupPattern(value)) throw new InvalidArgumentError('A group is 6 hex digits, f000?? or *.');
  return [...before, value];
}

function kinds(value: string): readonly RecordType[] {
  return value.split(',').map((name) => oneOf(RECORD_TYPES)(name.trim()));
}

function whole(value: string): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(number)) throw new InvalidArgumentError('It is a whole number.');
  return number;
}

function positive(value: string): number {
  const number = whole(value);
  if (number < 1) throw new InvalidArgumentError('It is 1 at least.');
  return number;
}
