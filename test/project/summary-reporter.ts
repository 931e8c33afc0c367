// What stands under vitest's own summary: every skipped test with its reason, what tests left behind in the temporary
// folder, and one plain line with the counts that a build server can read.

import type { Reporter, TestCase, TestModule } from 'vitest/node';
import { leftBehind } from './run-folder.ts';

/** What a run came to. */
export interface RunCounts {
  passed: number;
  /** Failed tests, and test files or hooks that broke before or beside their tests. */
  failed: number;
  /** Reason to the full names of the tests that it skipped. */
  readonly skipped: Map<string, string[]>;
}

/** A suite that is left out as a whole says why in its name: `tshark reads the same (else: tshark is not installed)`. */
const REASON_IN_NAME = /\(else: ([^)]+)\)/;

/** Reason of a test that was skipped without saying why. */
const NO_REASON = 'no reason given';

/** Counts the tests of `modules`. `broken` is the number of errors outside any test, which fail the run as well. */
export function countRun(modules: readonly TestModule[], broken: number): RunCounts {
  const counts: RunCounts = { passed: 0, failed: broken, skipped: new Map() };
  for (const module of modules) {
    if (module.errors().length > 0) counts.failed += 1;
    for (const suite of module.children.allSuites()) if (suite.errors().length > 0) counts.failed += 1;
    for (const test of module.children.allTests()) countTest(counts, test);
  }
  return counts;
}

function countTest(counts: RunCounts, test: TestCase): void {
  const result = test.result();
  if (result.state === 'passed') counts.passed += 1;
  else if (result.state === 'skipped') {
    const reason = result.note ?? REASON_IN_NAME.exec(test.fullName)?.[1] ?? NO_REASON;
    const names = counts.skipped.get(reason) ?? [];
    names.push(`${test.module.relativeModuleId} > ${test.fullName}`);
    counts.skipped.set(reason, names);
  } else counts.failed += 1; // `pending` after the run: the test was cut off
}

/** The closing lines, the counts last and alone on their line. @param left names of what the run left behind */
export function summaryLines(counts: RunCounts, left: readonly string[]): string[] {
  const lines: string[] = [];
  if (left.length > 0) lines.push(`left behind in the temporary folder: ${left.join(' ')}`);
  for (const [reason, names] of counts.skipped) {
    lines.push(`${names.length} skipped: ${reason}`);
    for (const name of names) lines.push(`  ${name}`);
  }
  lines.push(`${counts.passed} passed, ${counts.failed} failed`);
  return lines;
}

/** The reporter that vitest.config.ts names after vitest's own. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    // What tests do not remove fails the run: on a developer's machine it would stay.
    const left = leftBehind();
    if (left.length > 0) process.exitCode = 1;
    const counts = countRun(modules, unhandledErrors.length + (left.length > 0 ? 1 : 0));
    process.stdout.write(`${summaryLines(counts, left).join('\n')}\n`);
  }
}
