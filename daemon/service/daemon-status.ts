// How a daemon fares, as `status` of the control socket and of the relay tell it. No keys, no plaintext, no capability.

import type { SourceStatus } from '../../captures/sources/live-source.ts';
import type { EngineStatus, GroupRow, KeyRow } from '../engine-process/engine-port.ts';
import type { JournalStatus } from '../journal/journal-port.ts';
import type { AlarmRecord } from '../relay/relay-record.ts';
import type { RelayMetrics, SubscriberRow } from '../relay/relay-server.ts';
import type { StatePoint } from '../relay/relay-state.ts';
import type { Daemon } from './daemon.ts';
import type { PipelineStatus } from './pipeline.ts';

/** We chose: dates of so many keys are told; of more there are the counts alone. */
const KEY_ROWS_MOST = 4096;

/** See the head of the file. Times: RFC 3339 where they are text. */
export interface DaemonStatus {
  readonly version: string;
  readonly state: 'starting' | 'running' | 'stopping';
  readonly pid: number;
  readonly startedAt: string;
  readonly now: string;
  readonly config: string;
  readonly memoryOctets: number;
  readonly alarms: readonly AlarmRecord[];
  readonly sources: readonly SourceStatus[];
  readonly engine: EngineStatus;
  readonly pipeline: PipelineStatus;
  readonly journal: JournalStatus;
  readonly relay: RelayMetrics & {
    readonly addresses: readonly string[];
    /** Whether plaintext may leave at all now. */
    readonly plainAllowed: boolean;
    /** Where the state of grants stands, and whether it was set back: then nobody is let in. */
    readonly state: StatePoint & { readonly isSetBack: boolean };
    readonly subscribers: number;
    readonly rows: readonly SubscriberRow[];
  };
  readonly groups: readonly GroupRow[];
  /** Keys by state today. */
  readonly keys: Readonly<Record<string, number>>;
  /** When each key may be used, and since when not any more; null where there are too many. Times: ms since 1970. */
  readonly keyRows: readonly KeyRow[] | null;
  /** Lines of analysis and the clock that the gate for plaintext goes by in each. */
  readonly tracks: readonly { readonly name: string; readonly clock: string }[];
}

/** Looks at a daemon. */
export function daemonStatus(daemon: Daemon): DaemonStatus {
  const { around, journal, engine, relay, pipeline, sources, gate } = daemon;
  const keys: Record<string, number> = {};
  const rows = gate.rows();
  for (const { state } of rows) keys[state] = (keys[state] ?? 0) + 1;
  return {
    version: around.version,
    state: daemon.state,
    pid: process.pid,
    startedAt: new Date(daemon.startedAt).toISOString(),
    now: new Date(around.now()).toISOString(),
    config: daemon.config.path,
    memoryOctets: process.memoryUsage.rss(),
    alarms: daemon.alarms.standing(),
    sources: sources.statuses(),
    engine: engine.status(),
    pipeline: pipeline.status(),
    journal: journal.status(),
    relay: {
      ...relay.metrics(),
      addresses: relay.addresses,
      plainAllowed: journal.status().state === 'good',
      state: daemon.grants.standing,
      rows: relay.subscribers(),
    },
    groups: daemon.groups,
    keys,
    keyRows: rows.length > KEY_ROWS_MOST ? null : rows,
    tracks: daemon.tracks.all().map(({ name, clock }) => ({ name, clock })),
  };
}
