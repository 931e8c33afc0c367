// Several who listen to one analysis: the printer, tables, the writer of `-w`, the progress bar.

import type { AnalysisListener } from '../daemon/analysis.ts';

/** Listens beside the printer. Records of messages are the printer's: it alone says which it accepts. */
export type Watcher = Omit<AnalysisListener, 'message' | 'record' | 'accepts'>;

/** The printer first, then the watchers in order. A hook that nobody has stays absent, so that it costs nothing. */
export function joinListeners(printer: AnalysisListener, watchers: readonly Watcher[]): AnalysisListener {
  const all: readonly Watcher[] = [printer, ...watchers];
  return {
    ...chained('message', [printer]),
    ...chained('record', [printer]),
    ...chained('accepts', [printer]),
    ...chained('row', all),
    ...chained('rows', all),
    ...chained('frame', all),
    ...chained('finding', all),
    ...chained('key', all),
    ...chained('epoch', all),
    ...chained('summary', all),
    ...chained('progress', all),
  };
}

/** Hooks that several may take have five arguments at most. */
type Hook = (first: unknown, second: unknown, third: unknown, fourth: unknown, fifth: unknown) => unknown;

function chained<Name extends keyof AnalysisListener>(name: Name, all: readonly AnalysisListener[]): object {
  const takers = all.filter((each) => each[name] !== undefined) as readonly Record<Name, Hook>[];
  if (takers.length === 0) return {};
  if (takers.length === 1) return { [name]: takers[0][name].bind(takers[0]) };
  const told: Hook = (first, second, third, fourth, fifth) => {
    for (const taker of takers) taker[name](first, second, third, fourth, fifth);
  };
  return { [name]: told };
}
