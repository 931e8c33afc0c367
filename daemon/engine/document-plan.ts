// The plan of the `-T ek` document of one sender's messages: what the engine has to have concluded of a message, and the
// template of the document that then says it. Plans are derived from a model, the document of one message of their kind.

import type { FrameBatch } from '../../captures/frame-batch.ts';
import type { AsciiWriter } from '../../dissectors/ascii-writer.ts';
import { EkModel, ToldValues } from '../../dissectors/ek-model.ts';
import type { EkTemplate, SlotValues } from '../../dissectors/ek-template.ts';
import { EkTrace } from '../../dissectors/ek-trace.ts';
import { ekIndexLine, ekTimestamp } from '../../dissectors/tree-json.ts';
import { hasOneName, memberName } from '../keyring/member-name.ts';
import type { Roster } from '../keyring/roster.ts';
import type { AnalysedFrame, AnalysedMessage, JudgementContext } from './analysed-frame.ts';
import { writeAnalysedFrame } from './frame-tree.ts';
import { writeJudgement } from './frame-tree-judgement.ts';
import type { Attempt } from './judge.ts';
import { MessageFlag, type MessageTable, NONE, Place } from './message-table.ts';

const trace = new EkTrace();
const told = new ToldValues();

/** What the judgement of a message says, as far as the document has it. */
class Judged {
  readonly #verdict: number;
  readonly #epoch: number;
  readonly #epochState: number;
  readonly #evidence: number;
  readonly #passed: number;
  readonly #failed: number;
  readonly #flags: number;
  readonly #group: number;
  readonly #version: number;
  readonly #source: number;
  readonly #destination: number;
  readonly #lcid: number;
  readonly #length: number;
  readonly #hasContext: boolean;
  readonly #deciphered: number;
  readonly #attempts: readonly Attempt[];
  readonly #withheld: string;
  readonly #name: string | null;
  /** Where the sender's name is the same at every instant: the roster that says so. */
  readonly #roster: Roster | null;

  constructor(table: MessageTable, message: AnalysedMessage, context: JudgementContext) {
    const { row } = message;
    this.#verdict = table.verdict[row];
    this.#epoch = table.epoch[row];
    this.#epochState = table.epochState[row];
    this.#evidence = table.evidence[row];
    this.#passed = table.passed[row];
    this.#failed = table.failed[row];
    this.#flags = table.flags[row];
    this.#group = table.group[row];
    this.#version = table.version[row];
    this.#source = table.source[row];
    this.#destination = table.destination[row];
    this.#lcid = table.lcid[row];
    this.#length = table.length[row];
    this.#hasContext = table.context[row] !== NONE;
    this.#deciphered = table.deciphered[row];
    this.#attempts = message.attempts;
    this.#withheld = withheld(table, row, context);
    this.#name = nameOf(table, row, context);
    const group = this.#group === NONE ? null : context.groups[this.#group];
    this.#roster = group !== null && hasOneName(group, this.#source) ? group.roster : null;
  }

  /** Whether all of it is the same for another message. */
  equals(table: MessageTable, message: AnalysedMessage, context: JudgementContext): boolean {
    const { row } = message;
    return (
      this.#source === table.source[row] &&
      this.#epoch === table.epoch[row] &&
      this.#group === table.group[row] &&
      this.#destination === table.destination[row] &&
      this.isAlike(table, row) &&
      sameAttempts(this.#attempts, message.attempts) &&
      this.#withheld === withheld(table, row, context) &&
      this.#hasNameOf(table, row, context)
    );
  }

  /** To read a name takes a microsecond. @param row of the same sender and group */
  #hasNameOf(table: MessageTable, row: number, context: JudgementContext): boolean {
    if (this.#roster !== null && context.groups[this.#group].roster === this.#roster) return true;
    return this.#name === nameOf(table, row, context);
  }

  /** Whether all that is told in numbers is the same for another message, which may be another sender's in another group. */
  isAlike(table: MessageTable, row: number): boolean {
    return (
      this.#verdict === table.verdict[row] &&
      this.#epochState === table.epochState[row] &&
      this.#evidence === table.evidence[row] &&
      this.#passed === table.passed[row] &&
      this.#failed === table.failed[row] &&
      this.#flags === table.flags[row] &&
      this.#version === table.version[row] &&
      this.#lcid === table.lcid[row] &&
      this.#length === table.length[row] &&
      this.#hasContext === (table.context[row] !== NONE) &&
      this.#deciphered === table.deciphered[row]
    );
  }
}

/** Why plaintext is not shown; empty where it is. */
function withheld(table: MessageTable, row: number, context: JudgementContext): string {
  return (table.flags[row] & MessageFlag.plaintextShown) !== 0 ? '' : context.maker.withheld(table, row);
}

function nameOf(table: MessageTable, row: number, context: JudgementContext): string | null {
  const group = table.group[row];
  return group === NONE ? null : memberName(context.groups[group], table.source[row], table.time[row]);
}

function sameAttempts(some: readonly Attempt[], others: readonly Attempt[]): boolean {
  if (some.length !== others.length) return false;
  for (let index = 0; index < some.length; index++) {
    const one = some[index];
    const other = others[index];
    if (one.epoch !== other.epoch || one.p2 !== other.p2 || one.algorithm !== other.algorithm) return false;
    if (one.tenths !== other.tenths || one.failed !== other.failed) return false;
  }
  return true;
}

/** A frame that may have a plan: one message, whole in it, without findings. */
export function mayHavePlan(frame: AnalysedFrame): boolean {
  if (frame.messages.length !== 1 || frame.raised.length > 0) return false;
  const { row, raised, reassembled } = frame.messages[0];
  const { table } = frame;
  return (
    raised.length === 0 && reassembled === null && table.framesCount[row] <= 1 && table.rawPlace[row] === Place.frame
  );
}

/** The octets that the document of such a frame is about: the frame, and the deciphered SDU where it is shown. */
export function sourcesOf(frame: AnalysedFrame): readonly Uint8Array[] {
  const { table } = frame;
  const { row } = frame.messages[0];
  const isShown = (table.flags[row] & MessageFlag.plaintextShown) !== 0 && table.deciphered[row] === 1;
  if (!isShown || table.length[row] === 0) return [frame.bytes];
  const at = table.bodyAt(row);
  return [frame.bytes, table.bodyBytes(row).subarray(at, at + table.length[row])];
}

/** How a frame was captured, as far as its document has it. */
class Captured {
  readonly #original: number;
  readonly #interfaceId: number;
  readonly #linkType: number;
  /** Octet of the frame at which the SDU lies: a frame may hold others that became no message. */
  readonly #at: number;

  constructor(frame: AnalysedFrame) {
    const { batch, row } = frame;
    this.#original = batch.original[row];
    this.#interfaceId = batch.interfaceId[row];
    this.#linkType = batch.linkType[row];
    this.#at = sduAt(frame);
  }

  /** Whether another frame was captured in the same way. */
  equals(frame: AnalysedFrame): boolean {
    const { batch, row } = frame;
    return (
      batch.original[row] === this.#original &&
      batch.linkType[row] === this.#linkType &&
      batch.interfaceId[row] === this.#interfaceId &&
      sduAt(frame) === this.#at
    );
  }
}

/** See the head of the file. */
export class DocumentPlan {
  readonly #captured: Captured;
  readonly #judged: Judged;
  readonly #template: EkTemplate;

  constructor(frame: AnalysedFrame, template: EkTemplate) {
    this.#captured = new Captured(frame);
    this.#judged = new Judged(frame.table, frame.messages[0], frame.context);
    this.#template = template;
  }

  /** Octets that are kept for it. */
  get size(): number {
    return this.#template.size;
  }

  /** Whether the frame has this document but for its slots. @param sources as `sourcesOf` gives them */
  fits(frame: AnalysedFrame, sources: readonly Uint8Array[]): boolean {
    return (
      this.#captured.equals(frame) &&
      this.#judged.equals(frame.table, frame.messages[0], frame.context) &&
      this.#template.fits(sources)
    );
  }

  /** Writes the document of a frame that fits, from behind the milliseconds of its time stamp. */
  write(sources: readonly Uint8Array[], values: SlotValues, out: AsciiWriter): void {
    this.#template.write(sources, values, out);
  }
}

/** What plans of messages of one kind are derived from, whoever sends them. */
export class DocumentModel {
  readonly #captured: Captured;
  readonly #judged: Judged;
  readonly #model: EkModel;

  private constructor(frame: AnalysedFrame, model: EkModel) {
    this.#captured = new Captured(frame);
    this.#judged = new Judged(frame.table, frame.messages[0], frame.context);
    this.#model = model;
  }

  /** The model that a frame is which may have a plan; null where its document is not made of what a template knows. */
  static of(frame: AnalysedFrame): DocumentModel | null {
    writeAnalysedFrame(frame, trace);
    const document = trace.finish();
    if (document === null) return null;
    const model = EkModel.of(document, headLength(frame), sourcesOf(frame));
    return model === null ? null : new DocumentModel(frame, model);
  }

  /** Whether a frame that may have a plan is of its kind, as far as columns say. */
  isLike(frame: AnalysedFrame): boolean {
    return this.#captured.equals(frame) && this.#judged.isAlike(frame.table, frame.messages[0].row);
  }

  /** The plan of such a frame; null where its octets differ from the model's in more than in who sends. */
  derive(frame: AnalysedFrame, sources: readonly Uint8Array[]): DocumentPlan | null {
    told.clear();
    writeJudgement(frame.table, frame.messages[0], frame.context, true, told);
    const template = this.#model.derive(sources, told);
    return template === null ? null : new DocumentPlan(frame, template);
  }
}

function sduAt(frame: AnalysedFrame): number {
  return frame.table.rawAt[frame.messages[0].row] - frame.batch.offset[frame.row];
}

/** Nanoseconds since 1970. */
function timeOf(batch: FrameBatch, row: number): bigint {
  return BigInt(batch.seconds[row]) * 1_000_000_000n + BigInt(batch.nanoseconds[row]);
}

/** Octets of a document up to the quote and the comma behind its time stamp, which are the template's. */
function headLength(frame: AnalysedFrame): number {
  const time = timeOf(frame.batch, frame.row);
  return `${ekIndexLine(time)}{${ekTimestamp(time)}`.length - '",'.length;
}
