import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ExitCode, SidescopeError } from '../../../daemon/errors.ts';
import { parseKeyring } from '../../../daemon/keyring/keyring-file.ts';

const FOLDER = new URL('../../vectors/keyring/', import.meta.url);

interface Vector {
  readonly name: string;
  readonly head: ReadonlyMap<string, string>;
  readonly text: string;
}

/** A vector file: lines `name: value`, a line `---`, then the keyring as it is. */
const vectors: Vector[] = readdirSync(FOLDER).map((name) => {
  const [head, ...rest] = readFileSync(new URL(name, FOLDER), 'utf8').split('\n---\n');
  const lines = head.split('\n').map((line): [string, string] => {
    const colon = line.indexOf(': ');
    return [line.slice(0, colon), line.slice(colon + 2)];
  });
  return { name, head: new Map(lines), text: rest.join('\n---\n') };
});

function failure(text: string | Uint8Array): SidescopeError {
  try {
    parseKeyring(text, 'lab.json');
  } catch (error) {
    if (error instanceof SidescopeError) return error;
    throw error;
  }
  throw new Error('the keyring was accepted');
}

/** Every run of 16 hex digits or more in a text. */
function longHex(text: string): string[] {
  return text.match(/[0-9a-fA-F]{16,}/g) ?? [];
}

describe('keyring files with one fault each', () => {
  test('there are vectors', () => {
    expect(vectors.length).toBeGreaterThan(70);
  });

  test.each(vectors)('$name', ({ head, text }) => {
    for (const form of [text, new TextEncoder().encode(text)]) {
      const error = failure(form);
      const subject = head.get('path') === '' ? 'the file' : head.get('path');
      expect(error.code).toBe(head.get('code'));
      expect(error.message).toMatch(/^\S/);
      expect(error.message.startsWith(`${subject} `)).toBe(true);
      expect(error.message).toContain(`(lab.json, line ${head.get('line')}, column ${head.get('column')})`);
      expect(error.message).not.toMatch(/\.$/);
      expect(error.hint).not.toBe('');
      expect(error.exitCode).toBe(ExitCode.usage);
      // Nothing that could be a key is quoted, wherever it stood.
      expect(longHex(`${error.message} ${error.hint}`)).toEqual([]);
      for (const hex of longHex(text)) expect(`${error.message} ${error.hint}`).not.toContain(hex.slice(0, 12));
    }
  });

  test('line ends of Windows and characters beyond ASCII do not move the place', () => {
    const third = ' "groups": [{ "name": "Feuerwehr Köln 🚒", "id": "F00001" }] }';
    const column = third.indexOf('"F00001"') + 1;
    const { message } = failure(`{\r\n "format": "sidescope-keyring/1",\r\n${third}`);
    expect(message).toContain(`groups[0].id has hex digits in upper case (lab.json, line 3, column ${column})`);
  });

  test('octets that are no UTF-8', () => {
    expect(failure(Uint8Array.of(0x7b, 0xff, 0xfe)).code).toBe('keyring.not-utf8');
  });

  test('a file above the cap', () => {
    expect(failure(new Uint8Array(64 * 1024 * 1024 + 1).fill(0x20)).code).toBe('keyring.too-large');
  });

  test('deep nesting is refused where it begins', () => {
    const error = failure(`{"format":"sidescope-keyring/1","groups":${'['.repeat(1_000_000)}`);
    expect(error.code).toBe('keyring.wrong-type');
    expect(error.message).toContain('groups[0] is a list');
  });

  test('more groups than the cap', () => {
    const group = (id: number) => `{"id":"${id.toString(16).padStart(6, '0')}","algorithm":"EEA0"}`;
    const groups = Array.from({ length: 65_537 }, (_, id) => group(id)).join(',');
    const error = failure(`{"format":"sidescope-keyring/1","groups":[${groups}]}`);
    expect(error.code).toBe('keyring.too-many');
    expect(error.message).toContain('groups[65536]');
  });
});

describe('hints', () => {
  const hintOf = (name: string): string => failure(vectors.find((vector) => vector.name === name)?.text ?? '').hint;

  test('name the nearest spelling', () => {
    expect(hintOf('unknown-member-root.txt')).toBe('Did you mean "groups"?');
    expect(hintOf('unknown-member-key.txt')).toBe('Did you mean "notAfter"?');
    expect(hintOf('unknown-algorithm.txt')).toMatch(/^Did you mean "128-EEA[123]"\?$/);
    expect(hintOf('unknown-protection.txt')).toBe('Did you mean "required"?');
  });

  test('list what is possible where nothing is near', () => {
    expect(hintOf('unknown-member-is-a-key.txt')).toContain('notBefore');
    expect(hintOf('unknown-key-algorithm.txt')).toBe('Use one of EEA0, 128-EEA1, 128-EEA2, 128-EEA3');
  });
});
