// The line of a message in `-T text`, as octets and straight from its row; `messageLine` of text-lines.ts says the same by way
// of the record, and a property test keeps the two equal.

import type { FrameBatch } from '../captures/frame-batch.ts';
import { InstantWriter } from '../daemon/engine/instant-writer.ts';
import {
  type EpochLookup,
  groupText,
  innerType,
  layer2Text,
  MessageEventMaker,
} from '../daemon/engine/message-event.ts';
import { MessageFlag, type MessageTable, NONE } from '../daemon/engine/message-table.ts';
import { SenderPieces } from '../daemon/engine/sender-pieces.ts';
import type { Verdict } from '../daemon/events.ts';
import type { Group, Keyring } from '../daemon/keyring/keyring.ts';
import { type AsciiWriter, utf8Octets } from '../dissectors/ascii-writer.ts';
import { printable } from '../dissectors/printable.ts';
import { SduSummaryWriter } from '../dissectors/sdu-summary-writer.ts';
import { fitted, type Paint } from './columns.ts';

/** Each verdict has a sign and a colour: colour is never the only carrier. */
export const VERDICT_SIGNS: Readonly<Record<Verdict, { readonly sign: string; readonly colour: string }>> = {
  clear: { sign: 'o', colour: '34' },
  downgraded: { sign: 'v', colour: '35' },
  decrypted: { sign: '.', colour: '32' },
  stale: { sign: '~', colour: '33' },
  'no-key': { sign: '?', colour: '90' },
  unverifiable: { sign: '-', colour: '36' },
  forged: { sign: '!', colour: '31' },
  damaged: { sign: '#', colour: '90' },
};

// We chose: widths of columns.
const FRAME_COLUMNS = 7;
export const KEY_COLUMNS = 15;
export const VERDICT_COLUMNS = 12;

const BLANK = 0x20;
const SLASH = 0x2f;
const LINE_FEED = 0x0a;

/** Writes lines of one capture. */
export class MessageLineWriter {
  readonly #maker: MessageEventMaker;
  readonly #epochs: EpochLookup;
  readonly #paint: Paint;
  /** The columns of names and LCID, and the key up to its SN. */
  readonly #senders: SenderPieces;
  readonly #keys: SenderPieces;
  readonly #sdu = new SduSummaryWriter();
  readonly #instant = new InstantWriter('  ', ' ');
  /** By verdict and evidence bits. */
  readonly #verdicts = new Map<number, Uint8Array>();

  /**
   * @param keyring the one that the rows were judged with
   * @param columns characters of the columns of names
   */
  constructor(keyring: Keyring, columns: number, paint: Paint) {
    this.#epochs = { epoch: (serial) => keyring.epochs[serial] };
    this.#maker = new MessageEventMaker(keyring.groups, this.#epochs, { payload: false });
    this.#paint = paint;
    this.#senders = new SenderPieces(keyring.groups, (table, row, group, name) =>
      utf8Octets(senderText(table, row, group, name, columns)),
    );
    this.#keys = new SenderPieces(keyring.groups, (table, row) => utf8Octets(this.#keyText(table, row)));
  }

  /** Writes the line of a judged row; parameters as those of `MessageRecordWriter`. */
  write(table: MessageTable, row: number, reassembled: Uint8Array | null, out: AsciiWriter): void {
    const isShown = (table.flags[row] & MessageFlag.plaintextShown) !== 0;
    out.rightDecimal(table.frame[row], FRAME_COLUMNS);
    const batch = table.batch as FrameBatch;
    const frameRow = table.frameRow[row];
    // To the microsecond, whatever the capture's clock resolves.
    this.#instant.write(batch.seconds[frameRow], batch.nanoseconds[frameRow], 6, out);
    this.#senders.write(table, row, out);
    const keyAt = out.length;
    this.#keys.write(table, row, out);
    out.octet(SLASH);
    out.decimal(table.sn[row]);
    while (out.length < keyAt + KEY_COLUMNS) out.octet(BLANK);
    out.octets(this.#verdict(table, row));
    if (isShown) {
      const { length, sduType } = { length: table.length[row], sduType: innerType(table, row) };
      this.#sdu.look(table.bodyBytes(row), table.bodyAt(row), length, sduType, reassembled);
      this.#sdu.writeText(out);
      const remark = this.#maker.remark(table, row);
      if (remark !== '') out.text(remark);
    } else out.utf8(printable(this.#maker.withheld(table, row)));
    out.octet(LINE_FEED);
  }

  #keyText(table: MessageTable, row: number): string {
    const epoch = table.epoch[row];
    const key = epoch === NONE ? `i${table.pgkIndex[row]}` : this.#epochs.epoch(epoch).id;
    return `${key}/${table.ptkId[row]}`;
  }

  #verdict(table: MessageTable, row: number): Uint8Array {
    const evidence = Math.floor(table.evidence[row] / 10);
    const number = (evidence << 3) | table.verdict[row];
    const known = this.#verdicts.get(number);
    if (known !== undefined) return known;
    const name = table.verdictName(row);
    const { sign, colour } = VERDICT_SIGNS[name];
    const text = this.#paint(colour, `${sign} ${fitted(name, VERDICT_COLUMNS)} ${String(evidence).padStart(3)}`);
    const made = utf8Octets(`  ${text}  `);
    this.#verdicts.set(number, made);
    return made;
  }
}

function senderText(
  table: MessageTable,
  row: number,
  group: Group | null,
  name: string | null,
  columns: number,
): string {
  const groupName = group === null ? groupText(table, row, group) : group.name;
  const source = name ?? layer2Text(table.source[row]);
  const lcid = String(table.lcid[row]).padStart(2);
  return `  ${fitted(groupName, columns)}  ${fitted(source, columns)}  ${lcid}  `;
}
