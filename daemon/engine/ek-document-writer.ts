// `-T ek` for analysed frames. What talks in groups says nearly the same in message after message: when messages of one kind
// come back, one of them becomes a model, each sender's plan is derived from it, and from then on only what changes is written
// (document-plan.ts). Everything else goes the long way, by way of the layer tree's writer, and a test keeps the two equal.

import { type AsciiWriter, utf8Octets } from '../../dissectors/ascii-writer.ts';
import type { SlotValues } from '../../dissectors/ek-template.ts';
import { EkWriter } from '../../dissectors/tree-ek.ts';
import { ekIndexLine } from '../../dissectors/tree-json.ts';
import { epochText, isoText } from '../../dissectors/value-text.ts';
import type { AnalysedFrame } from './analysed-frame.ts';
import { DocumentModel, type DocumentPlan, mayHavePlan, sourcesOf } from './document-plan.ts';
import { writeAnalysedFrame } from './frame-tree.ts';

/** Constants we chose. */
/**
 * Plans that are kept, 2 to this power, and places for each; one more for the same places replaces the oldest. Some six
 * kilobytes each where messages are short; above the cap of octets all are forgotten.
 */
const PLAN_BITS = 12;
const WAYS = 4;
const MOST_OCTETS = 32 * 1024 * 1024;
/** Kinds of messages, and senders of one that has models, of which it is known that they came before; above the cap all are forgotten. */
const MOST_SEEN = 8192;
/** Models that are kept, each with some kilobytes beside its document; one more replaces the oldest. */
const MOST_MODELS = 16;
/**
 * Deriving a plan takes half as long as a document, making a model as long as a few. So uses earn the right to make more, up
 * to a cap, and traffic in which nobody speaks twice is soon written without plans.
 */
const CREDIT_AT_FIRST = 4096;
const MOST_CREDIT = 65_536;
const COST_OF_PLAN = 2;
const COST_OF_MODEL = 4;
/** Seconds since 1970 between which times are written in pieces: ten digits, and years of four. */
const FIRST_SECOND = 1_000_000_000;
const LAST_SECOND = 9_999_999_999;

const BILLION = 1_000_000_000n;
const NANOSECONDS_PER_MILLISECOND = 1_000_000;

/** Writes documents of one capture. */
export class EkDocumentWriter {
  readonly #out: AsciiWriter;
  readonly #writer: EkWriter;
  readonly #plans = Array.from({ length: 1 << PLAN_BITS }, (): DocumentPlan | null => null);
  readonly #models: DocumentModel[] = [];
  readonly #seen = new Set<number>();
  /** Octets of all plans. */
  #octets = 0;
  #credit = CREDIT_AT_FIRST;
  /** The index line and the beginning of the document in one second of capture time. */
  #second = Number.NaN;
  #head: Uint8Array = new Uint8Array(0);
  readonly #values: SlotValues = {
    ...{ number: 0, iso: new Uint8Array(0), epoch: new Uint8Array(0), nanoseconds: 0, counter: 0 },
  };

  /** @param out where the documents go */
  constructor(out: AsciiWriter) {
    this.#out = out;
    this.#writer = new EkWriter(out);
  }

  /** Writes the index line and the document line of a frame. */
  write(frame: AnalysedFrame): void {
    if (!mayHavePlan(frame) || !this.#takeTime(frame) || !this.#writeByPlan(frame)) {
      writeAnalysedFrame(frame, this.#writer);
      this.#writer.finish();
    }
  }

  #writeByPlan(frame: AnalysedFrame): boolean {
    const sources = sourcesOf(frame);
    const mixed = senderOf(frame);
    const plans = this.#plans;
    const first = (mixed >>> (32 - PLAN_BITS)) & ~(WAYS - 1);
    let plan: DocumentPlan | null = null;
    for (let place = first; place < first + WAYS; place++) {
      const known = plans[place];
      if (known?.fits(frame, sources) === true) {
        plan = known;
        break;
      }
    }
    plan ??= this.#newPlan(frame, sources, mixed, first);
    if (plan === null) return false;
    if (this.#credit < MOST_CREDIT) this.#credit++;
    const out = this.#out;
    const values = this.#values;
    values.number = frame.number;
    values.counter = frame.table.counter[frame.messages[0].row];
    out.octets(this.#head);
    out.paddedDecimal(Math.floor(values.nanoseconds / NANOSECONDS_PER_MILLISECOND), 3);
    plan.write(sources, values, out);
    return true;
  }

  /** A plan for a sender whose messages have a model, in the place of the oldest. */
  #newPlan(frame: AnalysedFrame, sources: readonly Uint8Array[], mixed: number, first: number): DocumentPlan | null {
    const plan = this.#derive(frame, sources, mixed);
    if (plan === null) return null;
    this.#octets += plan.size;
    if (this.#octets > MOST_OCTETS) {
      this.#plans.fill(null);
      this.#octets = plan.size;
    }
    this.#octets -= this.#plans[first + WAYS - 1]?.size ?? 0;
    this.#plans.copyWithin(first + 1, first, first + WAYS - 1);
    this.#plans[first] = plan;
    return plan;
  }

  #derive(frame: AnalysedFrame, sources: readonly Uint8Array[], mixed: number): DocumentPlan | null {
    let hasModel = false;
    for (const model of this.#models) {
      if (!model.isLike(frame)) continue;
      if (!hasModel && !this.#pays(COST_OF_PLAN)) return null;
      hasModel = true;
      const plan = model.derive(frame, sources);
      if (plan !== null) return plan;
    }
    // Where a model of the kind is there, and not the sender's, a model of its own is worth it when the sender comes back.
    if (!this.#cameBefore(hasModel ? mixed : kindOf(frame)) || !this.#pays(COST_OF_MODEL)) return null;
    const model = DocumentModel.of(frame);
    if (model === null) return null;
    this.#models.unshift(model);
    if (this.#models.length > MOST_MODELS) this.#models.pop();
    return model.derive(frame, sources);
  }

  #pays(cost: number): boolean {
    if (this.#credit < cost) return false;
    this.#credit -= cost;
    return true;
  }

  #cameBefore(number: number): boolean {
    if (this.#seen.has(number)) return true;
    if (this.#seen.size >= MOST_SEEN) this.#seen.clear();
    this.#seen.add(number);
    return false;
  }

  /** Brings the head to the frame's second. @returns false for a time that is not written in pieces */
  #takeTime(frame: AnalysedFrame): boolean {
    const { batch, row } = frame;
    const seconds = batch.seconds[row];
    const values = this.#values;
    values.nanoseconds = batch.nanoseconds[row];
    if (seconds === this.#second) return true;
    if (!(seconds >= FIRST_SECOND && seconds <= LAST_SECOND)) return false;
    const time = BigInt(seconds) * BILLION;
    this.#second = seconds;
    this.#head = utf8Octets(`${ekIndexLine(time)}{"timestamp":"${seconds}`);
    values.iso = utf8Octets(isoText(time).slice(0, -'000000000Z'.length));
    values.epoch = utf8Octets(epochText(time).slice(0, -'000000000'.length));
    return true;
  }
}

/** Tells senders, keys and lengths of messages apart. The multipliers spread neighbouring numbers (Knuth, TAOCP 6.4). */
function senderOf(frame: AnalysedFrame): number {
  const { table } = frame;
  const { row } = frame.messages[0];
  const key = (table.epoch[row] << 8) ^ (table.verdict[row] << 4) ^ table.lcid[row];
  const mixed = Math.imul(table.source[row], 0x85ebca6b) ^ Math.imul(key, 0xc2b2ae35) ^ table.destination[row];
  return Math.imul(mixed ^ (mixed >>> 15) ^ table.length[row], 0x9e3779b1) >>> 0;
}

/** Tells messages apart whose documents cannot have one model. */
function kindOf(frame: AnalysedFrame): number {
  const { table } = frame;
  const { row } = frame.messages[0];
  return (Math.imul(table.length[row], 0x9e3779b1) ^ (table.verdict[row] << 8) ^ table.lcid[row]) >>> 0;
}
