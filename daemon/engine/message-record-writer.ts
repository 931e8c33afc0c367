// The `message` record of interfaces 3 as octets, straight from a row of the message table: for printers and a daemon of
// which very many records a second are wanted. `MessageEventMaker` and JSON.stringify say the same by the long way, and a property test
// keeps the two equal octet by octet.

import type { FrameBatch } from '../../captures/frame-batch.ts';
import { type AsciiWriter, utf8Octets } from '../../dissectors/ascii-writer.ts';
import { printableJson } from '../../dissectors/printable.ts';
import { SduSummaryWriter } from '../../dissectors/sdu-summary-writer.ts';
import type { Group, Keyring } from '../keyring/keyring.ts';
import { InstantWriter } from './instant-writer.ts';
import {
  type EpochLookup,
  groupText,
  innerType,
  layer2Text,
  MessageEventMaker,
  type MessageEventOptions,
  outerProtocols,
  sduTypeName,
} from './message-event.ts';
import { MessageFlag, type MessageTable, NONE } from './message-table.ts';
import { SenderPieces } from './sender-pieces.ts';

/**
 * We chose: kinds of messages (length, verdict, evidence, chain of protocols) whose text is remembered, 2 to this power. Each
 * has two places; a third for the same places replaces the older one.
 */
const KIND_BITS = 10;

const NO_PROTOCOLS: readonly string[] = [];

const BEGIN = utf8Octets('{"v":1,"type":"message","frame":');
const FRAMES = utf8Octets(',"frames":[');
const FRAMES_END = utf8Octets(']');
const TRIAL = utf8Octets('","trial":"limited');
const CORRECTS = utf8Octets(',"corrects":true');
const PAYLOAD = utf8Octets(',"payload":"');
const COMMA = 0x2c;
const QUOTE = 0x22;
const BRACE = 0x7d;
const LINE_FEED = 0x0a;

/** `"length"` to the quote that begins the summary. */
class Kind {
  length = -1;
  verdict = 0;
  evidence = 0;
  outer = NO_PROTOCOLS;
  inner = NO_PROTOCOLS;
  text: Uint8Array = FRAMES_END;
}

const NO_KIND = new Kind();

/** Writes records of one capture. Where group or member names of the keyring change, a new writer is needed. */
export class MessageRecordWriter {
  readonly #epochs: EpochLookup;
  readonly #maker: MessageEventMaker;
  readonly #payload: boolean;
  readonly #sdu = new SduSummaryWriter();
  readonly #instant = new InstantWriter(',"time":"');
  /** `"group"` to `"sn":`. */
  readonly #senders: SenderPieces;
  readonly #kinds = Array.from({ length: 1 << KIND_BITS }, () => NO_KIND);

  /** @param keyring the one that the rows were judged with */
  constructor(keyring: Keyring, options: MessageEventOptions) {
    this.#epochs = { epoch: (serial) => keyring.epochs[serial] };
    this.#senders = new SenderPieces(keyring.groups, (table, row, group, name) =>
      this.#describeSender(table, row, group, name),
    );
    this.#maker = new MessageEventMaker(keyring.groups, this.#epochs, options);
    this.#payload = options.payload;
  }

  /**
   * Writes the record of a judged row and the end of its line.
   *
   * @param reassembled payload of the IP datagram that the SDU, a fragment, completed; null for every other SDU
   */
  write(table: MessageTable, row: number, reassembled: Uint8Array | null, out: AsciiWriter): void {
    if ((table.flags[row] & MessageFlag.plaintextShown) === 0) {
      this.writeOuter(table, row, this.#maker.withheld(table, row), false, out);
    } else {
      this.#writeShown(table, row, reassembled, out);
      this.#end(table, row, false, this.#payload, out);
    }
    out.octet(LINE_FEED);
  }

  /**
   * Writes the record without anything that the SDU gave, and no end of a line.
   *
   * @param summary what is said in its place
   * @param corrects whether it replaces the record told before
   */
  writeOuter(table: MessageTable, row: number, summary: string, corrects: boolean, out: AsciiWriter): void {
    this.#begin(table, row, out);
    out.octets(this.#kind(table, row, NO_PROTOCOLS).text);
    out.jsonInside(summary);
    this.#end(table, row, corrects, false, out);
  }

  /** Writes the record with everything that the SDU gave, whose flags let it be shown, likewise. */
  writeWhole(
    table: MessageTable,
    row: number,
    reassembled: Uint8Array | null,
    corrects: boolean,
    out: AsciiWriter,
  ): void {
    this.#writeShown(table, row, reassembled, out);
    this.#end(table, row, corrects, true, out);
  }

  /** Down to the summary, whose text is left open. */
  #writeShown(table: MessageTable, row: number, reassembled: Uint8Array | null, out: AsciiWriter): void {
    const sdu = this.#sdu;
    sdu.look(table.bodyBytes(row), table.bodyAt(row), table.length[row], innerType(table, row), reassembled);
    this.#begin(table, row, out);
    out.octets(this.#kind(table, row, sdu.protocols).text);
    sdu.writeJson(out);
    const remark = this.#maker.remark(table, row);
    if (remark !== '') out.jsonInside(remark);
  }

  #begin(table: MessageTable, row: number, out: AsciiWriter): void {
    out.octets(BEGIN);
    out.decimal(table.frame[row]);
    if (table.framesCount[row] > 1) this.#writeFrames(table, row, out);
    const batch = table.batch as FrameBatch;
    const frameRow = table.frameRow[row];
    this.#instant.write(batch.seconds[frameRow], batch.nanoseconds[frameRow], batch.digits[frameRow], out);
    this.#senders.write(table, row, out);
    out.decimal(table.sn[row]);
  }

  /** From the end of the summary on. */
  #end(table: MessageTable, row: number, corrects: boolean, withPayload: boolean, out: AsciiWriter): void {
    if ((table.flags[row] & MessageFlag.trialLimited) !== 0) out.octets(TRIAL);
    out.octet(QUOTE);
    if (corrects) out.octets(CORRECTS);
    if (withPayload) {
      const at = table.bodyAt(row);
      out.octets(PAYLOAD);
      out.hex(table.bodyBytes(row), at, at + table.length[row]);
      out.octet(QUOTE);
    }
    out.octet(BRACE);
  }

  #writeFrames(table: MessageTable, row: number, out: AsciiWriter): void {
    out.octets(FRAMES);
    for (const [index, frame] of table.framesOf(row).entries()) {
      if (index > 0) out.octet(COMMA);
      out.decimal(frame);
    }
    out.octets(FRAMES_END);
  }

  #describeSender(table: MessageTable, row: number, group: Group | null, name: string | null): Uint8Array {
    const epoch = table.epoch[row];
    const members = {
      group: groupText(table, row, group),
      ...(group !== null ? { groupName: group.name } : {}),
      source: layer2Text(table.source[row]),
      ...(name !== null ? { sourceName: name } : {}),
      lcid: table.lcid[row],
      sduType: sduTypeName(table, row),
      pgkIndex: table.pgkIndex[row],
      pgkId: epoch === NONE ? null : this.#epochs.epoch(epoch).id,
      ptkId: table.ptkId[row],
    };
    return utf8Octets(`Z",${printableJson(members).slice(1, -1)},"sn":`);
  }

  #kind(table: MessageTable, row: number, inner: readonly string[]): Kind {
    const length = table.length[row];
    const verdict = table.verdict[row];
    const evidence = table.evidence[row];
    const outer = outerProtocols(table, row);
    const mixed = length ^ (verdict << 12) ^ (evidence << 16);
    const first = (Math.imul(mixed, 0x9e3779b1) >>> (32 - KIND_BITS)) & ~1;
    for (let place = first; place <= first + 1; place++) {
      const known = this.#kinds[place];
      if (
        known.length === length &&
        known.verdict === verdict &&
        known.evidence === evidence &&
        known.inner === inner &&
        known.outer === outer
      ) {
        return known;
      }
    }
    const kind = new Kind();
    this.#kinds[first + 1] = this.#kinds[first];
    this.#kinds[first] = kind;
    kind.length = length;
    kind.verdict = verdict;
    kind.evidence = evidence;
    kind.outer = outer;
    kind.inner = inner;
    const members = {
      length,
      verdict: table.verdictName(row),
      evidenceBits: Math.floor(evidence / 10),
      protocols: [...outer, ...inner],
      summary: '',
    };
    kind.text = utf8Octets(`,${printableJson(members).slice(1, -2)}`);
    return kind;
  }
}
