// Where a passphrase comes from: a file, a systemd credential, or somebody who types it without it being seen. Never the
// command line, which every user of the machine can read.

import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { ReadStream } from 'node:tty';
import { printable } from '../../../dissectors/printable.ts';
import { ExitCode, SidescopeError } from '../../errors.ts';
import { VaultError } from './vault-error.ts';

// We chose.

/** Octets of a passphrase. Above: refused. */
const PASSPHRASE_MOST = 1024;
/** Name of the credential that opens a vault, in the folder that systemd gives a service (systemd.exec(5)). */
export const CREDENTIAL_NAME = 'vault-pass';
const OTHERS = 0o077;

/** A passphrase, and the name of the credential it came from where it did. */
export interface Passphrase {
  readonly octets: Uint8Array;
  readonly credential: string | null;
}

/**
 * A passphrase from the first of: the file that was named, the credential, the terminal.
 *
 * @param file `--passphrase-file`
 * @param question what the terminal asks
 * @param again asks a second time, for a passphrase that is new
 * @throws SidescopeError `usage.no-passphrase`, `interrupted`; VaultError `passphrase`, `mode`
 */
export async function findPassphrase(
  file: string | undefined,
  question: string,
  again: string | null = null,
): Promise<Passphrase> {
  if (file !== undefined) return { octets: passphraseFile(file), credential: null };
  const credential = credentialOctets(CREDENTIAL_NAME);
  if (credential !== null) return { octets: credential, credential: CREDENTIAL_NAME };
  const first = await askTerminal(question);
  if (again === null) return { octets: first, credential: null };
  const second = await askTerminal(again);
  const isSame = Buffer.compare(first, second) === 0;
  second.fill(0);
  if (!isSame) {
    first.fill(0);
    throw new VaultError('passphrase', 'the two passphrases differ', 'Type the same one twice');
  }
  return { octets: first, credential: null };
}

/** The octets of a credential, or null where systemd gave none of that name. */
export function credentialOctets(name: string): Uint8Array | null {
  const folder = process.env.CREDENTIALS_DIRECTORY;
  if (folder === undefined || folder === '') return null;
  const path = join(folder, name);
  return lstatSync(path, { throwIfNoEntry: false }) === undefined ? null : readLine(path, 'the credential');
}

/** The first line of a passphrase file. A plain file must belong to its owner alone; pipes and descriptors may be named. */
export function passphraseFile(path: string): Uint8Array {
  return readLine(path, 'the passphrase file');
}

function readLine(path: string, what: string): Uint8Array {
  const octets = new Uint8Array(PASSPHRASE_MOST + 2);
  let length = 0;
  try {
    const handle = path === '-' ? 0 : openSync(path, constants.O_RDONLY);
    try {
      const facts = fstatSync(handle);
      if (facts.isFile() && path !== '-' && (facts.mode & OTHERS) !== 0) throw openToOthers(path, what);
      for (;;) {
        const read = readSync(handle, octets, length, octets.length - length, null);
        length += read;
        if (read === 0 || length === octets.length) break;
      }
    } finally {
      if (handle !== 0) closeSync(handle);
    }
  } catch (cause) {
    if (cause instanceof VaultError) throw cause;
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown reason';
    const message = `${what} ${path} cannot be read (${code})`;
    throw new VaultError('passphrase', message, 'Check the path and who may read the file', { cause });
  }
  return lineOf(octets, length, `${what} ${path}`);
}

/** The line without its end. There must be one line only, or it would be open what counts. */
function lineOf(octets: Uint8Array, length: number, what: string): Uint8Array {
  let end = octets.indexOf(0x0a);
  const rest = end < 0 ? 0 : length - end - 1;
  if (end < 0 || end > length) end = length;
  if (end > 0 && octets[end - 1] === 0x0d) end -= 1;
  const line = octets.slice(0, end);
  octets.fill(0);
  const refuse = (text: string): VaultError => {
    line.fill(0);
    return new VaultError('passphrase', `${what} ${text}`, 'Put the passphrase, and nothing else, into one line');
  };
  if (line.length === 0) throw refuse('holds no passphrase');
  if (line.length > PASSPHRASE_MOST) throw refuse(`holds a line of more than ${PASSPHRASE_MOST} octets`);
  if (rest > 0) throw refuse('holds more than one line');
  return line;
}

function openToOthers(path: string, what: string): VaultError {
  const message = `${what} ${path} can be read or written by others`;
  return new VaultError('mode', message, `\`chmod 600 ${path}\`, and take a new passphrase if somebody could read it`);
}

/** What came of the octets typed so far. */
type Typed = 'more' | 'done' | 'interrupted';

/** A line that is typed unseen, octet by octet as a terminal in raw mode gives them. */
export class SecretLine {
  readonly #octets = new Uint8Array(PASSPHRASE_MOST);
  #length = 0;

  /** Takes what was typed. */
  type(typed: Uint8Array): Typed {
    for (const octet of typed) {
      if (octet === 0x03) return 'interrupted';
      if (octet === 0x0d || octet === 0x0a || (octet === 0x04 && this.#length > 0)) return 'done';
      if (octet === 0x04) return 'interrupted';
      if (octet === 0x7f || octet === 0x08) this.#rubOut();
      else if (octet === 0x15) this.wipe();
      else if (octet >= 0x20 && this.#length < PASSPHRASE_MOST) this.#octets[this.#length++] = octet;
    }
    return 'more';
  }

  /** The line; the caller wipes it. */
  take(): Uint8Array {
    const line = this.#octets.slice(0, this.#length);
    this.wipe();
    return line;
  }

  wipe(): void {
    this.#octets.fill(0);
    this.#length = 0;
  }

  /** Takes one character away: all octets of its UTF-8 form. */
  #rubOut(): void {
    while (this.#length > 0) {
      this.#length -= 1;
      const octet = this.#octets[this.#length];
      this.#octets[this.#length] = 0;
      if ((octet & 0xc0) !== 0x80) return;
    }
  }
}

/** Asks on the terminal of the process, whatever standard input and output are. */
async function askTerminal(question: string): Promise<Uint8Array> {
  let handle: number;
  try {
    handle = openSync('/dev/tty', constants.O_RDWR | constants.O_NOCTTY);
  } catch (cause) {
    throw new SidescopeError(
      'usage.no-passphrase',
      'there is no terminal to ask for the passphrase',
      `Give --passphrase-file FILE, or run as a systemd service with the credential ${CREDENTIAL_NAME}`,
      ExitCode.usage,
      { cause },
    );
  }
  const terminal = new ReadStream(handle);
  const line = new SecretLine();
  try {
    terminal.setRawMode(true);
    writeSync(handle, printable(question));
    const outcome = await new Promise<Typed>((resolve, reject) => {
      terminal.on('error', reject);
      terminal.on('end', () => resolve('interrupted'));
      terminal.on('data', (typed: Buffer) => {
        const typedSoFar = line.type(typed);
        typed.fill(0);
        if (typedSoFar !== 'more') resolve(typedSoFar);
      });
    });
    writeSync(handle, '\n');
    if (outcome === 'done') return line.take();
    throw new SidescopeError('interrupted', 'no passphrase was given', '', ExitCode.interrupted);
  } finally {
    line.wipe();
    terminal.setRawMode(false);
    terminal.destroy();
  }
}
