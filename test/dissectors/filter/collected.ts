// Frames for filter tests, without decoders: field names and values go straight into a collector.

import { FieldCollector, type Wanted } from '../../../dissectors/field-collector.ts';
import { findField, findProtocol } from '../../../dissectors/fields.ts';
import { compileFilter } from '../../../dissectors/filter/compile.ts';
import { FilterError } from '../../../dissectors/filter/filter-error.ts';
import type { FieldValue } from '../../../dissectors/layer.ts';

/** What a frame holds: values by field name, and layers (protocol name, first octet) over its octets. */
export interface TestFrame {
  readonly fields?: Readonly<Record<string, FieldValue | readonly FieldValue[]>>;
  readonly layers?: Readonly<Record<string, number>>;
  readonly octets?: Uint8Array;
}

/** A collector that has seen the frame. */
export function collect(wanted: Wanted, frame: TestFrame): FieldCollector {
  const collector = new FieldCollector(wanted);
  fill(collector, frame);
  return collector;
}

/** Lets a collector see the frame. */
export function fill(collector: FieldCollector, frame: TestFrame): void {
  const octets = frame.octets ?? new Uint8Array(0);
  collector.reset(octets);
  for (const [name, at] of Object.entries(frame.layers ?? {})) {
    const entry = findProtocol(name);
    if (entry === null) throw new Error(`no protocol ${name}`);
    collector.begin(entry.protocols[0], at, octets.length - at);
    collector.end();
  }
  for (const [name, values] of Object.entries(frame.fields ?? {})) {
    const entry = findField(name);
    if (entry === null) throw new Error(`no field ${name}`);
    for (const value of Array.isArray(values) ? (values as readonly FieldValue[]) : [values as FieldValue]) {
      collector.add(entry.fields[0], 0, 0, value);
    }
  }
}

/** Whether a frame passes a filter. */
export function passes(filter: string, frame: TestFrame): boolean {
  const compiled = compileFilter(filter);
  return compiled.test(collect(compiled.wanted, frame));
}

/** The error that compiling a filter throws. */
export function filterError(filter: string): FilterError {
  try {
    compileFilter(filter);
  } catch (error) {
    if (error instanceof FilterError) return error;
    throw error;
  }
  throw new Error(`the filter is right: ${filter}`);
}
