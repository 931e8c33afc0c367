// `sidescope findings`: list and explain what the traffic can give away.

import type { Command } from 'commander';
import { ExitCode, SidescopeError } from '../daemon/errors.ts';
import { CATALOGUE, findingEntry } from '../daemon/findings/catalogue.ts';
import { explainFinding, findingsPage } from '../daemon/findings/catalogue-text.ts';
import { nearestName } from '../daemon/keyring/nearest-name.ts';
import { aligned } from './columns.ts';
import { oneOf } from './one-of.ts';
import { writeOutput } from './stdout.ts';

const TYPES = ['text', 'json'] as const;

interface FindingsOptions {
  readonly explain?: string;
  readonly markdown?: boolean;
  readonly type: string;
}

/** Adds the options and the action of `findings`. */
export function configure(command: Command): void {
  command
    .argument('[text]', 'list only findings whose name or title holds this')
    .option('--explain <name>', 'say what a finding means, when it is a false alarm and what to do')
    .option('-T, --type <type>', 'form of the output: text, json', oneOf(TYPES), 'text')
    .option('--markdown', 'print the page docs/findings.md')
    .action(run);
}

function run(text: string | undefined, options: FindingsOptions): void {
  if (options.markdown === true) {
    writeOutput(findingsPage());
    return;
  }
  if (options.explain !== undefined) {
    const entry = findingEntry(options.explain);
    if (entry === undefined) throw unknownName(options.explain);
    writeOutput(options.type === 'json' ? jsonText(entry) : explainFinding(entry));
    return;
  }
  const wanted = text?.toLowerCase() ?? '';
  const entries = CATALOGUE.filter((entry) => `${entry.name} ${entry.title}`.toLowerCase().includes(wanted));
  if (entries.length === 0) throw nothingHolds(text ?? '');
  if (options.type === 'json') {
    writeOutput(jsonText(entries));
    return;
  }
  const rows = entries.map((entry) => [
    entry.name,
    entry.severities.join(', '),
    entry.confidences.join(', '),
    entry.title,
  ]);
  writeOutput(aligned(['name', 'severity', 'confidence', 'what'], rows));
}

function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function unknownName(name: string): SidescopeError {
  return wrong('findings.unknown-name', `there is no finding ${JSON.stringify(name)}`, name);
}

function nothingHolds(text: string): SidescopeError {
  return wrong('findings.none', `no finding has ${JSON.stringify(text)} in its name or its title`, text);
}

function wrong(code: string, message: string, name: string): SidescopeError {
  const near = nearestName(
    name,
    CATALOGUE.map((entry) => entry.name),
  );
  const hint = near === null ? '`sidescope findings` lists them' : `did you mean ${near}?`;
  return new SidescopeError(code, message, hint, ExitCode.usage);
}
