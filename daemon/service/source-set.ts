// The sources that run: begun, watched for problems, stopped, and changed when the configuration is read again.

import { isDeepStrictEqual } from 'node:util';
import type { FrameBatch } from '../../captures/frame-batch.ts';
import type { LiveSource, SourceStatus } from '../../captures/sources/live-source.ts';
import type { SourceDescription } from '../../captures/sources/source-description.ts';
import type { Alarms } from './alarms.ts';

/** What a set of sources needs. */
export interface SourceSetParts {
  readonly make: (description: SourceDescription) => LiveSource;
  readonly consumer: (source: LiveSource) => (batch: FrameBatch) => void | Promise<void>;
  readonly alarms: Alarms;
}

interface Running {
  readonly description: SourceDescription;
  readonly source: LiveSource;
  readonly done: Promise<void>;
}

/** See the head of the file. */
export class SourceSet {
  readonly #parts: SourceSetParts;
  readonly #running = new Map<string, Running>();

  constructor(parts: SourceSetParts) {
    this.#parts = parts;
  }

  /** Runs just these: those that are no longer there end, changed ones begin anew, others go on. */
  async set(
    descriptions: readonly SourceDescription[],
  ): Promise<{ readonly begun: string[]; readonly ended: string[] }> {
    const ended: string[] = [];
    for (const [name, { description }] of this.#running) {
      const next = descriptions.find((each) => each.name === name);
      if (next !== undefined && isDeepStrictEqual(next, description)) continue;
      await this.#end(name);
      ended.push(name);
    }
    const begun: string[] = [];
    for (const description of descriptions) {
      if (this.#running.has(description.name)) continue;
      this.#begin(description);
      begun.push(description.name);
    }
    return { begun, ended };
  }

  statuses(): SourceStatus[] {
    return [...this.#running.values()].map(({ source }) => source.status());
  }

  /** Raises and clears alarms by how sources fare now; called now and then. */
  watch(): void {
    for (const { name, problem, state } of this.statuses()) {
      const alarm = `source.${name}`;
      if (problem === null || state === 'stopped') this.#parts.alarms.clear(alarm);
      else this.#parts.alarms.raise(alarm, 'high', `source ${name}: ${problem.message}`, problem.hint);
    }
  }

  /** Waits until sources that have an end have come to it. @returns false where one was damaged, empty or no capture */
  async ended(): Promise<boolean> {
    await Promise.all([...this.#running.values()].map(({ done }) => done));
    this.watch();
    return this.statuses().every(({ problem }) => problem === null);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((name) => this.#end(name)));
  }

  #begin(description: SourceDescription): void {
    const source = this.#parts.make(description);
    this.#running.set(description.name, { description, source, done: source.run(this.#parts.consumer(source)) });
  }

  async #end(name: string): Promise<void> {
    const running = this.#running.get(name);
    if (running === undefined) return;
    await running.source.stop();
    await running.done;
    this.#running.delete(name);
    this.#parts.alarms.clear(`source.${name}`);
  }
}
