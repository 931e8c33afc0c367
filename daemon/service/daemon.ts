// The daemon: what its rooms are joined by. Everything that decides lies in them; here is who is begun when, who tells whom,
// and in which order all of it ends.

import { makeLiveSource } from '../../captures/sources/source-config.ts';
import { EngineLink } from '../engine-process/engine-link.ts';
import type { EngineListener, GroupRow } from '../engine-process/engine-port.ts';
import type { JournalPort } from '../journal/journal-port.ts';
import { openJournal } from '../journal/open-journal.ts';
import { readKeyFile } from '../relay/key-files.ts';
import type { NumberedBlock } from '../relay/record-block.ts';
import { RelayServer } from '../relay/relay-server.ts';
import { Revocations } from '../relay/revocations.ts';
import { StateCopy } from '../relay/state-copy.ts';
import { Alarms } from './alarms.ts';
import type { DaemonConfig } from './config.ts';
import { ControlServer } from './control-server.ts';
import { ControlVerbs } from './control-verbs.ts';
import { daemonKeyPath, leaveControlNote, readOperator, revocationsPath, stateCopyPath } from './daemon-files.ts';
import { daemonStatus } from './daemon-status.ts';
import { engineSettings } from './engine-settings.ts';
import { Tracks } from './frame-numbers.ts';
import { GrantState } from './grant-state.ts';
import { HealthServer } from './health-server.ts';
import { journalOptions } from './journal-settings.ts';
import { KeyGate } from './key-gate.ts';
import type { Logger } from './log.ts';
import { DaemonMetrics } from './metrics.ts';
import { Pipeline } from './pipeline.ts';
import { DaemonHost } from './relay-host.ts';
import { listenerOptions } from './relay-settings.ts';
import { SourceSet } from './source-set.ts';

// We chose.

/** How often states of rooms are looked at for alarms (ms). */
const WATCH_MS = 500;
/** How long what has been captured may take to be judged and told when the daemon stops (ms). */
const DRAIN_MS = 10_000;

/** What a daemon needs of the world. */
export interface DaemonSurroundings {
  readonly log: Logger;
  /** Who started it, for the audit log. */
  readonly by: string;
  readonly version: string;
  /** Descriptor that the engine's process reads the passphrase from; null: as the configuration says. */
  readonly passphraseDescriptor: number | null;
  /** Wall clock, milliseconds since 1970. */
  readonly now: () => number;
  /** Reads the configuration anew, for a reload. */
  readonly readConfig: () => DaemonConfig;
  /** Somebody asked over the control socket that it stops. */
  readonly stopAsked: () => void;
}

/** What a reload came to. */
export interface ReloadResult {
  readonly begun: readonly string[];
  readonly ended: readonly string[];
  /** Members of the configuration that changed and count from the next start on. */
  readonly afterRestart: readonly string[];
}

/** See the head of the file. */
export class Daemon {
  readonly startedAt: number;
  readonly around: DaemonSurroundings;
  readonly alarms: Alarms;
  readonly gate: KeyGate;
  readonly tracks = new Tracks();
  readonly metrics: DaemonMetrics;
  readonly journal: JournalPort;
  readonly engine: EngineLink;
  readonly pipeline: Pipeline;
  readonly relay: RelayServer;
  readonly grants: GrantState;
  readonly sources: SourceSet;
  #config: DaemonConfig;
  #groups: readonly GroupRow[] = [];
  #head: number;
  #health: HealthServer | null = null;
  #control: ControlServer | null = null;
  #watching: NodeJS.Timeout | null = null;
  #forgetNote: () => void = () => undefined;
  #state: 'starting' | 'running' | 'stopping' = 'starting';

  private constructor(config: DaemonConfig, around: DaemonSurroundings, journal: JournalPort) {
    const { now } = around;
    this.#config = config;
    this.around = around;
    this.startedAt = now();
    this.journal = journal;
    this.#head = journal.lastSeq;
    this.gate = new KeyGate({ now });
    this.alarms = new Alarms((alarm) => {
      const { name, severity, message, hint, raised } = alarm;
      around.log[raised ? 'warn' : 'info'](
        { alarm: name, severity, hint, raised },
        raised ? message : `over: ${message}`,
      );
      this.relay.alarm(alarm);
    }, now);
    this.engine = new EngineLink(
      { settings: engineSettings(config, around.by), passphraseDescriptor: around.passphraseDescriptor, now },
      this.#engineListener(),
    );
    this.pipeline = new Pipeline({
      ...{ journal, engine: this.engine, tracks: this.tracks, now },
      listener: {
        deliver: (records) => this.#deliver(records),
      },
    });
    const { key, publicKey } = readKeyFile(daemonKeyPath(config), 'daemon');
    const revocations = new Revocations(revocationsPath(config), key);
    this.relay = new RelayServer({
      listeners: listenerOptions(config),
      host: new DaemonHost({
        ...{ journal, engine: this.engine, gate: this.gate, tracks: this.tracks },
        groups: () => this.#groups,
        head: () => this.#head,
        told: () => this.pipeline.status().told,
        status: () => daemonStatus(this),
      }),
      operator: readOperator(config),
      daemon: key,
      revocations,
      wallClock: now,
      alarms: () => this.alarms.standing(),
      log: (event, data) => around.log.info({ event, ...data }, event),
    });
    this.grants = new GrantState({
      ...{ revocations, engine: this.engine, daemon: publicKey, alarms: this.alarms, log: around.log, now },
      copy: new StateCopy(stateCopyPath(config), key),
      changed: () => this.relay.grantsChanged(),
    });
    this.sources = new SourceSet({
      make: (description) => makeLiveSource(description),
      consumer: (source) => {
        const track = this.tracks.of(source);
        this.gate.addTrack(track.track, track.clock);
        this.engine.tracks(this.tracks.all());
        return this.pipeline.consumer(source);
      },
      alarms: this.alarms,
    });
    this.metrics = new DaemonMetrics(() => ({
      sources: this.sources.statuses(),
      engine: this.engine.status(),
      journal: journal.status(),
      relay: this.relay.metrics(),
      framesUnderWay: journal.nextFrame - 1 - this.pipeline.status().told,
    }));
  }

  /**
   * Begins a daemon: journal, engine (whose process opens the vault), relay, control socket, health, and the sources last.
   *
   * @throws SidescopeError, VaultError, JournalError, RelayError: nothing is left running
   */
  static async start(config: DaemonConfig, around: DaemonSurroundings): Promise<Daemon> {
    const journal = await openJournal(config.journal.folder, journalOptions(config));
    let daemon: Daemon | null = null;
    try {
      daemon = new Daemon(config, around, journal);
      await daemon.#begin();
      return daemon;
    } catch (error) {
      if (daemon === null) await journal.close();
      else await daemon.stop(0);
      throw error;
    }
  }

  get config(): DaemonConfig {
    return this.#config;
  }

  get state(): 'starting' | 'running' | 'stopping' {
    return this.#state;
  }

  get groups(): readonly GroupRow[] {
    return this.#groups;
  }

  /** Where the health listener is; null where there is none. */
  get healthPort(): number | null {
    return this.#health?.port ?? null;
  }

  /** For the watchdog: the parent answers, and the engine runs or is being started again. */
  isAlive(): boolean {
    return this.#state !== 'starting' && this.engine.status().state !== 'stopped';
  }

  /** Takes over what can be changed while it runs: sources and the log's level. @throws SidescopeError `config.*` */
  async reload(): Promise<ReloadResult> {
    const next = this.around.readConfig();
    const { begun, ended } = await this.sources.set(next.sources);
    this.around.log.level = next.log.level;
    const fixed = ['keys', 'state', 'journal', 'relay', 'control', 'health', 'severities'] as const;
    const afterRestart: string[] = fixed.filter(
      (name) => JSON.stringify(next[name]) !== JSON.stringify(this.#config[name]),
    );
    this.#config = { ...this.#config, sources: next.sources, log: next.log };
    this.around.log.info({ event: 'reloaded', begun, ended, afterRestart }, 'configuration read again');
    await this.engine.audit('daemon.reloaded', { begun, ended, afterRestart }).catch(() => undefined);
    return { begun, ended, afterRestart };
  }

  /**
   * Waits until every source that has an end has come to it and all of it was told.
   *
   * @returns false where the capture of one was damaged, empty or none
   */
  async finished(): Promise<boolean> {
    const areWhole = await this.sources.ended();
    await this.pipeline.drain(Number.POSITIVE_INFINITY);
    return areWhole;
  }

  /** Ends: sources first, then what they brought is judged and told, then everybody is sent away. */
  async stop(drainMilliseconds = DRAIN_MS): Promise<void> {
    if (this.#state === 'stopping') return;
    this.#state = 'stopping';
    if (this.#watching !== null) clearInterval(this.#watching);
    this.#forgetNote();
    await this.sources.stop();
    const isDrained = await this.pipeline.drain(drainMilliseconds);
    if (isDrained) {
      await this.engine.finish().catch(() => undefined);
      await this.pipeline.drain(drainMilliseconds);
    }
    this.pipeline.stop();
    if (!isDrained) this.around.log.warn({ event: 'not-drained' }, 'some frames are judged at the next start');
    await this.relay.stop();
    await this.engine.stop();
    await this.journal.close();
    await this.#health?.close();
    await this.#control?.close();
  }

  async #begin(): Promise<void> {
    const { health, control } = this.#config;
    this.gate.addTrack(0, 'wall');
    this.engine.tracks(this.tracks.all());
    this.#control = await ControlServer.open(control, new ControlVerbs(this).handler);
    await this.engine.start(this.pipeline.tellFrom);
    this.pipeline.resume();
    await this.grants.settle();
    await this.relay.start();
    if (health !== null) {
      this.#health = await HealthServer.open(health.host, health.port, {
        ill: () => (this.isAlive() || this.#state === 'starting' ? null : 'the engine was stopped for good'),
        notReady: () => this.#notReady(),
        metrics: () => this.metrics.text(),
      });
    }
    this.#forgetNote = leaveControlNote(this.#config);
    await this.engine.audit('daemon.started', { version: this.around.version, config: this.#config.path });
    await this.sources.set(this.#config.sources);
    this.#watching = setInterval(() => this.#watch(), WATCH_MS);
    this.#state = 'running';
  }

  #engineListener(): EngineListener {
    return {
      answer: (answer) => this.pipeline.answer(answer),
      keys: (keys, groups) => {
        this.gate.replace(keys);
        this.#groups = groups;
        this.relay.keysChanged();
      },
      resume: () => this.pipeline.resume(),
      alarm: (alarm) => this.alarms.note(alarm),
    };
  }

  #deliver(records: NumberedBlock): void {
    const { first, block } = records;
    this.#head = first + block.count - 1;
    this.metrics.delivered(block, this.pipeline.status().lagMilliseconds);
    this.relay.deliver(records);
  }

  #watch(): void {
    this.sources.watch();
    const { state, problem } = this.journal.status();
    if (state === 'good') this.alarms.clear('journal.degraded');
    else {
      const hint = problem?.hint ?? 'Make room on the disk; the journal goes on by itself';
      const why = problem === null ? 'the disk refuses writes' : problem.message;
      this.alarms.raise('journal.degraded', 'critical', `${why}; no plaintext is relayed meanwhile`, hint);
    }
  }

  #notReady(): string | null {
    if (this.#state !== 'running') return this.#state;
    const engine = this.engine.status();
    if (engine.state !== 'running') return `engine ${engine.state}`;
    if (this.grants.standing.isSetBack) return 'the state of grants was set back: nobody is let in';
    const { state } = this.journal.status();
    return state === 'good' ? null : 'journal degraded: no plaintext is relayed';
  }
}
