// A daemon as a feed: its records over the relay, the last of them from its journal first, then live. What goes away comes
// back by itself; trees, octets and exports are asked of it under the same grant.

import { type FileHandle, open } from 'node:fs/promises';
import type { FindingEvent, MessageEvent } from '../../daemon/events.ts';
import type { DetailsRequest, ExportRequest, FrameDetails, ReadingProblem } from '../../daemon/inspection/contract.ts';
import { MessageBatches } from '../../daemon/inspection/message-batches.ts';
import {
  type ClientItem,
  type ClientState,
  type ClientSubscription,
  type DaemonMemory,
  largestView,
  lesserView,
  RelayClient,
} from '../../daemon/relay/client.ts';
import type { Cancelable, Feed, FeedListener, FilterListener, StatusFact } from '../feed.ts';
import { FeedError } from '../feed.ts';
import { writeItems } from './daemon-export.ts';
import { type DaemonStatus, daemonFacts } from './daemon-facts.ts';
import { detailsOf } from './daemon-tree.ts';
import { FilterMatches } from './filter-matches.ts';
import { GroupDirectory } from './group-directory.ts';
import { LatestEpochs } from './latest-epochs.ts';
import { SequenceLog } from './sequence-log.ts';

// We chose.
/** Records of the past that are asked for at the start, so that the first screen says something. */
const PAST_RECORDS = 50_000;
/** How often the daemon is asked how it fares (ms). */
const STATUS_MS = 2000;
const NONE: readonly [] = [];

/** A view of the relay. */
export type DaemonView = 'meta' | 'plain' | 'forensic';

/** How a daemon is asked. */
export interface DaemonFeedOptions {
  /** `unix:PATH` or `wss://host:port`. */
  readonly address: string;
  readonly identity: ConstructorParameters<typeof RelayClient>[0]['identity'];
  readonly capability: string;
  /** Most that is asked for; each group gives what is granted of it. */
  readonly view: DaemonView;
  /** Why, for the view `forensic`. */
  readonly reason: string | null;
  /** What is known of daemons from before. */
  readonly memory?: DaemonMemory;
}

/** A filter that is in force. */
interface RunningFilter {
  readonly text: string;
  readonly listener: FilterListener;
  readonly matches: FilterMatches;
  /** Null: it is not known yet from which record on messages are told. */
  subscription: ClientSubscription | null;
}

/** See the head of the file. */
export class DaemonFeed implements Feed {
  readonly kind = 'daemon';
  readonly name: string;
  readonly #options: DaemonFeedOptions;
  /** What is asked for: no more than is granted of any group, which would be refused. */
  #view: DaemonView;
  readonly #client: RelayClient;
  readonly #batches = new MessageBatches();
  readonly #log = new SequenceLog();
  readonly #directory = new GroupDirectory();
  readonly #epochs = new LatestEpochs();
  readonly #filters = new Set<RunningFilter>();
  /** Record behind which messages are told; null before the daemon was there. */
  #since: number | null = null;
  #listener: FeedListener | null = null;
  #polling: NodeJS.Timeout | null = null;
  #facts: readonly StatusFact[] = NONE;
  #alarms = new Map<string, StatusFact>();
  #isClosed = false;

  constructor(options: DaemonFeedOptions) {
    const { address, identity, capability, memory } = options;
    this.#options = options;
    this.#view = options.view;
    this.name = address;
    this.#client = new RelayClient({
      ...{ address, identity, capability, reconnect: 'always' as const },
      ...(memory === undefined ? {} : { memory }),
      onState: (state) => this.#stateChanged(state),
      onAlarm: ({ name, message, hint, raised }) => {
        if (raised) this.#alarms.set(name, { heading: 'Alarms', name, value: `${message}. ${hint}`, level: 'bad' });
        else this.#alarms.delete(name);
        this.#tellFacts();
      },
    });
  }

  open(listener: FeedListener): void {
    this.#listener = listener;
    listener.state('loading', null);
    void this.#run(listener);
  }

  async details({ frame }: DetailsRequest): Promise<FrameDetails | null> {
    const { reason } = this.#options;
    const more = { downgraded: true, ...(reason === null ? {} : { reason }) };
    try {
      return detailsOf(await this.#client.tree(frame, this.#view, more));
    } catch (error) {
      throw new FeedError(problemOf(error));
    }
  }

  filter(text: string, listener: FilterListener): Cancelable {
    const running: RunningFilter = { text, listener, matches: new FilterMatches(this.#log), subscription: null };
    this.#filters.add(running);
    if (this.#since !== null) this.#begin(running, this.#since);
    return {
      cancel: () => {
        this.#filters.delete(running);
        running.subscription?.close();
      },
    };
  }

  async export({ path, form, filter, payload }: ExportRequest): Promise<number> {
    const { first } = this.#log;
    const subscription = this.#client.subscribe({
      ...this.#wish(),
      since: (first ?? 1) - 1,
      types: ['message'],
      ...(filter === '' ? {} : { filter }),
      format: form === 'pcapng' ? 'pcapng' : 'json',
    });
    let file: FileHandle;
    try {
      file = await open(path, 'wx', 0o600);
    } catch (error) {
      subscription.close();
      const { code } = error as NodeJS.ErrnoException;
      const hint = code === 'EEXIST' ? 'name a new file: nothing is overwritten' : 'check path, rights and space';
      throw new FeedError({ code: 'output.not-opened', message: `the file was not opened (${code})`, hint });
    }
    try {
      return await writeItems(subscription, file, payload);
    } catch (error) {
      throw new FeedError(problemOf(error));
    } finally {
      await file.close();
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#listener = null;
    if (this.#polling !== null) clearInterval(this.#polling);
    this.#client.close();
    await Promise.resolve();
  }

  #wish(): { view: DaemonView; slow: 'gap'; downgraded: boolean; reason?: string } {
    const { reason } = this.#options;
    return { view: this.#view, slow: 'gap', downgraded: true, ...(reason === null ? {} : { reason }) };
  }

  async #run(listener: FeedListener): Promise<void> {
    try {
      const { head, grants } = await this.#client.ready();
      if (this.#isClosed) return;
      this.#view = lesserView(this.#view, largestView(grants) ?? this.#view);
      this.#poll();
      this.#polling = setInterval(() => this.#poll(), STATUS_MS);
      const since = Math.max(0, head - PAST_RECORDS);
      const subscription = this.#client.subscribe({ ...this.#wish(), since });
      this.#since = since;
      for (const running of this.#filters) this.#begin(running, since);
      for await (const items of subscription) this.#take(items, listener);
    } catch (error) {
      if (!this.#isClosed) listener.state('ended', problemOf(error));
    }
  }

  /** Findings come right behind the message that raised them: a batch puts them together again. */
  #take(items: readonly ClientItem[], listener: FeedListener): void {
    const findings: FindingEvent[] = [];
    const messages: { readonly seq: number; readonly event: MessageEvent }[] = [];
    let isLive = false;
    let hasEpochs = false;
    for (const item of items) {
      if (item.kind === 'live') isLive = true;
      else if (item.kind === 'gap') {
        const { from, to, reason, records } = item.gap;
        const count = records === null ? '' : `, ${records} of them ours`;
        listener.gap(`records ${from} to ${to} did not come (${reason}${count})`);
      } else if (item.kind === 'record') {
        const { record, seq } = item;
        if (record.type === 'message') messages.push({ seq, event: record });
        else if (record.type === 'finding') findings.push(record);
        else if (record.type === 'key') listener.key(record);
        else {
          this.#epochs.take(record);
          hasEpochs = true;
          if (this.#directory.epoch(record)) listener.groups(this.#directory.groups());
        }
      }
    }
    this.#tellMessages(messages, findings, listener);
    for (const { matches, listener: asking } of this.#filters) {
      const ordinals = matches.told();
      if (ordinals.length > 0) asking.matched(ordinals, this.#log.count);
    }
    for (const event of findings) listener.finding(event);
    if (hasEpochs) listener.epochs(this.#epochs.all());
    if (isLive) listener.state('live', null);
  }

  #tellMessages(
    messages: readonly { readonly seq: number; readonly event: MessageEvent }[],
    findings: readonly FindingEvent[],
    listener: FeedListener,
  ): void {
    const byFrame = new Map<number, FindingEvent[]>();
    for (const finding of findings) {
      const frame = finding.frames.at(-1) ?? 0;
      byFrame.set(frame, [...(byFrame.get(frame) ?? []), finding]);
    }
    const told = (): void => {
      const batch = this.#batches.take();
      if (batch !== null) listener.messages(batch);
    };
    for (const { seq, event } of messages) {
      if (this.#batches.full) told();
      const raised = (byFrame.get(event.frame) ?? NONE).filter(({ source }) => source === event.source);
      this.#batches.add(event, timeOf(event.time), raised);
      // What corrects an earlier message is none of its own.
      if (event.corrects !== true) this.#log.add(seq);
    }
    told();
  }

  /** Asks for what passes a filter, of all that was told and will be. */
  #begin(running: RunningFilter, since: number): void {
    const { first } = this.#log;
    running.subscription = this.#client.subscribe({
      ...{ ...this.#wish(), since: first === null ? since : first - 1 },
      ...{ filter: running.text, types: ['message'] as const },
    });
    void this.#runFilter(running, running.subscription);
  }

  async #runFilter({ matches, listener }: RunningFilter, subscription: ClientSubscription): Promise<void> {
    try {
      for await (const items of subscription) {
        const isLive = items.some(({ kind }) => kind === 'live');
        const ordinals = matches.take(items.flatMap((item) => (item.kind === 'record' ? item.seq : [])));
        if (ordinals.length > 0 || isLive) listener.matched(ordinals, this.#log.count);
        if (isLive) listener.done();
      }
    } catch (error) {
      listener.failed(problemOf(error));
    }
  }

  #poll(): void {
    if (this.#client.state.kind !== 'ready') return;
    this.#client.status().then(
      (status) => {
        const known = status as DaemonStatus;
        this.#facts = daemonFacts(known);
        const hasMembers = this.#directory.members(known.groups ?? []);
        const hasKeys = this.#directory.keys(known.keyRows ?? []);
        if (hasMembers || hasKeys) this.#listener?.groups(this.#directory.groups());
        this.#tellFacts();
        return status;
      },
      () => {
        // Not everybody may ask for it, and a lost connection says so itself.
        this.#tellFacts();
      },
    );
  }

  #tellFacts(): void {
    this.#listener?.facts([...this.#alarms.values(), ...this.#facts]);
  }

  #stateChanged({ kind, error, wait }: ClientState): void {
    if (this.#isClosed) return;
    if (kind === 'waiting') {
      const again = wait === undefined ? '' : `; tried again in ${Math.max(1, Math.round(wait / 1000))} s`;
      const problem = error === null ? null : problemOf(error);
      this.#listener?.state('lost', problem === null ? null : { ...problem, message: `${problem.message}${again}` });
    } else if (kind === 'closed' && error !== null) this.#listener?.state('ended', problemOf(error));
  }
}

function timeOf(time: string): number {
  // `Date` knows milliseconds; the rest of the fraction is added.
  const whole = Date.parse(`${time.slice(0, 23)}Z`);
  const rest = time.slice(23, -1);
  return rest === '' ? whole : whole + Number(`0.${rest}`);
}

function problemOf(error: unknown): ReadingProblem {
  if (error instanceof Error && 'code' in error && 'hint' in error) {
    return { code: String(error.code), message: error.message, hint: String(error.hint) };
  }
  const name = error instanceof Error ? error.name : typeof error;
  return { code: 'internal', message: `something went wrong (${name})`, hint: 'try again' };
}
