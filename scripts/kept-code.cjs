'use strict';

// Loads large chunks with the code that V8 made of them when the package was built (code-cache.mjs): reading and compiling
// them was half of the time until the first line. Copied to dist/chunks with the list KEPT filled in; entries that load such
// a chunk require it first.
//
// V8 refuses code of another version or with other options by itself, but runs damaged code: what is not octet for octet what
// was written is not given to it. Whatever is amiss, a chunk is loaded as any other file.

const { closeSync, fstatSync, openSync, readFileSync, readSync } = require('node:fs');
const { wrapper } = require('node:module');
const { basename, dirname, join } = require('node:path');
const { Script } = require('node:vm');

/** By the name of a chunk: the file of its code, and the SHA-256 of that file. */
const KEPT = {};
/** Of the code: process.version and process.arch. */
const MADE_BY = '';

/**
 * A chunk as the body of a function. It is ASCII and imports nothing (code-cache.mjs): nothing is there to decode, and it is
 * copied once.
 */
function bodyOf(file) {
  const descriptor = openSync(file);
  const { size } = fstatSync(descriptor);
  const [before, behind] = wrapper;
  const text = Buffer.allocUnsafeSlow(before.length + size + behind.length);
  text.write(before);
  readSync(descriptor, text, before.length, size);
  closeSync(descriptor);
  text.write(behind, before.length + size);
  return text.latin1Slice();
}

/**
 * A chunk, compiled or with the code that is given.
 *
 * @param {string} file
 * @param {Uint8Array | undefined} code
 */
function scriptOf(file, code) {
  return new Script(bodyOf(file), {
    filename: file,
    columnOffset: -wrapper[0].length,
    cachedData: code,
  });
}

/** Runs a chunk as node's loader does. Of `require`, calling it is all that chunks do. */
function run(script, module, file) {
  const body = script.runInThisContext();
  body.call(module.exports, module.exports, (id) => module.require(id), module, file, dirname(file));
}

/** The code of a chunk, or undefined where there is none that can be trusted. */
function codeOf(file) {
  const kept = dirname(file) === __dirname ? KEPT[basename(file)] : undefined;
  if (kept === undefined) return undefined;
  try {
    const code = readFileSync(join(__dirname, kept.file));
    // Here, since chunks with code load it anyway and other verbs need none.
    const { createHash } = require('node:crypto');
    return createHash('sha256').update(code).digest('base64') === kept.sha256 ? code : undefined;
  } catch {
    return undefined;
  }
}

function load(module, file) {
  const code = codeOf(file);
  if (code === undefined) require.extensions['.js'](module, file);
  else run(scriptOf(file, code), module, file);
}

/** Node's own loader notes source maps, by which `--enable-source-maps` reads a stack. */
const readsSourceMaps = `${process.execArgv} ${process.env.NODE_OPTIONS}`.includes('source-maps');

if (MADE_BY === `${process.version} ${process.arch}` && !readsSourceMaps) require.extensions['.cjs'] = load;

module.exports = { run, scriptOf };
