// Fields of a plain frame (mac-lte-framed SL-SCH, nothing wrong with it) read from the columns of batch and walk when somebody
// asks for them, and from the few octets that no column has: nothing is collected, no layer is walked twice.

import type { FrameBatch } from '../../captures/frame-batch.ts';
import type { CollectedFields } from '../../dissectors/field-collector.ts';
import { frameProtocol } from '../../dissectors/frame-fields.ts';
import type { Field, FieldValue } from '../../dissectors/layer.ts';
import {
  PDCP_HEADER_OCTETS,
  PDCP_SLRB,
  slrbPgkIndex,
  slrbPtkId,
  slrbSduType,
  slrbSn,
} from '../../dissectors/sidelink/pdcp-slrb.ts';
import { SL_SCH } from '../../dissectors/sidelink/sl-sch.ts';
import { subheaderCount, subheaderLcid } from '../../dissectors/sidelink/sl-sch-header.ts';
import { ElementFlag, type WalkTable } from '../../dissectors/walk-table.ts';
import type { AnalysedFrame } from './analysed-frame.ts';

/** The specification says: SL-SCH with a destination of 24 bits (TS 36.321 6.2.4). */
const VERSION_WHOLE = 3;

/** Any PDCP header: see `begin`. No octet has this number, nor the one in front of the first. */
export const ALL_HEADERS = -2;

const Source = {
  none: 0,
  number: 1,
  time: 2,
  length: 3,
  captured: 4,
  interfaceId: 5,
  linkType: 6,
  version: 7,
  source: 8,
  destination: 9,
  destinationHigh: 10,
  lcid: 11,
  sduType: 12,
  pgkIndex: 13,
  ptkId: 14,
  sn: 15,
} as const;

const FIRST_OF_MAC = Source.version;
const FIRST_OF_PDCP = Source.sduType;

const frame = frameProtocol.fields;
const mac = SL_SCH.fields;
const pdcp = PDCP_SLRB.fields;

const SOURCES: ReadonlyMap<Field, number> = new Map([
  [frame.number, Source.number],
  [frame.time, Source.time],
  [frame.timeEpoch, Source.time],
  [frame.length, Source.length],
  [frame.captured, Source.captured],
  [frame.interfaceId, Source.interfaceId],
  [frame.linkType, Source.linkType],
  [mac.version, Source.version],
  [mac.source, Source.source],
  [mac.destination, Source.destination],
  [mac.destinationHigh, Source.destinationHigh],
  [mac.lcid, Source.lcid],
  [pdcp.sduType, Source.sduType],
  [pdcp.pgkIndex, Source.pgkIndex],
  [pdcp.ptkId, Source.ptkId],
  [pdcp.sn, Source.sn],
]);

/** By field id. */
const SOURCE_OF_FIELD = new Uint8Array(Math.max(...[...SOURCES.keys()].map(({ id }) => id)) + 1);
for (const [field, source] of SOURCES) SOURCE_OF_FIELD[field.id] = source;

/** Whether a field can be read here. */
export function isColumnField(field: Field): boolean {
  return SOURCES.has(field);
}

/** Whether such a field lies between link layer and PDCP. */
export function isCapturedColumn(field: Field): boolean {
  return (SOURCES.get(field) ?? Source.none) >= FIRST_OF_MAC;
}

const NO_OCTETS = new Uint8Array(0);

/** The fields of one frame after the other: `begin`, then ask. Everything that cannot be read here is absent. */
export class ColumnFields implements CollectedFields {
  #batch: FrameBatch | null = null;
  #walk: WalkTable | null = null;
  #row = 0;
  #onlyAt = ALL_HEADERS;

  /** @param onlyAt octet of the batch at which the one PDCP header that is wanted stands, or `ALL_HEADERS` */
  begin(analysed: AnalysedFrame, onlyAt: number): void {
    this.#batch = analysed.batch;
    this.#walk = analysed.walk;
    this.#row = analysed.row;
    this.#onlyAt = onlyAt;
  }

  count(field: Field): number {
    const source = SOURCE_OF_FIELD[field.id] as number | undefined;
    if (source === undefined || source === Source.none) return 0;
    if (source < FIRST_OF_MAC) return 1;
    const { frames } = this.#walk as WalkTable;
    if (source >= FIRST_OF_PDCP) return this.#headers(-1);
    if (source === Source.destination) return frames.version[this.#row] === VERSION_WHOLE ? 1 : 0;
    if (source === Source.destinationHigh) return frames.version[this.#row] === VERSION_WHOLE ? 0 : 1;
    return source === Source.lcid
      ? subheaderCount((this.#batch as FrameBatch).bytes, frames.pduAt[this.#row], frames.version[this.#row])
      : 1;
  }

  value(field: Field, index: number): FieldValue {
    const batch = this.#batch as FrameBatch;
    const { frames } = this.#walk as WalkTable;
    const row = this.#row;
    switch (SOURCE_OF_FIELD[field.id]) {
      case Source.number:
        return batch.firstFrame + row;
      case Source.time:
        return BigInt(batch.seconds[row]) * 1_000_000_000n + BigInt(batch.nanoseconds[row]);
      case Source.length:
        return Math.max(batch.original[row], batch.captured[row]);
      case Source.captured:
        return batch.captured[row];
      case Source.interfaceId:
        return batch.interfaceId[row];
      case Source.linkType:
        return batch.linkType[row];
      case Source.version:
        return frames.version[row];
      case Source.source:
        return frames.source[row];
      case Source.destination:
        return frames.destination[row];
      case Source.destinationHigh:
        return frames.destination[row] >>> 8;
      case Source.lcid:
        return subheaderLcid(batch.bytes, frames.pduAt[row], frames.version[row], index);
      case Source.sduType:
        return slrbSduType(batch.bytes, this.#headers(index));
      case Source.pgkIndex:
        return slrbPgkIndex(batch.bytes, this.#headers(index));
      case Source.ptkId:
        return slrbPtkId(batch.bytes, this.#headers(index));
      case Source.sn:
        return slrbSn(batch.bytes, this.#headers(index));
      default:
        return '';
    }
  }

  layers(): number {
    return 0;
  }

  octets(): Uint8Array {
    return NO_OCTETS;
  }

  /** Octet at which a PDCP header stands; for an index that is none, e.g. -1: how many there are. */
  #headers(index: number): number {
    const { frames, elements } = this.#walk as WalkTable;
    const first = frames.firstElement[this.#row];
    const end = first + frames.elementCount[this.#row];
    let count = 0;
    for (let element = first; element < end; element++) {
      const at = elements.at[element];
      if ((elements.flags[element] & ElementFlag.starts) === 0 || elements.available[element] < PDCP_HEADER_OCTETS) {
        continue;
      }
      if (this.#onlyAt !== ALL_HEADERS && at !== this.#onlyAt) continue;
      if (count === index) return at;
      count++;
    }
    return count;
  }
}
