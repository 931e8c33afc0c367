// The fields that a record has, for display filters and columns: a record is not a frame, so most fields that `read` knows
// are not there, and a filter that names one of those is refused instead of never being true.

import type { CollectedFields } from '../../dissectors/field-collector.ts';
import { findField, findProtocol } from '../../dissectors/fields.ts';
import type { FilterNode, OperandNode } from '../../dissectors/filter/ast.ts';
import { type CompiledFilter, compileFilter } from '../../dissectors/filter/compile.ts';
import { columnOf, FilterError } from '../../dissectors/filter/filter-error.ts';
import { parseTime } from '../../dissectors/filter/literals.ts';
import { nearestNames } from '../../dissectors/filter/nearest.ts';
import { parseFilter } from '../../dissectors/filter/parse.ts';
import type { Field, FieldValue, Protocol } from '../../dissectors/layer.ts';
import type { SduTypeName } from '../events.ts';
import type { RelayedEvent } from './relay-record.ts';

// The specification says: SDU types (TS 36.323 Table 6.3.14.1); reserved ones begin at 4.
const SDU_TYPES: readonly SduTypeName[] = ['ip', 'arp', 'pc5-s', 'non-ip', 'reserved'];

type Values = readonly FieldValue[];

const NOTHING: Values = [];

function one(value: FieldValue | null | undefined): Values {
  return value === null || value === undefined ? NOTHING : [value];
}

/** A Layer-2 id as filters compare it: a number, or the text `f000??`. */
function layer2(id: string | null | undefined): Values {
  if (id === null || id === undefined) return NOTHING;
  return [id.endsWith('??') ? id : Number.parseInt(id, 16)];
}

function framesOf(event: RelayedEvent): Values {
  switch (event.type) {
    case 'message':
    case 'key':
      return [event.frame];
    case 'finding':
      return event.frames;
    case 'epoch':
      return NOTHING;
  }
}

function timeOf(event: RelayedEvent): Values {
  return event.type === 'epoch' ? NOTHING : one(parseTime(event.time));
}

/** By name: what a record says of a field. */
const FIELDS: Readonly<Record<string, (event: RelayedEvent) => Values>> = {
  'frame.number': framesOf,
  'frame.time': timeOf,
  'frame.time_epoch': timeOf,
  'frame.protocols': (event) => (event.type === 'message' ? [event.protocols.join(':')] : NOTHING),
  'mac-lte.slsch.src-l2-id': (event) => ('source' in event ? layer2(event.source) : NOTHING),
  'mac-lte.slsch.dst-l2-id': (event) => layer2(event.group),
  'mac-lte.slsch.lcid': (event) => (event.type === 'message' ? [event.lcid] : NOTHING),
  'slrb.sdu-type': (event) => (event.type === 'message' ? [SDU_TYPES.indexOf(event.sduType)] : NOTHING),
  'slrb.pgk-index': (event) => (event.type === 'message' ? [event.pgkIndex] : NOTHING),
  'slrb.ptk-id': (event) => (event.type === 'message' ? [event.ptkId] : NOTHING),
  'slrb.sn': (event) => (event.type === 'message' ? [event.sn] : NOTHING),
  'slrb.pgk-id': (event) => one(event.pgkId),
  'slrb.verdict': (event) => (event.type === 'message' ? [event.verdict] : NOTHING),
  'slrb.evidence-bits': (event) => (event.type === 'message' ? [event.evidenceBits] : NOTHING),
  'slrb.group': (event) => layer2(event.group),
  'slrb.group-name': (event) => ('groupName' in event ? one(event.groupName) : NOTHING),
  'slrb.source-name': (event) => ('sourceName' in event ? one(event.sourceName) : NOTHING),
  'slrb.length': (event) => (event.type === 'message' ? [event.length] : NOTHING),
  'slrb.segment-frame': (event) => (event.type === 'message' ? (event.frames ?? NOTHING) : NOTHING),
  'slrb.key-state': (event) => (event.type === 'epoch' ? [event.state] : NOTHING),
  'finding.name': (event) => (event.type === 'finding' ? [event.name] : NOTHING),
  'finding.severity': (event) => (event.type === 'finding' ? [event.severity] : NOTHING),
  'finding.confidence': (event) => (event.type === 'finding' ? [event.confidence] : NOTHING),
};

/** Names of the fields that records have. */
export const RECORD_FIELD_NAMES: readonly string[] = Object.keys(FIELDS);

/** One record at a time as filters and columns read it. */
export class RecordFields implements CollectedFields {
  #event: RelayedEvent | null = null;

  /** Turns to a record. */
  read(event: RelayedEvent): this {
    this.#event = event;
    return this;
  }

  count(field: Field): number {
    return this.#values(field).length;
  }

  value(field: Field, index: number): FieldValue {
    return this.#values(field)[index] ?? '';
  }

  layers(protocol: Protocol): number {
    const event = this.#event;
    return event?.type === 'message' && event.protocols.includes(protocol.name) ? 1 : 0;
  }

  octets(): Uint8Array {
    return new Uint8Array(0);
  }

  #values(field: Field): Values {
    return this.#event === null ? NOTHING : (FIELDS[field.name]?.(this.#event) ?? NOTHING);
  }
}

/** A filter over records. */
export interface RecordFilter {
  readonly text: string;
  test(event: RelayedEvent): boolean;
}

/**
 * Compiles a display filter over records.
 *
 * @throws FilterError with column and hint; also for fields that frames have and records have not
 */
export function compileRecordFilter(text: string): RecordFilter {
  const filter: CompiledFilter = compileFilter(text);
  const tree = parseFilter(text);
  if (tree !== null) checkNode(text, tree);
  const fields = new RecordFields();
  return { text, test: (event) => filter.test(fields.read(event)) };
}

/** Checks the names of columns (`-e`). @throws FilterError */
export function checkRecordFields(names: readonly string[]): void {
  for (const name of names) {
    if (findField(name) !== null && FIELDS[name] === undefined) throw notInRecords(name, name, 0);
  }
}

function checkNode(text: string, node: FilterNode): void {
  switch (node.kind) {
    case 'and':
    case 'or':
    case 'xor':
      for (const operand of node.operands) checkNode(text, operand);
      return;
    case 'not':
      checkNode(text, node.operand);
      return;
    case 'present':
      if (node.operand.kind === 'word' && node.operand.slices.length > 0) checkValue(text, node.operand);
      else checkName(text, node.operand);
      return;
    case 'in':
      checkValue(text, node.left);
      return;
    case 'relation':
      checkValue(text, node.left);
      // A word on the right is a field only where it has the form of one; `arp` there is a value.
      if (node.right.kind === 'word' && node.right.text.includes('.')) checkName(text, node.right);
  }
}

/** What is compared must have values: a record keeps no octets of layers. */
function checkValue(text: string, operand: OperandNode): void {
  if (operand.kind === 'word' && findField(operand.text) === null && findProtocol(operand.text) !== null) {
    throw new FilterError(
      'filter.unknown-field',
      columnOf(text, operand.at),
      `a record holds no octets of ${operand.text}`,
      'ask for its presence, or look into frames with `sidescope read`',
    );
  }
  checkName(text, operand);
}

function checkName(text: string, operand: OperandNode): void {
  if (operand.kind !== 'word' || findField(operand.text) === null || FIELDS[operand.text] !== undefined) return;
  throw notInRecords(text, operand.text, operand.at);
}

function notInRecords(text: string, name: string, at: number): FilterError {
  const near = nearestNames(name, RECORD_FIELD_NAMES);
  return new FilterError(
    'filter.unknown-field',
    columnOf(text, at),
    `frames have ${name}, records have not`,
    near.length > 0 ? `did you mean ${near.join(' or ')}?` : `records have ${RECORD_FIELD_NAMES.join(', ')}`,
  );
}
