// Puts what the command loads into few files: a hundred small modules cost more to find than to run. tsc has written each
// module beside it; the entries below are replaced, in place, by bundles that share chunks in dist/chunks.

import { rm } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const DIST = fileURLToPath(new URL('../dist/', import.meta.url));

/** What is started as a process or a thread. A new one is one line here. */
const ENTRIES = [
  'cli/main.js',
  'cli/output-writer.js',
  'captures/sources/threaded-worker.js',
  'daemon/engine-process/main.js',
  'daemon/inspection/capture-worker.js',
];

/**
 * Threads that are started while the program loads, and need a part of what it needs: bundled by themselves, so that none
 * loads more than it runs. What they share with the others is there twice.
 */
const LIGHT_ENTRIES = ['daemon/engine-thread/round-worker.js'];

/** Packages that stay outside: large, loaded by few verbs, or with files of their own beside their code. */
const OUTSIDE = ['blessed', 'pino', 'prom-client', 'ws', '@peculiar/x509', 'reflect-metadata'];

/**
 * One chunk for all that an entry, the command line of `read` and the start of its threads need at once, one for all that
 * `read` needs to run: finding a file costs more than the code of several. What is asked for now and then is left to the
 * bundler.
 */
const TOGETHER = {
  start: ['cli/main.js', 'cli/read.js', 'daemon/engine-thread/round-start.js'],
  read: ['cli/read-capture.js'],
};

const MARK = /__FILE_OF__\("([^"]+)"\)/g;

/** A module finds its neighbours (workers, package.json) from where tsc wrote it, in whichever chunk it ends up. */
const placesOfModules = {
  name: 'places-of-modules',
  transform(code, id) {
    if (!id.startsWith(DIST) || !code.includes('import.meta.url')) return null;
    const marked = code.replaceAll('import.meta.url', `__FILE_OF__("${relative(DIST, id).split(sep).join('/')}")`);
    return { code: marked, map: null };
  },
  renderChunk(code, chunk) {
    const folder = dirname(chunk.fileName);
    const placed = code.replace(
      MARK,
      (_, module) => `new URL(${JSON.stringify(relative(folder, module).split(sep).join('/'))}, import.meta.url)`,
    );
    return { code: placed, map: null };
  },
};

/** commander loads what starts programs for verbs that are programs of their own. We have none, and start without it. */
const withoutPrograms = {
  name: 'without-programs',
  transform(code, id) {
    if (!id.includes('commander')) return null;
    const without = code.replace("const childProcess = require('node:child_process');", 'const childProcess = null;');
    return { code: without, map: null };
  },
};

await rm(join(DIST, 'chunks'), { recursive: true, force: true });
/** Modules that a module needs before it runs, itself among them. */
function neededBy(id, context, needed = new Set()) {
  if (needed.has(id)) return needed;
  needed.add(id);
  for (const imported of context.getModuleInfo(id)?.importedIds ?? []) neededBy(imported, context, needed);
  return needed;
}

const closures = new Map();
function isNeededBy(module, id, context) {
  const own = join(DIST, module);
  if (!closures.has(module)) closures.set(module, neededBy(own, context));
  // The module itself stays where it is: it waits for others that may need what the chunk holds.
  return id !== own && closures.get(module).has(id);
}

const inputs = (entries) => Object.fromEntries(entries.map((entry) => [entry.replace(/\.js$/, ''), join(DIST, entry)]));
const INPUT_OPTIONS = {
  platform: 'node',
  preserveEntrySignatures: 'allow-extension',
  // Packages that have modules beside a form for require() give the modules.
  resolve: { mainFields: ['module', 'main'] },
  external: [/^node:/, ...OUTSIDE],
  plugins: [placesOfModules, withoutPrograms],
};
const OUTPUT_OPTIONS = {
  dir: DIST,
  format: 'esm',
  entryFileNames: '[name].js',
  chunkFileNames: 'chunks/[name]-[hash].js',
  // Names and blanks cost a tenth of the start. `node --enable-source-maps` shows them again in a stack.
  minify: true,
  sourcemap: true,
};

const bundle = await rolldown({ ...INPUT_OPTIONS, input: inputs(ENTRIES) });
await bundle.write({
  ...OUTPUT_OPTIONS,
  codeSplitting: {
    includeDependenciesRecursively: false,
    groups: Object.entries(TOGETHER).map(([name, modules], index) => ({
      debugName: name,
      name: (id, context) => (modules.some((module) => isNeededBy(module, id, context)) ? name : null),
      priority: 2 - index,
    })),
  },
});
await bundle.close();

const light = await rolldown({ ...INPUT_OPTIONS, input: inputs(LIGHT_ENTRIES) });
await light.write(OUTPUT_OPTIONS);
await light.close();
