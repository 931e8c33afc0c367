// A journal in memory for tests of what stands around it: numbers, order and durability as the port promises them.

import type { FrameBatch } from '../../../captures/frame-batch.ts';
import type {
  AppendedRecords,
  InterfaceRow,
  JournalPort,
  JournalStatus,
} from '../../../daemon/journal/journal-port.ts';
import type { RecordBlock } from '../../../daemon/relay/record-block.ts';
import type { RelayRecord } from '../../../daemon/relay/relay-record.ts';
import { batchOf, type FoundFrame, frameOf } from '../../../daemon/service/frame-lookup.ts';
import { recordsIn } from '../record-blocks.ts';

/** See the head of the file. `hold` keeps back what is told durable; `refuse` plays a full disk. */
export class FakeJournal implements JournalPort {
  readonly frames: FoundFrame[] = [];
  readonly records: RelayRecord[] = [];
  judgedThrough = 0;
  lastSeq = 0;
  refuse = false;
  #next = 1;
  readonly #interfaces: InterfaceRow[] = [];
  #held: (() => void)[] | null = null;

  get nextFrame(): number {
    return this.#next;
  }

  interfaceId(row: Omit<InterfaceRow, 'interfaceId'>): number {
    const same = (each: InterfaceRow): boolean =>
      each.source === row.source && each.name === row.name && each.linkType === row.linkType;
    const known = this.#interfaces.find(same);
    if (known !== undefined) return known.interfaceId;
    this.#interfaces.push({ ...row, interfaceId: this.#interfaces.length });
    return this.#interfaces.length - 1;
  }

  interfaces(): readonly InterfaceRow[] {
    return this.#interfaces;
  }

  appendFrames(batch: FrameBatch): void {
    for (let row = 0; row < batch.count; row++) if (!this.refuse) this.frames.push(frameOf(batch, row));
    this.#next = batch.firstFrame + batch.count;
  }

  async ready(): Promise<void> {
    await Promise.resolve();
  }

  async durable(): Promise<boolean> {
    await this.#turn();
    return !this.refuse;
  }

  async appendRecords(block: RecordBlock, through: number): Promise<AppendedRecords> {
    const first = this.lastSeq + 1;
    this.lastSeq += block.count;
    const kept = !this.refuse;
    await this.#turn();
    if (kept) this.records.push(...recordsIn(block.withoutPlain(), first));
    this.judgedThrough = through;
    return { first, kept, mayBeTold: true };
  }

  async *readFrames(from: number, to: number): AsyncIterable<FrameBatch> {
    const wanted = this.frames.filter(({ number }) => number >= from && number <= to);
    for (let at = 0; at < wanted.length; ) {
      let end = at + 1;
      while (end < wanted.length && end - at < 7 && wanted[end].number === wanted[end - 1].number + 1) end++;
      await Promise.resolve();
      yield batchOf(wanted.slice(at, end));
      at = end;
    }
  }

  async readRecords(
    seq: number,
    limit: number,
  ): Promise<{ records: readonly RelayRecord[]; missing: readonly never[] }> {
    await Promise.resolve();
    return { records: this.records.filter((record) => record.seq >= seq).slice(0, limit), missing: [] };
  }

  /** What waits to be durable stays so until `release`. */
  hold(): void {
    this.#held ??= [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const go of held) go();
  }

  status(): JournalStatus {
    return {
      ...{ state: this.refuse ? 'degraded' : 'good', problem: null, files: 1, octets: 0, commitMilliseconds: 1 },
      firstFrame: this.frames[0]?.number ?? null,
      lastFrame: this.#next - 1,
      durableFrame: this.#next - 1,
      ...{ firstSeq: 1, lastSeq: this.lastSeq, missedFrames: 0, missedRecords: 0 },
    };
  }

  async close(): Promise<void> {
    await Promise.resolve();
  }

  async #turn(): Promise<void> {
    const held = this.#held;
    if (held === null) return;
    await new Promise<void>((resolve) => {
      held.push(resolve);
    });
  }
}

/** A batch of frames that hold their own number, from one interface. */
export function framesOf(count: number, options: { interfaceId?: number; seconds?: number } = {}): FrameBatch {
  const { interfaceId = 0, seconds = 1000 } = options;
  return batchOf(
    Array.from({ length: count }, (_, index) => ({
      ...{
        number: index + 1,
        bytes: Uint8Array.of(index & 255),
        original: 1,
        nanoseconds: 0,
        digits: 6,
        linkType: 147,
      },
      ...{ seconds: seconds + index, interfaceId },
    })),
  );
}
