// `-T fields`, and the chosen fields of `-T json -e` and `-T ek -e`: a line, or a document, for each frame.

import type { AnalysedFrame } from '../../daemon/engine/analysed-frame.ts';
import { FrameReader } from '../../daemon/engine/frame-reader.ts';
import { joinWanted } from '../../dissectors/field-collector.ts';
import type { FieldRows } from '../../dissectors/field-rows.ts';
import type { CompiledFilter } from '../../dissectors/filter/compile.ts';
import { chosenEk, chosenJson } from '../../dissectors/tree-json.ts';
import { flushFullOutput, standardOutput, writeOutput } from '../stdout.ts';
import { arrayOutput } from './documents.ts';
import type { Output } from './output.ts';

/** `-T fields`. */
export function fieldsOutput(rows: FieldRows, filter: CompiledFilter | null): Output {
  const header = rows.header();
  const write = (_frame: AnalysedFrame, reader: FrameReader): void => {
    rows.writeRow(reader.values, standardOutput);
    flushFullOutput();
  };
  return {
    ...reading(rows, filter, write),
    ...(header === null ? {} : { begin: () => writeOutput(`${header}\n`) }),
  };
}

/** `-T json -e`. */
export function chosenJsonOutput(rows: FieldRows, filter: CompiledFilter | null): Output {
  const { begin, print, end } = arrayOutput();
  const write = (frame: AnalysedFrame, reader: FrameReader): void => {
    print(chosenJson(timeOf(frame), rows.layers(reader.values)));
  };
  return { ...reading(rows, filter, write), begin, end };
}

/** `-T ek -e`. */
export function chosenEkOutput(rows: FieldRows, filter: CompiledFilter | null): Output {
  return reading(rows, filter, (frame, reader) => writeOutput(chosenEk(timeOf(frame), rows.layers(reader.values))));
}

/** Collects what columns and filter want in one go, and writes the frames that pass. */
function reading(
  rows: FieldRows,
  filter: CompiledFilter | null,
  write: (frame: AnalysedFrame, reader: FrameReader) => void,
): Output {
  const reader = new FrameReader(filter === null ? rows.wanted : joinWanted(rows.wanted, filter.wanted));
  return {
    explains: reader.explains,
    needsAnalysis: reader.needsAnalysis,
    listener: {
      frame: (frame) => {
        reader.read(frame);
        if (filter === null || filter.test(reader.values)) write(frame, reader);
      },
    },
  };
}

/** Nanoseconds since 1970. */
function timeOf(frame: AnalysedFrame): bigint {
  const { batch, row } = frame;
  return BigInt(batch.seconds[row]) * 1_000_000_000n + BigInt(batch.nanoseconds[row]);
}
