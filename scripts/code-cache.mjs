// Keeps what V8 makes of the large chunks that `read` loads, beside them, for kept-code.cjs: the command reads samples in the
// ways that are to start at once.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeBulkCapture } from '../dist/testing/bulk.js';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const CHUNKS = join(HERE, '..', 'dist', 'chunks');
const MAIN = join(HERE, '..', 'dist', 'cli', 'main.js');
const SAMPLE = join(HERE, '..', 'captures', 'samples', 'attacked');
const ATTACKED = [join(SAMPLE, 'capture.pcapng'), '--keyring', join(SAMPLE, 'keyring.json')];

/** A classic pcap, with a roster in its keyring. */
const folder = mkdtempSync(join(tmpdir(), 'sidescope-code-'));
const PLAIN = [join(folder, 'capture.pcap'), '--keyring', join(folder, 'keyring.json')];
const pieces = [];
const { keyring } = writeBulkCapture((piece) => pieces.push(Buffer.from(piece)), { messages: 100 });
writeFileSync(PLAIN[0], Buffer.concat(pieces));
writeFileSync(PLAIN[2], JSON.stringify(keyring), { mode: 0o600 });

/** What `read` is asked: what prints, and what only counts, with a thread that judges. */
const WAYS = [PLAIN, ATTACKED, [...ATTACKED, '-q', '-z', 'groups,findings', '--threads', '2']];

for (const way of WAYS) {
  const args = ['read', ...way];
  // None of the options that somebody has set for their programs: code is made for those that node has by itself.
  const env = { ...process.env, NODE_OPTIONS: '' };
  const { status, stderr } = spawnSync(process.execPath, ['--require', join(HERE, 'record-code.cjs'), MAIN, ...args], {
    ...{ env, encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] },
  });
  if (status !== 0) throw new Error(`read ${way.join(' ')} ended with ${status}: ${stderr}`);
}

rmSync(folder, { recursive: true });

const sha256 = (octets) => createHash('sha256').update(octets).digest('base64');
const kept = {};
for (const file of readdirSync(CHUNKS).filter((name) => name.endsWith('.code'))) {
  const chunk = file.slice(0, -'.code'.length);
  const text = readFileSync(join(CHUNKS, chunk), 'utf8');
  if (/[^\0-\x7f]/.test(text)) throw new Error(`${chunk} is not ASCII`);
  // Only node's own loader can tell from where. `process.getBuiltinModule` loads its modules late.
  if (/\bimport\(/.test(text)) throw new Error(`${chunk} imports: ${text.match(/\bimport\(.{40}/)?.[0]}`);
  kept[chunk] = { file, sha256: sha256(readFileSync(join(CHUNKS, file))) };
}
if (Object.keys(kept).length === 0) throw new Error('no chunk left code');

const LOADER = join(CHUNKS, 'kept-code.cjs');
const filled = readFileSync(LOADER, 'utf8')
  .replace('const KEPT = {}', () => `const KEPT = ${JSON.stringify(kept)}`)
  .replace("const MADE_BY = ''", () => `const MADE_BY = '${process.version} ${process.arch}'`);
writeFileSync(LOADER, filled);
