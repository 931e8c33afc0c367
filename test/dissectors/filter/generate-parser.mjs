// Makes dissectors/filter/filter-parser.ts of filter.peggy: `node test/dissectors/filter/generate-parser.mjs` writes it,
// with `--print` it goes to stdout. It stands here because the product never runs it: peggy is a devDependency.
// filter-parser.test.ts demands that the committed parser is what this makes.

import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import peggy from 'peggy';

const FOLDER = new URL('../../../dissectors/filter/', import.meta.url);

const HEAD = `// @ts-nocheck
// biome-ignore-all lint: generated
// biome-ignore-all format: generated
// biome-ignore-all assist: generated
`;

const grammar = readFileSync(new URL('filter.peggy', FOLDER), 'utf8');
const parser = HEAD + peggy.generate(grammar, { output: 'source', format: 'es', grammarSource: 'filter.peggy' });
if (process.argv.includes('--print')) process.stdout.write(parser);
else writeFileSync(new URL('filter-parser.ts', FOLDER), parser);
