// `sidescope doctor`: says what is wrong with a capture, a source, a configuration, a daemon or this machine, and what to
// do. What is given is told by what it is.

import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { type Command, InvalidArgumentError } from 'commander';
import { GSMTAP_PORT, type SourceDescription } from '../captures/sources/source-config.ts';
import { examineConfig } from '../daemon/doctor/config-diagnoses.ts';
import { examineDaemon } from '../daemon/doctor/daemon-diagnoses.ts';
import { type Diagnosis, isWrong } from '../daemon/doctor/diagnosis.ts';
import { examineCaptureFile } from '../daemon/doctor/doctor.ts';
import { examineMachine } from '../daemon/doctor/machine-diagnoses.ts';
import { examineSource, type SourceLook } from '../daemon/doctor/source-diagnoses.ts';
import { ExitCode, SidescopeError } from '../daemon/errors.ts';
import { printable, printableJson } from '../dissectors/printable.ts';
import { oneOf } from './one-of.ts';
import { readKeyring } from './read-keyring.ts';
import { writeOutput } from './stdout.ts';
import { actor, addVaultOptions, type VaultArguments } from './vault-options.ts';

/** We chose: for how long a source is looked at (s), and the longest that may be asked for. */
const LOOK_SECONDS = 3;
const LOOK_MOST = 3600;
/** First octets of a file by which a configuration is told from a capture. */
const HEAD_OCTETS = 64;

const TYPES = ['text', 'json'] as const;

interface DoctorOptions extends VaultArguments {
  readonly keyring: readonly string[];
  readonly seconds: number;
  readonly type: string;
}

/** What there is to look at. */
type Target =
  | { readonly kind: 'machine' }
  | { readonly kind: 'capture'; readonly path: string }
  | { readonly kind: 'config'; readonly path: string }
  | { readonly kind: 'daemon'; readonly address: string }
  | { readonly kind: 'source'; readonly source: SourceDescription };

/** Adds the options and the action of `doctor`. */
export function configure(command: Command): void {
  command
    .argument(
      '[target]',
      'a capture or - ; a configuration of the daemon; a daemon (unix:PATH, wss://HOST:PORT); a source',
    )
    .option('--keyring <file>', 'keys to try on what is captured; may be given several times', gather, [])
    .option('--seconds <number>', 'for how long each source is looked at', seconds, LOOK_SECONDS)
    .option('-T, --type <type>', 'form of the output: text, json', oneOf(TYPES), 'text')
    .addHelpText(
      'after',
      `
A source is interface:NAME or udp:PORT or udp:ADDRESS:PORT. Without a target doctor looks at this machine.
The exit code is 0 when all is well, 1 when something is wrong.`,
    )
    .action(run);
  addVaultOptions(command);
}

function gather(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= LOOK_MOST)) throw new InvalidArgumentError(`give a number above 0, up to ${LOOK_MOST}.`);
  return value;
}

async function run(given: string | undefined, options: DoctorOptions): Promise<void> {
  const target = targetOf(given);
  const found = await examine(target, options);
  const ok = !isWrong(found);
  if (options.type === 'json') {
    writeOutput(`${printableJson({ v: 1, target: given ?? null, kind: target.kind, ok, diagnoses: found })}\n`);
  } else writeOutput(textOf(found, ok));
  process.exitCode = ok ? ExitCode.done : ExitCode.finding;
}

async function examine(target: Target, options: DoctorOptions): Promise<Diagnosis[]> {
  const keys = async () => readKeyring(options, 'doctor');
  const hasKeys = options.keyring.length > 0 || options.vault !== undefined;
  const look: Omit<SourceLook, 'keyring'> = { milliseconds: options.seconds * 1000, now: Date.now, wait };
  switch (target.kind) {
    case 'machine':
      return examineMachine(look);
    case 'capture':
      return examineCaptureFile(target.path, await keys(), Date.now());
    case 'source':
      return examineSource(target.source, { ...look, keyring: await keys() });
    case 'config':
      return examineConfig(target.path, {
        ...look,
        keyring: hasKeys ? await keys() : null,
        ...{ by: actor('doctor'), mayAsk: process.stdin.isTTY === true && process.stderr.isTTY === true },
      });
    case 'daemon':
      return examineDaemon(target.address);
  }
}

async function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal });
}

/** Tells what was given by its form, and a file by what it begins with. */
function targetOf(given: string | undefined): Target {
  if (given === undefined) return { kind: 'machine' };
  if (given === '-') return { kind: 'capture', path: given };
  if (/^(unix:|wss?:)/i.test(given)) return { kind: 'daemon', address: given };
  const source = sourceOf(given);
  if (source !== null) return { kind: 'source', source };
  const stats = statSync(given, { throwIfNoEntry: false });
  if (stats?.isSocket() === true) return { kind: 'daemon', address: `unix:${given}` };
  return stats?.isFile() === true && beginsLikeJson(given)
    ? { kind: 'config', path: given }
    : { kind: 'capture', path: given };
}

/** `interface:NAME`, `udp:PORT`, `udp:ADDRESS:PORT`; null for anything else. */
function sourceOf(given: string): SourceDescription | null {
  const [, kind, rest] = /^(interface|udp):(.+)$/.exec(given) ?? [];
  if (kind === undefined) return null;
  if (kind === 'interface') return { name: given, kind, interface: rest };
  const [, address, port] = /^(?:\[?([^\]]+)\]?:)?(\d+)$/.exec(rest) ?? [];
  const number = port === undefined ? GSMTAP_PORT : Number(port);
  if (port === undefined || number < 1 || number > 65_535) {
    const hint = 'write udp:PORT or udp:ADDRESS:PORT';
    throw new SidescopeError('usage.source', `${given} is no UDP source`, hint, ExitCode.usage);
  }
  return { name: given, kind: 'udp', port: number, ...(address === undefined ? {} : { address }) };
}

function beginsLikeJson(path: string): boolean {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch {
    // Opening it as a capture says why.
    return false;
  }
  try {
    const head = Buffer.alloc(HEAD_OCTETS);
    const text = head.toString('utf8', 0, readSync(descriptor, head));
    return text
      .replace(/^\uFEFF/, '')
      .trimStart()
      .startsWith('{');
  } finally {
    closeSync(descriptor);
  }
}

function textOf(found: readonly Diagnosis[], ok: boolean): string {
  const lines = found.flatMap(({ level, code, message, advice }) => [
    `${level.padEnd(8)} ${printable(message)} [${code}]`,
    ...(advice === '' ? [] : [`         what to do: ${printable(advice)}`]),
  ]);
  lines.push(ok ? 'all is well' : 'something is wrong');
  return `${lines.join('\n')}\n`;
}
