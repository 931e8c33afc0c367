// Figures for Prometheus (its naming conventions: https://prometheus.io/docs/practices/naming). Counters are taken over
// from the statuses of the rooms when somebody asks; only what nobody else counts is counted here.

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { SourceStatus } from '../../captures/sources/live-source.ts';
import type { EngineStatus } from '../engine-process/engine-port.ts';
import type { JournalStatus } from '../journal/journal-port.ts';
import type { RecordBlock } from '../relay/record-block.ts';
import type { RelayMetrics } from '../relay/relay-server.ts';

// We chose.

/** Groups with a series of their own; an attacker chooses ids. What comes beyond counts under `other`. */
const GROUPS_MOST = 500;
const OTHER_GROUPS = 'other';
/** Bounds of the time from a frame's arrival to its record's way to subscribers (seconds). */
const LAG_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];

/** What is asked when somebody scrapes. */
export interface Sampled {
  readonly sources: readonly SourceStatus[];
  readonly engine: EngineStatus;
  readonly journal: JournalStatus;
  readonly relay: RelayMetrics;
  readonly framesUnderWay: number;
}

/** See the head of the file. */
export class DaemonMetrics {
  readonly #registry = new Registry();
  readonly #groups = new Set<string>();
  readonly #verdicts: Counter<'verdict'>;
  readonly #groupMessages: Counter<'group'>;
  readonly #findings: Counter<'name' | 'severity'>;
  readonly #lag: Histogram;

  /** @param sample asked at each scrape */
  constructor(sample: () => Sampled) {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    this.#verdicts = new Counter({
      ...{ name: 'sidescope_messages_total', help: 'Messages judged, by verdict', registers },
      labelNames: ['verdict'],
    });
    this.#groupMessages = new Counter({
      ...{ name: 'sidescope_group_messages_total', help: 'Messages judged, by group (Layer-2 id)', registers },
      labelNames: ['group'],
    });
    this.#findings = new Counter({
      ...{ name: 'sidescope_findings_total', help: 'Findings, every occurrence, by name and severity', registers },
      labelNames: ['name', 'severity'],
    });
    this.#lag = new Histogram({
      ...{ name: 'sidescope_record_lag_seconds', help: 'From a frame to its records on their way to subscribers' },
      ...{ buckets: LAG_SECONDS, registers },
    });
    for (const figure of FIGURES) this.#register(figure, sample);
  }

  /** Records on their way to subscribers. @param lagMilliseconds since the frames came */
  delivered({ count, parts }: RecordBlock, lagMilliseconds: number): void {
    this.#lag.observe(lagMilliseconds / 1000);
    const counts = new Uint32Array(parts.traits.length);
    for (let row = 0; row < count; row++) counts[parts.traitOf[row]]++;
    for (const [place, { group, verdict, finding }] of parts.traits.entries()) {
      if (verdict !== null) this.#verdicts.inc({ verdict }, counts[place]);
      if (verdict !== null && group !== null)
        this.#groupMessages.inc({ group: this.#groupLabel(group) }, counts[place]);
      if (finding === null) continue;
      // The first occurrence was told at once; the folded record that follows counts it again.
      const { name, severity, count: occurrences } = finding;
      this.#findings.inc({ name, severity }, counts[place] * (occurrences > 1 ? occurrences - 1 : 1));
    }
  }

  /** The text that Prometheus reads, and its content type. */
  async text(): Promise<{ readonly body: string; readonly type: string }> {
    return { body: await this.#registry.metrics(), type: this.#registry.contentType };
  }

  #groupLabel(group: string): string {
    if (this.#groups.has(group)) return group;
    if (this.#groups.size >= GROUPS_MOST) return OTHER_GROUPS;
    this.#groups.add(group);
    return group;
  }

  #register({ name, help, label, read }: Figure, sample: () => Sampled): void {
    const labelNames = label === undefined ? [] : [label];
    const options = { name, help, labelNames, registers: [this.#registry] };
    const rows = (): readonly Row[] => read(sample());
    const labels = (value: string): Record<string, string> => (label === undefined ? {} : { [label]: value });
    if (name.endsWith('_total')) {
      const counter: Counter = new Counter({
        ...options,
        collect() {
          counter.reset();
          for (const [value, text] of rows()) counter.inc(labels(text), value);
        },
      });
      return;
    }
    const gauge: Gauge = new Gauge({
      ...options,
      collect() {
        gauge.reset();
        for (const [value, text] of rows()) gauge.set(labels(text), value);
      },
    });
  }
}

/** A value and its label, empty where the figure has none. */
type Row = readonly [value: number, label: string];

interface Figure {
  readonly name: string;
  readonly help: string;
  readonly label?: string;
  readonly read: (sampled: Sampled) => readonly Row[];
}

const one =
  (read: (sampled: Sampled) => number): Figure['read'] =>
  (sampled) => [[read(sampled), '']];
const bySource =
  (read: (source: SourceStatus) => number): Figure['read'] =>
  ({ sources }) =>
    sources.map((source) => [read(source), source.name]);

const FIGURES: readonly Figure[] = [
  {
    name: 'sidescope_frames_total',
    help: 'Frames captured',
    label: 'source',
    read: bySource((source) => source.frames),
  },
  {
    ...{ name: 'sidescope_frame_octets_total', help: 'Octets of captured frames', label: 'source' },
    read: bySource((source) => source.octets),
  },
  {
    ...{
      name: 'sidescope_source_dropped_total',
      help: 'Frames the kernel or the capture program lost',
      label: 'source',
    },
    read: bySource((source) => source.dropped ?? 0),
  },
  {
    ...{ name: 'sidescope_source_overflowed_total', help: 'Frames let go because a buffer was full', label: 'source' },
    read: bySource((source) => source.overflowed),
  },
  {
    ...{ name: 'sidescope_source_restarts_total', help: 'Times a source was started again', label: 'source' },
    read: bySource((source) => source.restarts),
  },
  {
    ...{ name: 'sidescope_source_up', help: '1 while a source brings frames', label: 'source' },
    read: bySource((source) => (source.state === 'running' ? 1 : 0)),
  },
  {
    name: 'sidescope_engine_up',
    help: '1 while the engine runs',
    read: one(({ engine }) => Number(engine.state === 'running')),
  },
  {
    name: 'sidescope_engine_restarts_total',
    help: 'Times the engine was started again',
    read: one(({ engine }) => engine.restarts),
  },
  {
    name: 'sidescope_engine_waiting_frames',
    help: 'Frames sent to the engine and not judged',
    read: one(({ engine }) => engine.waiting),
  },
  {
    name: 'sidescope_engine_skipped_frames_total',
    help: 'Frames left out because they killed the engine',
    read: one(({ engine }) => engine.skipped),
  },
  {
    name: 'sidescope_engine_memory_bytes',
    help: 'Resident memory of the engine',
    read: one(({ engine }) => engine.memoryOctets ?? 0),
  },
  {
    name: 'sidescope_frames_under_way',
    help: 'Frames captured whose records are not told yet',
    read: one(({ framesUnderWay }) => framesUnderWay),
  },
  {
    name: 'sidescope_journal_degraded',
    help: '1 while the disk refuses writes',
    read: one(({ journal }) => Number(journal.state === 'degraded')),
  },
  { name: 'sidescope_journal_bytes', help: 'Size of the journal', read: one(({ journal }) => journal.octets) },
  { name: 'sidescope_journal_files', help: 'Files of the journal', read: one(({ journal }) => journal.files) },
  {
    name: 'sidescope_journal_frames_total',
    help: 'Number of the last journalled frame',
    read: one(({ journal }) => journal.lastFrame),
  },
  {
    name: 'sidescope_journal_records_total',
    help: 'Sequence number of the last record',
    read: one(({ journal }) => journal.lastSeq),
  },
  {
    name: 'sidescope_journal_missed_frames_total',
    help: 'Frames the disk refused',
    read: one(({ journal }) => journal.missedFrames),
  },
  {
    name: 'sidescope_journal_missed_records_total',
    help: 'Records the disk refused',
    read: one(({ journal }) => journal.missedRecords),
  },
  {
    name: 'sidescope_journal_commit_seconds',
    help: 'Time of the last group commit',
    read: one(({ journal }) => journal.commitMilliseconds / 1000),
  },
  { name: 'sidescope_subscribers', help: 'Subscribers connected', read: one(({ relay }) => relay.subscribers) },
  { name: 'sidescope_subscriptions', help: 'Subscriptions open', read: one(({ relay }) => relay.subscriptions) },
  {
    ...{ name: 'sidescope_relay_queued_records', help: 'Records in the longest queue of a subscriber' },
    read: one(({ relay }) => relay.queueRecords),
  },
  {
    ...{ name: 'sidescope_relay_queue_age_seconds', help: 'Age of the oldest record that waits for a subscriber' },
    read: one(({ relay }) => relay.queueMilliseconds / 1000),
  },
  {
    ...{ name: 'sidescope_relay_sent_records_total', help: 'Records sent, over all subscriptions' },
    read: one(({ relay }) => relay.sent),
  },
  {
    ...{ name: 'sidescope_relay_sent_bytes_total', help: 'Octets sent to subscribers' },
    read: one(({ relay }) => relay.octets),
  },
  {
    ...{ name: 'sidescope_relay_dropped_records_total', help: 'Records told as a gap to slow subscribers' },
    read: one(({ relay }) => relay.dropped),
  },
  {
    ...{ name: 'sidescope_relay_slow_closed_total', help: 'Connections closed because they were slow' },
    read: one(({ relay }) => relay.slowClosed),
  },
  {
    ...{ name: 'sidescope_relay_stripped_records_total', help: 'Queued records that lost their plaintext' },
    read: one(({ relay }) => relay.stripped),
  },
  {
    ...{ name: 'sidescope_relay_refused_total', help: 'Connections refused or closed', label: 'reason' },
    read: ({ relay }) => Object.entries(relay.refused).map(([reason, count]) => [count, reason]),
  },
];
