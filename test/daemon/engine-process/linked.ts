// A real child process behind a real link, for tests: what it tells is gathered, and its owner pushes frames again when the
// child is new, as the daemon does.

import { join } from 'node:path';
import { EngineLink, type EngineLinkOptions } from '../../../daemon/engine-process/engine-link.ts';
import type { EngineAnswer, GroupRow, KeyRow } from '../../../daemon/engine-process/engine-port.ts';
import type { EngineSettings } from '../../../daemon/engine-process/pipe-messages.ts';
import type { AlarmRecord, EngineRecord } from '../../../daemon/relay/relay-record.ts';
import { engineRecordsIn } from '../record-blocks.ts';
import { batchOf, type PlainFrame } from './batches.ts';

/** The child's program, as it was built. */
export const PROGRAM = join(import.meta.dirname, '..', '..', '..', 'dist', 'daemon', 'engine-process', 'main.cjs');

/** Settings with plain keyrings; `change` has what is different. */
export function settingsWith(change: Partial<EngineSettings>): EngineSettings {
  return {
    vault: null,
    anchor: null,
    passphraseFile: null,
    identity: null,
    keyrings: [],
    severities: {},
    keepDelivered: false,
    by: 'a test',
    ...change,
  };
}

/** See the head of the file. */
export class LinkedEngine {
  readonly link: EngineLink;
  readonly answers: EngineAnswer[] = [];
  readonly records: EngineRecord[] = [];
  readonly alarms: AlarmRecord[] = [];
  keys: readonly KeyRow[] = [];
  groups: readonly GroupRow[] = [];
  through = 0;
  resumes = 0;
  /** How many frames before those that are wanted warm a new child up. */
  warmUp = 1_000_000;
  readonly #frames: PlainFrame[] = [];
  readonly #track: number;
  /** Number of the frame to push next. */
  #next = 1;
  #pumping: Promise<void> | null = null;
  #watchers: (() => void)[] = [];

  constructor(settings: EngineSettings, options: Partial<EngineLinkOptions> = {}, track = 1) {
    this.#track = track;
    this.link = new EngineLink(
      {
        settings,
        passphraseDescriptor: null,
        program: PROGRAM,
        now: () => Date.now(),
        times: { firstWait: 20, tick: 100, silentTicks: 50, lockWait: 3000, stopWait: 3000 },
        ...options,
      },
      {
        answer: (answer) => {
          this.answers.push(answer);
          this.records.push(...engineRecordsIn(answer.block));
          this.through = answer.through;
          this.#wake();
        },
        keys: (keys, groups) => {
          this.keys = keys;
          this.groups = groups;
          this.#wake();
        },
        resume: () => {
          this.resumes++;
          this.#next = Math.max(1, this.through + 1 - this.warmUp);
          void (this.#pumping ?? Promise.resolve()).then(() => this.#pump(100));
          this.#wake();
        },
        alarm: (alarm) => {
          this.alarms.push(alarm);
          this.#wake();
        },
      },
    );
  }

  /** Journals frames and pushes them, as far as the child takes them. */
  take(frames: readonly PlainFrame[], rows = 100): Promise<void> {
    this.#frames.push(...frames);
    return this.#pump(rows);
  }

  /** Resolves when something holds; looks each time the link says something. */
  until(holds: () => boolean): Promise<void> {
    if (holds()) return Promise.resolve();
    return new Promise((resolve) => {
      const look = (): void => {
        if (!holds()) return;
        this.#watchers = this.#watchers.filter((each) => each !== look);
        resolve();
      };
      this.#watchers.push(look);
    });
  }

  /** Resolves when every frame taken so far was judged. */
  judged(): Promise<void> {
    return this.until(() => this.through >= this.#frames.length);
  }

  /** Pushes what is journalled and not pushed yet; whoever comes while that goes on is waited for by the same loop. */
  #pump(rows: number): Promise<void> {
    this.#pumping ??= this.#pushAll(rows).finally(() => {
      this.#pumping = null;
    });
    return this.#pumping;
  }

  async #pushAll(rows: number): Promise<void> {
    while (this.#next <= this.#frames.length) {
      const from = this.#next;
      const batch = batchOf(this.#frames.slice(from - 1, from - 1 + rows), from);
      this.#next = from + batch.count;
      // Not taken: the child is down, and `resume` says from where on they come again.
      if (!(await this.link.push(batch, this.#track))) return;
    }
  }

  #wake(): void {
    for (const look of this.#watchers) look();
  }
}
