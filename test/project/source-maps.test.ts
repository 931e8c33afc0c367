// Source maps of the chunks with kept code: plugins of the bundle change what stands in them (scripts/bundle.mjs,
// scripts/plain-code.mjs), and a stack that names the wrong line misleads whoever reads it.

import { readdirSync, readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';

const CHUNKS = join(import.meta.dirname, '..', '..', 'dist', 'chunks');
const MAPPED = readdirSync(CHUNKS).filter((name) => /^(read|start|round)-[^.]+\.cjs$/.test(name));

/** Codes of errors and names of fields: texts that stand in sources as they stand in chunks. */
const NAMES = /'([a-z]+\.[a-z_.-]{4,40})'/g;

test('there are such chunks', () => {
  for (const name of ['read', 'start', 'round']) expect(MAPPED.some((file) => file.startsWith(`${name}-`))).toBe(true);
});

test.each(MAPPED)('%s: names stand in their sources where the map says', (name) => {
  const path = join(CHUNKS, name);
  const map = new SourceMap(JSON.parse(readFileSync(`${path}.map`, 'utf8')) as SourceMapPayload);
  let compared = 0;
  for (const [line, text] of readFileSync(path, 'utf8').split('\n').entries()) {
    for (const { index, 1: literal } of text.matchAll(NAMES)) {
      const entry = map.findEntry(line, index);
      if (!('originalSource' in entry) || !entry.originalSource.startsWith('../')) continue;
      const source = readFileSync(new URL(entry.originalSource, pathToFileURL(path)), 'utf8').split('\n');
      const found = source[entry.originalLine].slice(entry.originalColumn + 1);
      expect(found.slice(0, literal.length)).toBe(literal);
      compared++;
    }
  }
  if (!name.startsWith('round-start-')) expect(compared).toBeGreaterThan(3);
});
