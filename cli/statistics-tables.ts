// Gathers what the tables of `-z` need while the capture is read, and prints them at its end.

import type { AnalysisListener } from '../daemon/analysis.ts';
import { FindingStatistics } from '../daemon/finding-statistics.ts';
import { EpochTimeline } from '../daemon/findings/epoch-timeline.ts';
import { IntervalStatistics } from '../daemon/interval-statistics.ts';
import type { Keyring } from '../daemon/keyring/keyring.ts';
import { Statistics } from '../daemon/statistics.ts';
import { printableJson } from '../dissectors/printable.ts';
import { epochsText } from './epochs-text.ts';
import type { OutputType } from './read-options.ts';
import { reportWarning } from './report-error.ts';
import { writeOutput } from './stdout.ts';
import { type TableRequest, tableTitle } from './table-requests.ts';
import { findingsTable, groupsTable, intervalsTable, talkersTable } from './tables.ts';
import { countedJson, intervalJson, timelineJson } from './tables-json.ts';

/** What tables listen to. */
export type TableListener = Pick<AnalysisListener, 'row' | 'rows' | 'frame' | 'finding'>;

/** How tables are printed. */
export interface TablePrinting {
  readonly type: OutputType;
  /** Whether something was printed before them. */
  readonly behindMessages: boolean;
  /** Capture time of the last frame, milliseconds since 1970; NaN where there was none. */
  readonly lastTime: number;
}

/** One table: what it needs to hear, and its rows in both forms. */
interface Table {
  readonly title: string;
  readonly listener: TableListener;
  text(lastTime: number): string;
  json(lastTime: number): object;
}

/** The tables of one run. */
export class StatisticsTables {
  readonly #tables: readonly Table[];
  readonly #statistics: Statistics;
  readonly #timeline: EpochTimeline;
  /** Groups and talkers are counted in one go. */
  readonly #counting: TableListener = {
    rows: (table, from, until, senders, sums) => this.#statistics.note(table, from, until, senders, sums),
  };

  constructor(requests: readonly TableRequest[], keyring: Keyring) {
    this.#statistics = new Statistics(
      keyring,
      requests.some(({ name }) => name === 'talkers'),
    );
    this.#timeline = new EpochTimeline(keyring);
    // The same table twice is printed once: as JSON it has one name.
    const once = new Map(requests.map((request) => [tableTitle(request), request]));
    this.#tables = [...once.values()].map((request) => this.#table(request));
  }

  /** What the tables listen to. A table that nobody asked for costs nothing. */
  get listeners(): readonly TableListener[] {
    return [...new Set(this.#tables.map((table) => table.listener))];
  }

  /** Prints the tables that were asked for, in that order. */
  print({ type, behindMessages, lastTime }: TablePrinting): void {
    if (this.#tables.length === 0) return;
    if (type === 'text' || type === 'fields') this.#printText(behindMessages, lastTime);
    else {
      const tables = Object.fromEntries(this.#tables.map((table) => [table.title, table.json(lastTime)]));
      // Among records of a line each, the tables are one more record.
      const json = type === 'json' ? printableJson(tables, 2) : printableJson({ v: 1, type: 'tables', ...tables });
      writeOutput(`${json}\n`);
    }
    const evicted = this.#statistics.evictions + this.#timeline.evictions;
    if (evicted > 0) {
      reportWarning('tables.full', `${evicted} rows were given up to keep the tables within their caps`, '');
    }
  }

  #printText(behindMessages: boolean, lastTime: number): void {
    const several = this.#tables.length > 1;
    const texts = this.#tables.map((table) => `${several ? `${table.title}\n` : ''}${table.text(lastTime)}`);
    writeOutput(`${behindMessages ? '\n' : ''}${texts.join('\n')}`);
  }

  #table(request: TableRequest): Table {
    const title = tableTitle(request);
    const statistics = this.#statistics;
    switch (request.name) {
      case 'groups':
        return {
          title,
          listener: this.#counting,
          text: () => groupsTable(statistics.groups()),
          json: () => statistics.groups().map(countedJson),
        };
      case 'talkers':
        return {
          title,
          listener: this.#counting,
          text: () => talkersTable(statistics.talkers()),
          json: () => statistics.talkers().map(countedJson),
        };
      case 'epochs': {
        const timeline = this.#timeline;
        return {
          title,
          listener: { row: (table, row) => timeline.note(table, row) },
          text: (lastTime) => (Number.isNaN(lastTime) ? 'there is no frame\n' : epochsText(timeline.groups(lastTime))),
          json: (lastTime) => (Number.isNaN(lastTime) ? [] : timeline.groups(lastTime).map(timelineJson)),
        };
      }
      case 'findings': {
        const findings = new FindingStatistics();
        return {
          title,
          listener: { finding: (event) => findings.note(event) },
          text: () => findingsTable(findings.rows()),
          json: () => findings.rows(),
        };
      }
      case 'io': {
        const intervals = new IntervalStatistics(request.seconds * 1000);
        return {
          title,
          listener: { frame: (frame) => intervals.note(frame) },
          text: () => intervalsTable(intervals.rows()),
          json: () => intervals.rows().map(intervalJson),
        };
      }
    }
  }
}
