// Parts of the program that few captures need. Who calls them imports them as anything else; in a bundle the import becomes
// functions that load the module when one of them is called first. That is possible at any place because bundles are
// CommonJS, and leaves sources, tests and what others import as they are.

import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { parseAst } from 'rolldown/parseAst';

/** Who imports, and what it finds late: modules of which it takes functions only. */
const LATE = {
  'captures/formats/compression.js': ['captures/formats/gzip.js', 'captures/formats/zstd.js'],
  'cli/capture-file.js': ['cli/output-problem.js'],
  'cli/config-file.js': ['daemon/findings/check-overrides.js'],
  'cli/stdout.js': ['cli/output-problem.js'],
  'daemon/engine-thread/round-reading.js': ['daemon/engine-thread/records-kernel.js'],
  'daemon/engine/decipher-batch.js': ['daemon/engine/gather-kernel.js', 'daemon/engine/lone-messages.js'],
  'daemon/engine/duplicates.js': ['daemon/engine/duplicate-kernel.js', 'daemon/engine/shared-tables.js'],
  'daemon/engine/engine.js': ['daemon/engine/shared-tables.js'],
  'daemon/engine/evidence.js': ['dissectors/sidelink/pc5-signalling.js'],
  'daemon/engine/first-messages.js': ['dissectors/security/pek-batch.js'],
  'daemon/engine/judgement.js': ['daemon/engine/kernel-judging.js'],
  'daemon/engine/key-management.js': [
    'daemon/keying/lkh-receiver.js',
    'daemon/keying/mikey-receiver.js',
    'dissectors/keying/lkh-rekey.js',
  ],
  'daemon/engine/round-kernel.js': ['daemon/engine/shared-tables.js', 'dissectors/security/wasm/message-kernel.js'],
  'daemon/engine/sdu-fragments.js': ['dissectors/internet/fragments.js'],
  'daemon/engine/whole-frames.js': ['daemon/engine/whole-frames-kernel.js'],
  'daemon/findings/mikey.js': ['daemon/findings/catalogue.js'],
  'daemon/findings/recorder.js': ['daemon/findings/catalogue.js'],
  'daemon/findings/usual-runs.js': ['daemon/findings/kernel-runs.js'],
  'daemon/findings/watch.js': ['daemon/findings/kernel-runs.js'],
  'daemon/keyring/json-reader.js': ['daemon/keyring/json-scanner.js'],
  'dissectors/plain-frames.js': ['dissectors/plain-frames-kernel.js'],
  'dissectors/sdu.js': [
    'dissectors/internet/arp.js',
    'dissectors/internet/icmp.js',
    'dissectors/internet/icmpv6.js',
    'dissectors/internet/igmp.js',
    'dissectors/keying/lkh-rekey.js',
    'dissectors/keying/mikey.js',
    'dissectors/keying/mikey-tree.js',
    'dissectors/media/monp.js',
    'dissectors/media/rtcp.js',
    'dissectors/sidelink/non-ip.js',
    'dissectors/sidelink/pc5-signalling.js',
  ],
  'dissectors/security/aes-eea2.js': ['dissectors/security/wasm/aes-kernel.js'],
  'dissectors/security/algorithm.js': ['dissectors/security/eea1.js', 'dissectors/security/eea3.js'],
  'dissectors/security/eea3.js': ['dissectors/security/wasm/zuc-planes.js'],
  'dissectors/security/kdf.js': ['dissectors/security/wasm/sha256-kernel.js'],
  'dissectors/security/pek-batch.js': [
    'dissectors/security/wasm/pek-kernel.js',
    'dissectors/security/wasm/sha256-kernel.js',
  ],
  'dissectors/security/word-streams.js': ['dissectors/security/eea1.js', 'dissectors/security/eea3.js'],
  'dissectors/sidelink/sl-sch.js': ['dissectors/sidelink/pc5-signalling.js'],
  'dissectors/walk.js': ['dissectors/keying/lkh-rekey.js', 'dissectors/sidelink/mib-sl.js'],
};

/**
 * What runs for long loads all of it when it starts: the files may be others by the time they are needed, where somebody
 * installs the next version meanwhile.
 */
const AT_ONCE = ['daemon/engine-process/main.js', 'daemon/inspection/capture-worker.js', 'daemon/service/daemon.js'];

const PREFIX = '\0late:';
/**
 * A chunk that loads all of it. It has to lie beside those that call them: Node remembers which file a name is for the folder
 * of who asks, and looks for it on the disk again for another folder, loaded or not.
 */
const ALL = '\0all-late';

/** The plugin, for modules below `dist`. */
export function lateModules(dist) {
  return {
    name: 'late-modules',
    resolveId(source, importer) {
      if (source === ALL) return ALL;
      if (importer === undefined || !source.startsWith('.')) return null;
      const found = join(dirname(importer), source);
      return LATE[relative(dist, importer)]?.includes(relative(dist, found)) ? PREFIX + found : null;
    },
    load(id) {
      if (id === ALL) return loadingAll(dist);
      return id.startsWith(PREFIX) ? standIn(id.slice(PREFIX.length)) : null;
    },
    transform(code, id) {
      if (!AT_ONCE.includes(relative(dist, id))) return null;
      return { code: `${code}\n${loadingAll(dist)}void import(${JSON.stringify(ALL)});\n`, map: null };
    },
    renderChunk(code) {
      const placed = code.replace(
        /__LATE__\(Promise\.resolve\(\)\.then\(\(\) => require\(("[^"]+")\)\)(?:\.then\(\((\w+)\) => \2(\.\w+)\))?\)/g,
        (_, file, __, member = '') => `require(${file})${member}`,
      );
      const left = placed.match(/__LATE__\(.*/)?.[0];
      if (left !== undefined) throw new Error(`loaded at once by somebody else, or written in another way: ${left}`);
      return { code: placed, map: null };
    },
  };
}

/** Statements that load all that is late. */
function loadingAll(dist) {
  const modules = [...new Set(Object.values(LATE).flat())];
  const imports = modules.map((module) => `import(${JSON.stringify(join(dist, module))})`);
  return `void Promise.all([${imports.join(', ')}]);\n`;
}

/** A module of the functions of another one, which is loaded when one of them is called. */
function standIn(file) {
  const functions = parseAst(readFileSync(file, 'utf8')).body.flatMap(({ type, declaration }) =>
    type === 'ExportNamedDeclaration' && declaration?.type === 'FunctionDeclaration' ? [declaration] : [],
  );
  const each = functions.map(({ id, params }) => {
    const names = params.map((_, index) => `p${index}`).join(', ');
    const taken = params.some(({ type }) => type === 'RestElement') ? '...p' : names;
    return `export function ${id.name}(${taken}) { return late().${id.name}(${taken}); }`;
  });
  return `let module;\nconst late = () => (module ??= __LATE__(import(${JSON.stringify(file)})));\n${each.join('\n')}\n`;
}
