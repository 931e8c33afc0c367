// `sidescope synth`: a scenario file becomes a folder with the capture, keyring.json and expected.json.

import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ExitCode, SidescopeError } from '../daemon/errors.ts';
import type { Expected, ExpectedMessage } from './expected.ts';
import { parseScenario } from './scenario.ts';
import { type Synthesis, synthesise } from './synthesise.ts';

/** We chose: above this many messages expected.json has one line a message. */
const MESSAGES_AS_OBJECTS = 50;

/** What to write, and where. */
export interface SynthOptions {
  readonly scenarioPath: string;
  /** Folder; it is made where it is not there. */
  readonly outDir: string;
  /** Whether files of these names that are there may be overwritten. */
  readonly overwrite: boolean;
}

/**
 * Writes the files of a scenario.
 *
 * @returns their paths: capture, keyring, expected events
 * @throws SidescopeError: the scenario cannot be read or is wrong (`scenario.*`), a file is there already
 *   (`synth.exists`), or cannot be written (`synth.not-written`); nothing was overwritten then
 */
export async function runSynth(options: SynthOptions): Promise<string[]> {
  const text = await readFile(options.scenarioPath, 'utf8').catch((cause: unknown) => {
    const message = `the scenario ${options.scenarioPath} cannot be read (${codeOf(cause)})`;
    throw new SidescopeError('scenario.not-readable', message, 'Check the path', ExitCode.usage, { cause });
  });
  const files = synthFiles(synthesise(parseScenario(text, options.scenarioPath)));
  const paths = [...files.keys()].map((name) => join(options.outDir, name));
  if (!options.overwrite) {
    for (const path of paths) await refuseExisting(path);
  }
  try {
    await mkdir(options.outDir, { recursive: true });
    for (const [name, octets] of files) {
      // Without leave to overwrite, a file that came about in the meantime is refused by the system.
      await writeFile(join(options.outDir, name), octets, { flag: options.overwrite ? 'w' : 'wx' });
    }
  } catch (cause) {
    const message = `the files cannot be written to ${options.outDir} (${codeOf(cause)})`;
    throw new SidescopeError('synth.not-written', message, 'Choose another folder', ExitCode.usage, { cause });
  }
  return paths;
}

/** Names and octets of the files. */
export function synthFiles({ capture, captureName, keyring, expected }: Synthesis): Map<string, Uint8Array> {
  const encoder = new TextEncoder();
  return new Map([
    [captureName, capture],
    ['keyring.json', encoder.encode(`${JSON.stringify(keyring, null, 1)}\n`)],
    ['expected.json', encoder.encode(expectedText(expected))],
  ]);
}

/** expected.json: many messages as columns and rows, one row a line, so that a diff shows which ones changed. */
function expectedText(expected: Expected): string {
  const { messages = [], ...rest } = expected;
  if (messages.length <= MESSAGES_AS_OBJECTS) return `${JSON.stringify(expected, null, 1)}\n`;
  const columns = [...new Set(messages.flatMap((message) => Object.keys(message)))] as (keyof ExpectedMessage)[];
  const rows = messages.map((message) => `  ${JSON.stringify(columns.map((name) => message[name] ?? null))}`);
  const head = JSON.stringify({ ...rest, columns }, null, 1).replace(/\n\}$/, '');
  return `${head},\n "rows": [\n${rows.join(',\n')}\n ]\n}\n`;
}

async function refuseExisting(path: string): Promise<void> {
  const there = await access(path).then(
    () => true,
    () => false,
  );
  if (!there) return;
  throw new SidescopeError(
    'synth.exists',
    `${path} is there already`,
    'Choose another folder, or add --force',
    ExitCode.usage,
  );
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
}
