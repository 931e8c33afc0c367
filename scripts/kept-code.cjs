'use strict';

// Loads large chunks with the code that V8 made of them when the package was built (code-cache.mjs): reading and compiling
// them was half of the time until the first line. Copied to dist/chunks with the list KEPT filled in; entries that load such
// a chunk require it first.
//
// V8 refuses code of another version or with other options by itself, but runs damaged code: what is not octet for octet what
// was written is not given to it. Whatever is amiss, a chunk is loaded as any other file.

const { closeSync, fstatSync, openSync, readSync } = require('node:fs');
const { basename, dirname, join } = require('node:path');
const { Script } = require('node:vm');

/** By the name of a chunk: the file of its code, and the SHA-256 of that file. */
const KEPT = {};
/** Of the code: process.version and process.arch. */
const MADE_BY = '';

/** As node's loader does (`wrapper` of node:module, which would take a millisecond to load). */
const BEFORE = '(function (exports, require, module, __filename, __dirname) { ';
const BEHIND = '\n});';

/** We chose: most octets of a chunk or its code, ten times what they have. */
const MOST_OCTETS = 8 << 20;

/**
 * Memory into which files are read, one after the other, so that few pages are touched. It can be resized, so V8 has it from the
 * system: what comes from the C library would raise the size from which on it leaves memory to the system, and until then it
 * clears, and so touches, all of what others ask for. Forgotten once what is loaded has run.
 *
 * @type {ArrayBuffer | null}
 */
let room = null;

/** Octets of a file, behind so many others, until the next one is read. */
function octetsOf(file, before = 0, behind = 0) {
  const descriptor = openSync(file);
  try {
    const { size } = fstatSync(descriptor);
    const needed = before + size + behind;
    if (room === null) {
      room = new ArrayBuffer(needed, { maxByteLength: MOST_OCTETS });
      setImmediate(() => {
        room = null;
      });
    }
    if (room.byteLength < needed) room.resize(needed);
    const octets = Buffer.from(room, 0, needed);
    if (readSync(descriptor, octets, before, size) !== size) throw new Error(`${file} was not read whole`);
    return octets;
  } finally {
    closeSync(descriptor);
  }
}

/** A chunk as the body of a function. It is ASCII and imports nothing (code-cache.mjs): nothing is there to decode. */
function bodyOf(file) {
  const text = octetsOf(file, BEFORE.length, BEHIND.length);
  text.write(BEFORE);
  text.write(BEHIND, text.length - BEHIND.length);
  return text.latin1Slice();
}

/** A chunk, compiled or with the code that is given. @param {Uint8Array | undefined} code */
function scriptOf(file, body, code) {
  return new Script(body, { filename: file, columnOffset: -BEFORE.length, cachedData: code });
}

/** Runs a chunk as node's loader does. Of `require`, calling it is all that chunks do. */
function run(script, module, file) {
  const body = script.runInThisContext();
  body.call(module.exports, module.exports, (id) => module.require(id), module, file, dirname(file));
}

/** A chunk with its code, or undefined where there is none that can be trusted. */
function keptScriptOf(file) {
  const kept = dirname(file) === __dirname ? KEPT[basename(file)] : undefined;
  if (kept === undefined) return undefined;
  try {
    // First, as the code is read over it.
    const body = bodyOf(file);
    const code = octetsOf(join(__dirname, kept.file));
    // Here, since chunks with code load it anyway and other verbs need none.
    const { createHash } = require('node:crypto');
    if (createHash('sha256').update(code).digest('base64') !== kept.sha256) return undefined;
    return scriptOf(file, body, code);
  } catch {
    return undefined;
  }
}

function load(module, file) {
  const script = keptScriptOf(file);
  if (script === undefined) require.extensions['.js'](module, file);
  else run(script, module, file);
}

/** Node's own loader notes source maps, by which `--enable-source-maps` reads a stack. */
const readsSourceMaps = `${process.execArgv} ${process.env.NODE_OPTIONS}`.includes('source-maps');

if (MADE_BY === `${process.version} ${process.arch}` && !readsSourceMaps) require.extensions['.cjs'] = load;

module.exports = { bodyOf, run, scriptOf };
