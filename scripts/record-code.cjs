// Required into the command while the package is built: large chunks that are loaded leave beside them what V8 has made of
// them by the end, with every function that ran (code-cache.mjs). What earlier runs left is added to.

'use strict';

const { existsSync, readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { setFlagsFromString } = require('node:v8');
const threads = require('node:worker_threads');

const CHUNKS = join(__dirname, '..', 'dist', 'chunks');

/** We chose: octets of a chunk from which on compiling it takes longer than checking its code. */
const LARGE = 10_000;

// V8 notes at a function that it was made into machine code once, and makes it so again before its first call: 4 ms until the
// first line, for functions that are called a few times by then.
setFlagsFromString('--no-sparkplug');

/** V8 makes and takes code for the options of the moment: with its usual ones. */
function asUsual(work) {
  setFlagsFromString('--sparkplug');
  try {
    return work();
  } finally {
    setFlagsFromString('--no-sparkplug');
  }
}

const scripts = new Map();

require.extensions['.cjs'] = (module, file) => {
  if (!file.startsWith(CHUNKS) || !isWorthIt(file)) {
    require.extensions['.js'](module, file);
    return;
  }
  const { bodyOf, run, scriptOf } = require(join(CHUNKS, 'kept-code.cjs'));
  const code = `${file}.code`;
  const script = asUsual(() => scriptOf(file, bodyOf(file), existsSync(code) ? readFileSync(code) : undefined));
  if (script.cachedDataRejected === true) throw new Error(`V8 refuses the code that it has just made of ${file}`);
  scripts.set(code, script);
  run(script, module, file);
};

/** Chunks with code are read as ASCII (kept-code.cjs). */
function isWorthIt(file) {
  const text = readFileSync(file, 'latin1');
  return text.length >= LARGE && !/[^\0-\x7f]/.test(text);
}

function keep() {
  for (const [file, script] of scripts) {
    writeFileSync(
      file,
      asUsual(() => script.createCachedData()),
    );
  }
}

if (threads.isMainThread) {
  process.on('exit', keep);
  threads.Worker = class extends threads.Worker {
    constructor(file, options) {
      super(file, { ...options, execArgv: ['--require', __filename] });
    }
  };
} else {
  // A thread is ended while it waits. What it says last is that it is through.
  const { postMessage } = threads.MessagePort.prototype;
  threads.MessagePort.prototype.postMessage = function (...message) {
    keep();
    postMessage.apply(this, message);
  };
}
