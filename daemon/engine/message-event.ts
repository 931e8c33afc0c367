// The `message` record of interfaces 3 from a row of the message table. Made only for messages that leave the engine.

import type { FrameBatch } from '../../captures/frame-batch.ts';
import { describeSdu } from '../../dissectors/sdu.ts';
import type { MessageEvent, SduTypeName } from '../events.ts';
import { endAt, epochStateAt } from '../keyring/epoch-state.ts';
import type { KeyIndex } from '../keyring/key-index.ts';
import type { Group, PgkEpoch } from '../keyring/keyring.ts';
import { memberName } from '../keyring/member-name.ts';
import { formatDuration, formatInstant } from '../time.ts';
import { MessageFlag, type MessageTable, NONE, VerdictCode } from './message-table.ts';

const SDU_TYPES: readonly SduTypeName[] = ['ip', 'arp', 'pc5-s', 'non-ip'];
const VERSION_WHOLE = 3;

// Protocols down to PDCP, by how the frame was framed: version 0 came without MAC.
const BELOW_MAC = ['mac-lte', 'sl-sch', 'rlc-um', 'pdcp-slrb'] as const;
const BELOW_RLC = ['pdcp-slrb'] as const;

const HEX = Array.from({ length: 256 }, (_, octet) => octet.toString(16).padStart(2, '0'));

/** A Layer-2 id as 6 hex digits. */
export function layer2Text(id: number): string {
  return HEX[(id >>> 16) & 255] + HEX[(id >>> 8) & 255] + HEX[id & 255];
}

/** Finds a key by the serial that a row has. */
export type EpochLookup = Pick<KeyIndex, 'epoch'>;

/** Options of what leaves. */
export interface MessageEventOptions {
  /** Puts the deciphered SDU into the record where the verdict lets plaintext out. */
  readonly payload: boolean;
}

/** Makes message records from rows. */
export class MessageEventMaker {
  readonly #groups: readonly Group[];
  readonly #index: EpochLookup;
  readonly #payload: boolean;

  constructor(groups: readonly Group[], index: EpochLookup, options: MessageEventOptions) {
    this.#groups = groups;
    this.#index = index;
    this.#payload = options.payload;
  }

  /**
   * The record of a judged row.
   *
   * @param reassembled payload of the IP datagram that the SDU, a fragment, completed; null for every other SDU
   */
  make(table: MessageTable, row: number, reassembled: Uint8Array | null = null): MessageEvent {
    const group = this.#group(table, row);
    const source = table.source[row];
    const sourceName = group === null ? null : memberName(group, source, table.time[row]);
    const shown = (table.flags[row] & MessageFlag.plaintextShown) !== 0;
    const inner = shown
      ? describeSdu(table.bodyBytes(row), table.bodyAt(row), table.length[row], innerType(table, row), reassembled)
      : null;
    const outer = outerProtocols(table, row);
    const batch = table.batch as FrameBatch;
    const frameRow = table.frameRow[row];
    return {
      v: 1,
      type: 'message',
      frame: table.frame[row],
      ...(table.framesCount[row] > 1 ? { frames: table.framesOf(row) } : {}),
      time: formatInstant(batch.seconds[frameRow], batch.nanoseconds[frameRow], batch.digits[frameRow]),
      group: groupText(table, row, group),
      ...(group !== null ? { groupName: group.name } : {}),
      source: layer2Text(source),
      ...(sourceName !== null ? { sourceName } : {}),
      lcid: table.lcid[row],
      sduType: sduTypeName(table, row),
      pgkIndex: table.pgkIndex[row],
      pgkId: table.epoch[row] === NONE ? null : this.#index.epoch(table.epoch[row]).id,
      ptkId: table.ptkId[row],
      sn: table.sn[row],
      length: table.length[row],
      verdict: table.verdictName(row),
      evidenceBits: Math.floor(table.evidence[row] / 10),
      protocols: inner === null ? outer : [...outer, ...inner.protocols],
      summary: inner === null ? this.withheld(table, row) : inner.summary + this.remark(table, row),
      ...((table.flags[row] & MessageFlag.trialLimited) !== 0 ? { trial: 'limited' as const } : {}),
      ...(this.#payload && shown ? { payload: this.#payloadHex(table, row) } : {}),
    };
  }

  #group(table: MessageTable, row: number): Group | null {
    return table.group[row] === NONE ? null : this.#groups[table.group[row]];
  }

  #payloadHex(table: MessageTable, row: number): string {
    const at = table.bodyAt(row);
    const bytes = table.bodyBytes(row);
    return Buffer.from(bytes.buffer, bytes.byteOffset + at, table.length[row]).toString('hex');
  }

  /** What stands behind the summary of plaintext that is shown; empty where there is nothing to say. */
  remark(table: MessageTable, row: number): string {
    if (table.verdict[row] === VerdictCode.stale) return ` (${this.#staleText(table, row)})`;
    return (table.flags[row] & MessageFlag.claimedButPlain) === 0 ? '' : ' (header claims ciphering)';
  }

  /** Why the plaintext is not there. */
  withheld(table: MessageTable, row: number): string {
    const index = table.pgkIndex[row];
    const forbidden = this.#forbiddenText(table, row);
    if (forbidden !== null) return forbidden;
    switch (table.verdict[row]) {
      case VerdictCode.stale:
        return this.#staleText(table, row);
      case VerdictCode.noKey:
        if (table.version[row] === 0) return 'the framing carries no Layer-2 ids, so no key can be derived';
        if (table.group[row] === NONE && (table.flags[row] & MessageFlag.indexHeld) === 0) {
          return `PGK index ${index}; no key is held for this group`;
        }
        return (table.flags[row] & MessageFlag.indexHeld) !== 0
          ? `opens under no key held; PGK index ${index} is held, but nothing of this context ever opened`
          : this.#notHeldText(table, row);
      case VerdictCode.forged:
        return `opens under no key held, though this context opened before under PGK ${this.#epoch(table, row)?.id}`;
      case VerdictCode.damaged:
        return 'cut by the snap length; its headers are there';
      default:
        return table.epoch[row] === NONE
          ? `${table.length[row]} octets; several keys of index ${index} fit, too little to tell which`
          : `${table.length[row]} octets under PGK ${this.#epoch(table, row)?.id}; too little to be sure`;
    }
  }

  /** Plaintext that its verdict lets out, and the wall clock does not. */
  #forbiddenText(table: MessageTable, row: number): string | null {
    const epoch = this.#epoch(table, row);
    if (epoch === null || epoch.forbidden === null) return null;
    const verdict = table.verdict[row];
    if (verdict !== VerdictCode.decrypted && verdict !== VerdictCode.unverifiable) return null;
    return `${table.length[row]} octets under PGK ${epoch.id}, which is ${epoch.forbidden} today`;
  }

  /** No PGK of this index is held; one that is known may be destroyed, or left out by a vault. */
  #notHeldText(table: MessageTable, row: number): string {
    const index = table.pgkIndex[row];
    const keys = (this.#group(table, row)?.keys ?? []).filter((key) => key.index5 === index);
    const known = keys.find((key) => key.destroyedAt === null) ?? keys.at(0);
    if (known === undefined) return `no PGK with index ${index} is held for this group`;
    const why = known.destroyedAt === null ? 'not used, because it is not active today' : 'destroyed';
    return `PGK ${known.id}, which has index ${index}, is ${why}`;
  }

  #epoch(table: MessageTable, row: number): PgkEpoch | null {
    return table.epoch[row] === NONE ? null : this.#index.epoch(table.epoch[row]);
  }

  #staleText(table: MessageTable, row: number): string {
    const epoch = this.#epoch(table, row);
    if (epoch === null) return 'under a key that was not valid';
    const time = table.time[row];
    const state = epochStateAt(epoch, time);
    const since =
      state === 'expired'
        ? `${formatDuration(time - endAt(epoch, time))} past its end`
        : state === 'staged'
          ? `${formatDuration(epoch.notBefore - time)} before its start`
          : state;
    return `PGK ${epoch.id}, ${since}`;
  }
}

/** The destination of a message as interfaces 3 writes it. */
export function groupText(table: MessageTable, row: number, group: Group | null): string {
  return group === null ? destinationText(table.destination[row], table.version[row]) : group.idText;
}

/** A destination that is no group of the keyring: versions other than 3 say its 16 high bits only. */
export function destinationText(destination: number, version: number): string {
  if (version === VERSION_WHOLE) return layer2Text(destination);
  return version === 0 ? '??????' : `${layer2Text(destination).slice(0, 4)}??`;
}

/** Names of the layers down to PDCP, outermost first: one of two arrays. */
export function outerProtocols(table: MessageTable, row: number): readonly string[] {
  return table.version[row] === 0 ? BELOW_RLC : BELOW_MAC;
}

/** Name of the SDU type that the PDCP header says. */
export function sduTypeName(table: MessageTable, row: number): SduTypeName {
  return SDU_TYPES[table.sduType[row]] ?? 'reserved';
}

/** SDU type of the body as it really is (finding payload.sdu_type). */
export function innerType(table: MessageTable, row: number): number {
  const type = table.sduType[row];
  return (table.flags[row] & MessageFlag.wrongSduType) !== 0 ? type ^ 1 : type;
}
