// Puts what the command loads into few files: a hundred small modules cost more to find than to run. tsc has written each
// module; the entries below become bundles that share chunks in dist/chunks. Bundles are CommonJS: its loader starts in
// 7 ms less than the one of modules, and needs 10 ms less for the chunks of `read`. What others import (dist/testing, and
// what it needs) stays modules.

import { copyFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { keptKernels } from './keep-kernels.mjs';
import { lateModules } from './late-modules.mjs';
import { plainCode } from './plain-code.mjs';

const DIST = fileURLToPath(new URL('../dist/', import.meta.url));

/** What is started as a process or a thread; each becomes a bundle beside it that ends in .cjs. A new one is one line here. */
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

const ALL_ENTRIES = [...ENTRIES, ...LIGHT_ENTRIES];

/** Packages that stay outside: large, loaded by few verbs, or with files of their own beside their code. */
const OUTSIDE = ['blessed', 'pino', 'prom-client', 'ws', '@peculiar/x509', 'reflect-metadata'];

/** The bundle of an entry. */
const bundleOf = (entry) => (entry === 'cli/main.js' ? entry : entry.replace(/\.js$/, '.cjs'));

const withSlashes = (path) => path.split(sep).join('/');

/**
 * One chunk for all that an entry, the command line of `read` and the start of its threads need at once, one for all that
 * `read` needs to run: finding a file costs more than the code of several. What is asked for now and then is left to the
 * bundler.
 */
const TOGETHER = {
  start: ['cli/command.js', 'cli/read.js', 'daemon/engine-thread/round-start.js'],
  read: ['cli/read-capture.js'],
};
/** Those of them that are in the chunk themselves, not only what they need. */
const ITSELF = ['cli/command.js', 'cli/read.js', 'cli/read-capture.js'];
const TOGETHER_LIGHT = { round: LIGHT_ENTRIES };

/** What is loaded late, and by threads that share memory all at once when they start (shared-layout.ts): one chunk. */
const KERNELS = [
  'daemon/engine-thread/records-kernel.js',
  'daemon/engine/duplicate-kernel.js',
  'daemon/engine/gather-kernel.js',
  'daemon/engine/shared-tables.js',
  'daemon/engine/kernel-judging.js',
  'daemon/engine/whole-frames-kernel.js',
  'daemon/findings/kernel-runs.js',
  'dissectors/plain-frames-kernel.js',
  'dissectors/security/wasm/message-kernel.js',
];

/** Loads chunks with code that is kept (code-cache.mjs), in what `read` starts. */
const KEPT_CODE = 'chunks/kept-code.cjs';
const isQuick = (file) => ['cli/main.js', ...LIGHT_ENTRIES.map(bundleOf)].includes(file);

/** The room whose files node takes for CommonJS, unless what stands in them says otherwise: `dist/cli/main.js` is a bundle. */
const COMMAND = 'cli';

const MARK = /__FILE_OF__\("([^"]+)"\)/g;

/** A module finds its neighbours (workers, package.json) from where tsc wrote it, in whichever chunk it ends up. */
const placesOfModules = {
  name: 'places-of-modules',
  transform(code, id) {
    if (!id.startsWith(DIST) || !code.includes('import.meta.url')) return null;
    const module = withSlashes(relative(DIST, id));
    const marked = code
      .replace(/new URL\('(\.[^']+\.js)', import\.meta\.url\)/g, (url, file) => {
        const entry = withSlashes(join(dirname(module), file));
        if (!ALL_ENTRIES.includes(entry)) throw new Error(`${module}: ${file} is not in the list of entries`);
        return url.replace(file, file.replace(/[^/]+$/, bundleOf(entry).split('/').at(-1)));
      })
      .replaceAll('import.meta.url', `__FILE_OF__("${module}")`);
    return { code: marked, map: null };
  },
  renderChunk(code, chunk) {
    const folder = dirname(chunk.fileName);
    const placed = code.replace(MARK, (_, module) => {
      const path = JSON.stringify(withSlashes(relative(folder, module)));
      return `new URL(${path}, require("node:url").pathToFileURL(__filename))`;
    });
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

/** Keyrings are read with nothing but the scanner of jsonc-parser: what formats and edits is for the settings of the screen. */
const scannerAlone = {
  name: 'scanner-alone',
  async resolveId(source, importer) {
    if (source !== 'jsonc-parser' || !importer?.endsWith('json-scanner.js')) return null;
    const { id } = await this.resolve(source, importer, { skipSelf: true });
    return join(dirname(id), 'impl', 'scanner.js');
  },
};

/**
 * What rolldown needs to put modules together is a few lines, which take longer to find than to run: no chunk of their own. What stands
 * behind them begins a line, in the column where it was, so that the source map needs no more than that line.
 */
const withoutRuntimeChunk = {
  name: 'without-runtime-chunk',
  generateBundle(_, files) {
    const chunks = Object.values(files).filter(({ type }) => type === 'chunk');
    const runtime = chunks.find(({ name }) => name === 'rolldown-runtime');
    if (runtime === undefined) return;
    const own = runtime.code
      .replace(/^"use strict";/, '')
      .replace(/\/\/# sourceMappingURL.*/, '')
      .trim();
    const needed = `require("./${basename(runtime.fileName)}")`;
    for (const chunk of chunks) {
      const at = Object.keys(TOGETHER).includes(chunk.name) ? chunk.code.indexOf(needed) : -1;
      if (at < 0) continue;
      const end = at + needed.length;
      if (chunk.code.lastIndexOf('\n', end) >= 0)
        throw new Error(`${chunk.fileName} needs the runtime behind its first line`);
      const before = `${chunk.code.slice(0, at)}(exports=>{${own};return exports})({})`;
      chunk.code = `${before}\n${' '.repeat(end)}${chunk.code.slice(end)}`;
      const map = files[`${chunk.fileName}.map`];
      const { mappings, ...others } = JSON.parse(map.source);
      map.source = JSON.stringify({ ...others, mappings: `;${mappings}` });
    }
  },
};

await rm(join(DIST, 'chunks'), { recursive: true, force: true });
await rm(join(DIST, COMMAND, 'package.json'), { force: true });

const KERNELS_KEPT = await keptKernels(DIST);
const KEEPER = join(DIST, 'dissectors/security/wasm/kept-kernels.js');

/** Behind a module with kernels stand their octets (keep-kernels.mjs): they are loaded with it, and are as whole as its code. */
const withKernels = {
  name: 'with-kernels',
  transform(code, id) {
    const kernels = KERNELS_KEPT.get(id);
    if (kernels === undefined) return null;
    const keeper = JSON.stringify(KEEPER);
    return {
      code: `${code}\nimport { keepKernels } from ${keeper};\nkeepKernels(${JSON.stringify(kernels)});\n`,
      map: null,
    };
  },
};

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
  // Others stay where they are: they wait for what may need their chunk, or need what few ask for.
  return (id !== own || ITSELF.includes(module)) && closures.get(module).has(id);
}

function chunksOf(together) {
  return {
    includeDependenciesRecursively: false,
    groups: [
      ...Object.entries(together).map(([name, modules], index) => ({
        debugName: name,
        name: (id, context) => (modules.some((module) => isNeededBy(module, id, context)) ? name : null),
        priority: 3 - index,
      })),
      {
        debugName: 'kernels',
        name: (id, context) => {
          const isOne = KERNELS.some((module) => id === join(DIST, module) || isNeededBy(module, id, context));
          return isOne ? 'kernels' : null;
        },
        priority: 1,
      },
    ],
  };
}

const inputs = (entries) => Object.fromEntries(entries.map((entry) => [bundleOf(entry), join(DIST, entry)]));
const INPUT_OPTIONS = {
  platform: 'node',
  // Constants that others import are numbers where they are used. A chunk that exports one takes 70 octets and a call for it.
  optimization: { inlineConst: { mode: 'all', pass: 3 } },
  preserveEntrySignatures: 'allow-extension',
  // Packages that have modules beside a form for require() give the modules.
  resolve: { mainFields: ['module', 'main'] },
  external: [/^node:/, ...OUTSIDE],
  plugins: [
    placesOfModules,
    withoutPrograms,
    scannerAlone,
    lateModules(DIST),
    withKernels,
    withoutRuntimeChunk,
    plainCode,
  ],
};
const OUTPUT_OPTIONS = {
  dir: DIST,
  // Before any chunk is loaded.
  banner: ({ isEntry, fileName }) =>
    isEntry && isQuick(fileName)
      ? `"use strict";require("${withSlashes(relative(dirname(fileName), KEPT_CODE))}");`
      : '',
  format: 'cjs',
  strict: true,
  entryFileNames: '[name]',
  chunkFileNames: 'chunks/[name]-[hash].cjs',
  // Names and blanks cost a tenth of the start. `node --enable-source-maps` shows them again in a stack.
  minify: true,
  sourcemap: true,
};

const bundle = await rolldown({ ...INPUT_OPTIONS, input: inputs(ENTRIES) });
await bundle.write({
  ...OUTPUT_OPTIONS,
  codeSplitting: chunksOf(TOGETHER),
});
await bundle.close();

const light = await rolldown({ ...INPUT_OPTIONS, input: inputs(LIGHT_ENTRIES) });
await light.write({ ...OUTPUT_OPTIONS, codeSplitting: chunksOf(TOGETHER_LIGHT) });
await light.close();

await copyFile(fileURLToPath(new URL('kept-code.cjs', import.meta.url)), join(DIST, KEPT_CODE));
await writeFile(join(DIST, COMMAND, 'package.json'), '{}\n');
