// Blocks of records to and from lists of objects, for tests.

import type { NumberedBlock, RecordBlock } from '../../daemon/relay/record-block.ts';
import { RecordBlockWriter } from '../../daemon/relay/record-block-writer.ts';
import type { EngineRecord, RelayRecord } from '../../daemon/relay/relay-record.ts';

const writer = new RecordBlockWriter();

/** Records as a block. */
export function blockOf(records: readonly EngineRecord[]): RecordBlock {
  for (const record of records) writer.record(record);
  return writer.take();
}

/** Records that have their numbers, which rise by one. */
export function numbered(records: readonly RelayRecord[]): NumberedBlock {
  return { first: records[0]?.seq ?? 1, block: blockOf(records) };
}

/** The records of a block with their numbers. */
export function recordsIn(block: RecordBlock, first = 1): RelayRecord[] {
  return Array.from({ length: block.count }, (_, row) => block.record(row, first + row));
}

/** The records of a block as the engine gave them. */
export function engineRecordsIn(block: RecordBlock): EngineRecord[] {
  return recordsIn(block).map(({ seq: _seq, ...record }) => record);
}
