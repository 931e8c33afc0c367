// The captures that rows are measured on: written when a row wants one, each once, and removed at the end.

import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BulkOptions, writeBulkCapture } from '../testing/bulk.ts';
import { writeUuCapture } from './uu-capture.ts';

/** One capture. */
export interface BenchCapture {
  readonly path: string;
  /** Path of its keyring; empty for one that only tshark reads. */
  readonly keyring: string;
  readonly messages: number;
}

/** Writes and remembers captures in a folder of its own. */
export class CaptureShelf {
  readonly folder = mkdtempSync(join(tmpdir(), 'sidescope-bench-'));
  readonly #written = new Map<string, BenchCapture>();
  /** Counts on where a capture is dropped: two of one name would be taken for one by who remembers measurements. */
  #serial = 0;

  /** A capture of talk spurts. */
  bulk(options: BulkOptions): BenchCapture {
    return this.#once(JSON.stringify(options), options.messages, (path, keyringPath) => {
      const file = openSync(path, 'w');
      const { keyring } = writeBulkCapture((piece) => writeSync(file, piece), options);
      closeSync(file);
      writeFileSync(keyringPath, JSON.stringify(keyring));
    });
  }

  /** What tshark deciphers itself: PDCP of a Uu bearer under EEA2. */
  uu(messages: number): BenchCapture {
    return this.#once(`uu ${messages}`, messages, (path) => {
      const file = openSync(path, 'w');
      writeUuCapture((piece) => writeSync(file, piece), messages);
      closeSync(file);
    });
  }

  /** Removes a capture that no other row wants: some are large. */
  drop(capture: BenchCapture): void {
    for (const [key, known] of this.#written) if (known === capture) this.#written.delete(key);
    rmSync(capture.path, { force: true });
  }

  /** Removes all of them. */
  clear(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #once(key: string, messages: number, write: (path: string, keyring: string) => void): BenchCapture {
    const known = this.#written.get(key);
    if (known !== undefined) return known;
    process.stderr.write(`writing ${messages} messages ${key} ...\n`);
    const name = join(this.folder, `capture-${this.#serial++}`);
    const capture = { path: `${name}.pcap`, keyring: `${name}.json`, messages };
    write(capture.path, capture.keyring);
    this.#written.set(key, capture);
    return capture;
  }
}
