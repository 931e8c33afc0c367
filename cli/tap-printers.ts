// What `sidescope tap` prints of records, by `-T`.

import { ExitCode, SidescopeError } from '../daemon/errors.ts';
import type { Gap } from '../daemon/relay/protocol.ts';
import { checkRecordFields, RecordFields } from '../daemon/relay/record-fields.ts';
import type { AlarmRecord, RelayedEvent } from '../daemon/relay/relay-record.ts';
import { FieldRows, parseRowOptions } from '../dissectors/field-rows.ts';
import { FilterError } from '../dissectors/filter/filter-error.ts';
import { printable, printableJson } from '../dissectors/printable.ts';
import { fitted, painter } from './columns.ts';
import { writeOutput } from './stdout.ts';
import type { TapOptions } from './tap-options.ts';
import { keyLine, messageLine, NAME_COLUMNS, SEVERITY_COLOURS } from './text-lines.ts';

/** Prints what comes. Gaps and alarms are told on standard error too; programs that read records must see them in order. */
export interface TapPrinter {
  begin(): void;
  record(seq: number, record: RelayedEvent): void;
  gap(gap: Gap): void;
  alarm(alarm: AlarmRecord): void;
  end(): void;
}

const nothing = (): void => undefined;

/** The printer that the options ask for. @throws SidescopeError `filter.*` */
export function tapPrinter(options: TapOptions): TapPrinter {
  switch (options.type) {
    case 'text':
      return textTap();
    case 'ndjson':
      return ndjsonTap(options.seq === true);
    case 'json':
      return jsonTap(options.seq === true);
    case 'fields':
      return fieldsTap(options);
  }
}

function ndjsonTap(withSeq: boolean): TapPrinter {
  const print = (value: object): void => writeOutput(`${printableJson(value)}\n`);
  return {
    begin: nothing,
    record: (seq, record) => print(withSeq ? { ...record, seq } : record),
    gap: (gap) => print({ v: 1, type: 'gap', ...gap }),
    alarm: (alarm) => print({ v: 1, ...alarm }),
    end: nothing,
  };
}

function jsonTap(withSeq: boolean): TapPrinter {
  let separator = '\n';
  const print = (value: object): void => {
    writeOutput(`${separator}${printableJson(value)}`);
    separator = ',\n';
  };
  return {
    begin: () => writeOutput('['),
    record: (seq, record) => print(withSeq ? { ...record, seq } : record),
    gap: (gap) => print({ v: 1, type: 'gap', ...gap }),
    alarm: (alarm) => print({ v: 1, ...alarm }),
    end: () => writeOutput('\n]\n'),
  };
}

function fieldsTap(options: TapOptions): TapPrinter {
  const rows = usable(() => {
    checkRecordFields(options.column);
    return new FieldRows(options.column, parseRowOptions(options.columnOption));
  });
  const fields = new RecordFields();
  const header = rows.header();
  return {
    begin: () => (header === null ? undefined : writeOutput(`${header}\n`)),
    record: (_seq, record) => writeOutput(`${rows.row(fields.read(record))}\n`),
    gap: nothing,
    alarm: nothing,
    end: nothing,
  };
}

function usable<Value>(make: () => Value): Value {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    throw new SidescopeError(error.code, `-e: ${error.message}`, error.hint, ExitCode.usage, { cause: error });
  }
}

/** As `read` prints text; findings come as they are found, and epochs when they change. */
function textTap(): TapPrinter {
  const paint = painter();
  const line = (record: RelayedEvent): string => {
    switch (record.type) {
      case 'message':
        return messageLine(record, NAME_COLUMNS, paint);
      case 'key':
        return keyLine(record);
      case 'finding': {
        const { severity, name, group, source, count, frames, summary } = record;
        const head = paint(SEVERITY_COLOURS[severity], `finding  ${fitted(severity, 8)}  ${fitted(name, 22)}`);
        const times = count === 1 ? `frame ${frames[0]}` : `${count} times from frame ${frames[0]}`;
        return `${head}  ${fitted(group ?? '', 6)}  ${fitted(source ?? '', 6)}  ${printable(summary)} (${times})\n`;
      }
      case 'epoch': {
        const { group, groupName, pgkId, state, messages, sources } = record;
        const name = printable(groupName ?? group);
        return `epoch    ${name}  PGK ${pgkId} ${state}: ${messages} messages of ${sources} sources\n`;
      }
    }
  };
  return {
    begin: nothing,
    record: (_seq, record) => writeOutput(line(record)),
    gap: nothing,
    alarm: nothing,
    end: nothing,
  };
}
