// A subscriber in a process of its own, as somebody would run it (`sidescope tap`): it can be halted or killed while the test
// that watches it goes on.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RelayedEvent } from '../../../daemon/relay/relay-record.ts';
import { type DaemonFolder, MAIN } from './daemon-folder.ts';

/** One line of `tap -T ndjson --seq`. */
export type TappedRecord = RelayedEvent & { readonly seq: number };

/** See the head of the file. */
export class TapProcess {
  readonly #child: ChildProcess;
  #rest = '';
  readonly records: TappedRecord[] = [];
  /** What it wrote for people: losses, gaps. */
  said = '';

  /** Listens to everything that the subscriber may have in the view `meta`, from the journal's beginning on. */
  constructor(folder: DaemonFolder, { keyFile, capability }: ReturnType<DaemonFolder['subscriber']>) {
    const capabilityFile = join(folder.path, 'tap.capability');
    writeFileSync(capabilityFile, capability);
    const words = ['tap', folder.relay, '--identity', keyFile, '--capability', capabilityFile];
    this.#child = spawn(process.execPath, [MAIN, ...words, '--since', '0', '--seq', '-T', 'ndjson', '--reconnect'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (piece: string) => this.#take(piece));
    this.#child.stderr?.setEncoding('utf8').on('data', (piece: string) => {
      this.said += piece;
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGCONT');
    this.#child.kill('SIGTERM');
    await ended;
  }

  #take(piece: string): void {
    const lines = (this.#rest + piece).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const record = JSON.parse(line) as TappedRecord;
      // What the daemon says of itself (alarms) has no number.
      if (Object.hasOwn(record, 'seq')) this.records.push(record);
    }
  }
}
