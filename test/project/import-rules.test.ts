// The import rules between rooms and the other house rules of .oxlintrc.json really fail on a violation: oxlint runs
// with the project's own configuration over a small house made for the purpose, one import a line.

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** How a line reaches for another file. */
type Kind = 'value' | 'type' | 're-export' | 'side effect' | 'dynamic';

/** `from` reaches for `to` (a file of ours, or a package when it has no slash or starts with `node:` or `sidescope`). */
type Row = readonly [from: string, kind: Kind, to: string];

const FORBIDDEN: readonly Row[] = [
  ['captures/formats/pcap.ts', 'value', 'dissectors/layer.ts'],
  ['captures/formats/pcap.ts', 'dynamic', 'dissectors/layer.ts'],
  ['captures/formats/pcap.ts', 're-export', 'dissectors/layer.ts'],
  ['captures/formats/pcap.ts', 'type', 'daemon/events.ts'],
  ['captures/formats/pcap.ts', 'value', 'daemon/errors.ts'],
  ['captures/formats/pcap.ts', 'value', 'tui/feed.ts'],
  ['captures/formats/pcap.ts', 'value', 'cli/main.ts'],
  ['captures/formats/pcap.ts', 'value', 'sidescope/testing'],
  ['dissectors/sidelink/mac.ts', 'value', 'captures/frame-batch.ts'],
  ['dissectors/sidelink/mac.ts', 'type', 'daemon/events.ts'],
  ['dissectors/sidelink/mac.ts', 'dynamic', 'daemon/engine/engine.ts'],
  ['dissectors/sidelink/mac.ts', 'value', 'testing/index.ts'],
  ['dissectors/sidelink/mac.ts', 'value', 'node:fs'],
  ['dissectors/sidelink/mac.ts', 'value', 'node:fs/promises'],
  ['daemon/engine/pipeline.ts', 'type', 'tui/feed.ts'],
  ['daemon/engine/pipeline.ts', 'value', 'testing/index.ts'],
  ['daemon/engine/pipeline.ts', 'side effect', 'cli/main.ts'],
  ['daemon/engine/pipeline.ts', 'value', 'test/helper.ts'],
  ['daemon/engine/pipeline.ts', 'value', 'blessed'],
  ['tui/views/list.ts', 'value', 'daemon/engine/engine.ts'],
  ['tui/views/list.ts', 'value', 'daemon/relay/client.ts'],
  ['tui/views/list.ts', 'value', 'daemon/analysis.ts'],
  ['tui/views/list.ts', 'type', 'daemon/keyring/keyring.ts'],
  ['tui/views/list.ts', 'dynamic', 'cli/main.ts'],
  ['tui/views/list.ts', 'value', 'daemon/inspection/reading-pass.ts'],
  ['tui/feed/capture-feed.ts', 'value', 'daemon/keyring/keyring.ts'],
  ['tui/feed/capture-feed.ts', 'value', 'daemon/engine/engine.ts'],
  ['tui/feed/capture-feed.ts', 'value', 'daemon/relay/session.ts'],
  ['tui/feed/capture-feed.ts', 'value', 'testing/index.ts'],
  ['testing/replay.ts', 'value', 'daemon/relay/session.ts'],
  ['testing/replay.ts', 'value', 'tui/feed.ts'],
  ['testing/replay.ts', 'value', 'cli/main.ts'],
  ['cli/read.ts', 'value', 'test/helper.ts'],
  ['bench/read.ts', 'value', 'cli/main.ts'],
];

const ALLOWED: readonly Row[] = [
  ['captures/formats/pcap.ts', 'type', 'dissectors/layer.ts'],
  ['captures/formats/pcap.ts', 'value', 'captures/frame-batch.ts'],
  ['captures/formats/pcap.ts', 'value', 'node:fs'],
  ['dissectors/sidelink/mac.ts', 'type', 'captures/frame-batch.ts'],
  ['dissectors/sidelink/mac.ts', 'value', 'dissectors/layer.ts'],
  ['dissectors/sidelink/mac.ts', 'value', 'node:crypto'],
  ['daemon/engine/pipeline.ts', 'value', 'captures/frame-batch.ts'],
  ['daemon/engine/pipeline.ts', 'value', 'dissectors/layer.ts'],
  ['daemon/engine/pipeline.ts', 'value', 'daemon/keyring/keyring.ts'],
  ['tui/views/list.ts', 'value', 'daemon/events.ts'],
  ['tui/views/list.ts', 'value', 'daemon/errors.ts'],
  ['tui/views/list.ts', 'value', 'dissectors/layer.ts'],
  ['tui/views/list.ts', 'type', 'tui/feed.ts'],
  ['tui/views/list.ts', 'value', 'daemon/inspection/contract.ts'],
  ['tui/views/list.ts', 'value', 'daemon/findings/catalogue.ts'],
  ['tui/feed/capture-feed.ts', 'value', 'daemon/events.ts'],
  ['tui/feed/capture-feed.ts', 'value', 'daemon/inspection/capture-worker.ts'],
  ['tui/feed/capture-feed.ts', 'value', 'daemon/relay/client.ts'],
  ['testing/replay.ts', 'value', 'daemon/events.ts'],
  ['testing/replay.ts', 'value', 'daemon/time.ts'],
  ['testing/replay.ts', 'value', 'daemon/analysis.ts'],
  ['testing/replay.ts', 'value', 'daemon/engine/engine.ts'],
  ['testing/replay.ts', 'value', 'daemon/relay/client.ts'],
  ['testing/replay.ts', 'value', 'daemon/keyring/keyring-file.ts'],
  ['testing/replay.ts', 'value', 'daemon/keying/mikey-sender.ts'],
  ['testing/replay.ts', 'value', 'daemon/findings/finding-names.ts'],
  ['testing/replay.ts', 'value', 'dissectors/layer.ts'],
  ['cli/read.ts', 'value', 'daemon/relay/session.ts'],
  ['cli/read.ts', 'dynamic', 'tui/feed.ts'],
  ['cli/read.ts', 'value', 'testing/index.ts'],
  ['test/some.test.ts', 'value', 'cli/main.ts'],
  ['test/some.test.ts', 'value', 'sidescope/testing'],
  ['test/some.test.ts', 'value', 'daemon/keyring/keyring.ts'],
];

/** Files that break a house rule of another kind, and the rule that has to say so. */
const HOUSE_RULES: readonly [file: string, text: string, rule: string][] = [
  ['daemon/round-a.ts', "import { b } from './round-b.ts';\nexport const a = (): unknown => b;\n", 'import(no-cycle)'],
  ['daemon/round-b.ts', "import { a } from './round-a.ts';\nexport const b = (): unknown => a;\n", 'import(no-cycle)'],
  ['daemon/long.ts', 'export const one = 1;\n'.padEnd(600, '\n'), 'eslint(max-lines)'],
  [
    'daemon/floating.ts',
    'async function later(): Promise<void> {}\nexport function now(): void {\n  later();\n}\n',
    'typescript(no-floating-promises)',
  ],
  [
    'daemon/verdict.ts',
    "export function word(v: 'a' | 'b'): string {\n  switch (v) {\n    case 'a':\n      return 'x';\n  }\n  return '';\n}\n",
    'typescript(switch-exhaustiveness-check)',
  ],
  ['daemon/asserted.ts', 'export const n = (x: number): number => x!;\n', 'typescript(no-unnecessary-type-assertion)'],
  ['daemon/inline-type.ts', "export type E = import('./events.ts').E;\n", 'typescript(consistent-type-imports)'],
  ['daemon/printing.ts', "console.log('text');\n", 'eslint(no-console)'],
  ['dissectors/clock.ts', 'export const now = (): number => Date.now();\n', 'eslint(no-restricted-properties)'],
  ['test/empty.test.ts', "import { test } from 'vitest';\ntest('says nothing', () => {});\n", 'vitest(expect-expect)'],
  [
    'test/focused.test.ts',
    "import { expect, test } from 'vitest';\ntest.only('x', () => expect(1).toBe(1));\n",
    'vitest(no-focused-tests)',
  ],
];

interface Diagnostic {
  readonly code: string;
  readonly filename: string;
  readonly labels: readonly { readonly span: { readonly line: number } }[];
}

const isOurs = (to: string): boolean => to.endsWith('.ts');

function importLine([from, kind, to]: Row, index: number): string {
  const path = relative(dirname(from), to).replaceAll('\\', '/');
  const specifier = !isOurs(to) ? to : path.startsWith('.') ? path : `./${path}`;
  switch (kind) {
    case 'value':
      return `import * as i${index} from '${specifier}';`;
    case 'type':
      return `import type * as i${index} from '${specifier}';`;
    case 're-export':
      return `export * as i${index} from '${specifier}';`;
    case 'side effect':
      return `import '${specifier}';`;
    case 'dynamic':
      return `export const i${index} = import('${specifier}');`;
  }
}

/** Builds the house in `folder`; gives the place (`file:line`) of each row. */
function build(folder: string, rows: readonly Row[]): string[] {
  const texts = new Map<string, string[]>();
  for (const [, , to] of rows) if (isOurs(to)) texts.set(to, ['export {};']);
  const places = rows.map((row, index) => {
    const lines = texts.get(row[0]) ?? [];
    texts.set(row[0], lines);
    lines.push(importLine(row, index));
    return `${row[0]}:${lines.length}`;
  });
  for (const [file, lines] of texts) write(folder, file, `${lines.join('\n')}\n`);
  return places;
}

function write(folder: string, file: string, text: string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), text);
}

describe('house rules', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sidescope-rules-'));
  const rows = [...FORBIDDEN, ...ALLOWED];
  let places: string[] = [];
  let diagnostics: readonly Diagnostic[] = [];

  beforeAll(() => {
    places = build(folder, rows);
    for (const [file, text] of HOUSE_RULES) write(folder, file, text);
    write(folder, 'tsconfig.json', '{ "compilerOptions": { "strict": true, "module": "nodenext", "noEmit": true } }\n');
    copyFileSync(join(ROOT, '.oxlintrc.json'), join(folder, '.oxlintrc.json'));
    const run = spawnSync(process.execPath, [join(ROOT, 'node_modules/oxlint/bin/oxlint'), '--format=json'], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(run.status, run.stderr).toBe(1);
    diagnostics = (JSON.parse(run.stdout) as { diagnostics: readonly Diagnostic[] }).diagnostics;
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const restricted = (): Set<string> =>
    new Set(
      diagnostics
        .filter((one) => one.code === 'eslint(no-restricted-imports)')
        .flatMap((one) => one.labels.map((label) => `${one.filename}:${label.span.line}`)),
    );

  test.each(FORBIDDEN.map((row, index) => [row[0], row[1], row[2], index] as const))(
    '%s may not import (%s) %s',
    (_from, _kind, _to, index) => {
      expect(restricted()).toContain(places[index]);
    },
  );

  test.each(ALLOWED.map((row, index) => [row[0], row[1], row[2], FORBIDDEN.length + index] as const))(
    '%s may import (%s) %s',
    (_from, _kind, _to, index) => {
      expect(restricted()).not.toContain(places[index]);
    },
  );

  test.each(HOUSE_RULES.map(([file, , rule]) => [file, rule] as const))('%s breaks %s', (file, rule) => {
    const codes = diagnostics.filter((one) => one.filename === file).map((one) => one.code);
    expect(codes).toContain(rule);
  });
});
