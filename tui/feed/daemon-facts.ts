// The status of a daemon as facts for the status view: sources and what they lost, engine, journal, subscribers, rates.

import type { StatusFact } from '../feed.ts';
import type { StatusGroup, StatusKey } from './group-directory.ts';

/** Members of the status that are shown; a daemon of another version may lack some. */
export interface DaemonStatus {
  readonly version?: string;
  readonly state?: string;
  readonly startedAt?: string;
  readonly memoryOctets?: number;
  readonly alarms?: readonly { readonly name: string; readonly message: string; readonly hint: string }[];
  readonly sources?: readonly {
    readonly name: string;
    readonly kind: string;
    readonly clock: string;
    readonly state: string;
    readonly frames: number;
    readonly dropped: number | null;
    readonly overflowed: number;
    readonly restarts: number;
    readonly problem: { readonly message: string; readonly hint: string } | null;
  }[];
  readonly engine?: {
    readonly state: string;
    readonly restarts: number;
    readonly waiting: number;
    readonly memoryOctets: number | null;
  };
  readonly pipeline?: { readonly frames: number; readonly told: number; readonly lagMilliseconds: number };
  readonly journal?: {
    readonly state: string;
    readonly octets: number;
    readonly files: number;
    readonly lastFrame: number;
    readonly missedFrames: number;
    readonly missedRecords: number;
    readonly commitMilliseconds: number;
  };
  readonly relay?: {
    readonly subscribers: number;
    readonly subscriptions: number;
    readonly sent: number;
    readonly dropped: number;
    readonly plainAllowed: boolean;
    readonly queueMilliseconds: number;
  };
  readonly groups?: readonly StatusGroup[];
  readonly keyRows?: readonly StatusKey[] | null;
}

const MEBIOCTET = 2 ** 20;
const mebioctets = (octets: number): string => `${(octets / MEBIOCTET).toFixed(1)} MiB`;

/** Facts in the order in which they are shown. */
export function daemonFacts(status: DaemonStatus): StatusFact[] {
  return [
    ...daemonPart(status),
    ...(status.alarms ?? []).map(({ name, message, hint }): StatusFact => {
      return { heading: 'Alarms', name, value: `${message}. ${hint}`, level: 'bad' };
    }),
    ...(status.sources ?? []).flatMap(sourcePart),
    ...enginePart(status),
    ...journalPart(status),
    ...relayPart(status),
  ];
}

function daemonPart({ version, state, startedAt, memoryOctets }: DaemonStatus): StatusFact[] {
  const heading = 'Daemon';
  return [
    { heading, name: 'version', value: version ?? '?' },
    {
      heading,
      name: 'runs since',
      value: startedAt ?? '?',
      ...(state === 'running' ? {} : { level: 'warning' as const }),
    },
    ...(memoryOctets === undefined ? [] : [{ heading, name: 'memory', value: mebioctets(memoryOctets) }]),
  ];
}

function sourcePart(source: NonNullable<DaemonStatus['sources']>[number]): StatusFact[] {
  const { name, kind, clock, state, frames, dropped, overflowed, restarts, problem } = source;
  const lost = (dropped ?? 0) + overflowed;
  const facts: StatusFact[] = [
    {
      ...{ heading: 'Sources', name, value: `${state}, ${kind}, ${clock} clock, ${frames} frames` },
      ...(state === 'running' || state === 'ended' ? {} : { level: 'warning' as const }),
    },
  ];
  if (lost > 0) {
    const value = `${dropped ?? '?'} lost by the kernel or the capture program, ${overflowed} by a full buffer`;
    facts.push({ heading: 'Sources', name: `${name}: drops`, value, level: 'warning' });
  }
  if (restarts > 0) facts.push({ heading: 'Sources', name: `${name}: restarts`, value: String(restarts) });
  if (problem !== null) {
    facts.push({
      heading: 'Sources',
      name: `${name}: problem`,
      value: `${problem.message}. ${problem.hint}`,
      level: 'bad',
    });
  }
  return facts;
}

function enginePart({ engine, pipeline }: DaemonStatus): StatusFact[] {
  if (engine === undefined) return [];
  const heading = 'Engine';
  const memory = engine.memoryOctets === null ? '' : `, ${mebioctets(engine.memoryOctets)}`;
  const level = engine.state === 'running' ? {} : { level: 'bad' as const };
  return [
    { heading, name: 'state', value: `${engine.state}, ${engine.restarts} restarts${memory}`, ...level },
    { heading, name: 'waiting frames', value: String(engine.waiting) },
    ...(pipeline === undefined ? [] : [{ heading, name: 'lag', value: `${pipeline.lagMilliseconds.toFixed(0)} ms` }]),
  ];
}

function journalPart({ journal }: DaemonStatus): StatusFact[] {
  if (journal === undefined) return [];
  const heading = 'Journal';
  const { state, octets, files, lastFrame, missedFrames, missedRecords, commitMilliseconds } = journal;
  const missed = missedFrames + missedRecords;
  return [
    { heading, name: 'state', value: state, ...(state === 'good' ? {} : { level: 'bad' as const }) },
    { heading, name: 'size', value: `${mebioctets(octets)} in ${files} files, frame ${lastFrame} is the last` },
    { heading, name: 'commit', value: `${commitMilliseconds.toFixed(1)} ms` },
    ...(missed === 0
      ? []
      : [
          {
            heading,
            name: 'not kept',
            value: `${missedFrames} frames, ${missedRecords} records`,
            level: 'bad' as const,
          },
        ]),
  ];
}

function relayPart({ relay }: DaemonStatus): StatusFact[] {
  if (relay === undefined) return [];
  const heading = 'Relay';
  const { subscribers, subscriptions, sent, dropped, plainAllowed, queueMilliseconds } = relay;
  return [
    { heading, name: 'subscribers', value: `${subscribers} with ${subscriptions} subscriptions` },
    { heading, name: 'records sent', value: String(sent) },
    { heading, name: 'oldest in a queue', value: `${queueMilliseconds.toFixed(0)} ms` },
    ...(dropped > 0 ? [{ heading, name: 'gaps told', value: `${dropped} records`, level: 'warning' as const }] : []),
    ...(plainAllowed ? [] : [{ heading, name: 'plaintext', value: 'held back', level: 'bad' as const }]),
  ];
}
