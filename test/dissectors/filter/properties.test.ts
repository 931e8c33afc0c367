// Random filters: printed and parsed again they are the same; compiled they decide as the slow twin does.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FieldCollector } from '../../../dissectors/field-collector.ts';
import { findField } from '../../../dissectors/fields.ts';
import type { FilterNode } from '../../../dissectors/filter/ast.ts';
import { compileFilter } from '../../../dissectors/filter/compile.ts';
import { FilterError } from '../../../dissectors/filter/filter-error.ts';
import { parseFilter } from '../../../dissectors/filter/parse.ts';
import { interpretFilter, type PlainFrame } from '../../reference/filter-interpreter.ts';
import { printFilter } from '../../reference/filter-print.ts';
import { FILTERS, FRAMES } from './arbitrary-filter.ts';
import { fill } from './collected.ts';

/** The tree without positions. */
function withoutPositions(node: FilterNode | null): unknown {
  return JSON.parse(JSON.stringify(node, (key, value: unknown) => (key === 'at' ? undefined : value)));
}

/** Compiles, or gives null for a range that ends before it begins. */
function compiledOrNull(text: string) {
  try {
    return compileFilter(text);
  } catch (error) {
    if (error instanceof FilterError && error.message === 'the range ends before it begins') return null;
    throw error;
  }
}

function plainFrame(fields: Record<string, unknown[]>): PlainFrame {
  return new Map(
    Object.entries(fields).map(([name, values]) => {
      const field = findField(name)!.fields[0];
      const names = field.type === 'text' ? [...(field.values?.values() ?? [])] : [];
      return [name, { type: field.type, values: values as never, names }];
    }),
  );
}

describe('random filters', () => {
  test('printed in any spelling and parsed again, a tree is the same', () => {
    fc.assert(
      fc.property(FILTERS, fc.infiniteStream(fc.nat(5)), (tree, choices) => {
        const text = printFilter(tree, (spellings) => spellings[(choices.next().value ?? 0) % spellings.length]);
        expect(withoutPositions(parseFilter(text))).toEqual(withoutPositions(tree));
      }),
      { numRuns: 500 },
    );
  });

  test('the compiled predicate decides as the interpreter does', () => {
    let passed = 0;
    let judged = 0;
    fc.assert(
      fc.property(FILTERS, fc.array(FRAMES, { minLength: 1, maxLength: 4 }), (tree, frames) => {
        const compiled = compiledOrNull(printFilter(tree));
        if (compiled === null) return;
        const collector = new FieldCollector(compiled.wanted);
        for (const frame of frames) {
          fill(collector, { fields: frame });
          const decision = compiled.test(collector);
          expect(decision).toBe(interpretFilter(tree, plainFrame(frame)));
          judged++;
          if (decision) passed++;
        }
      }),
      { numRuns: 1000 },
    );
    // The property would say nothing if nearly all filters gave the same answer.
    expect(passed).toBeGreaterThan(judged / 10);
    expect(passed).toBeLessThan((judged * 9) / 10);
  });

  test('any text at all either compiles or gives a FilterError with a column inside it', () => {
    const token = fc.constantFrom(
      ...'( ) ! not and or == != < in { } , .. [ ] : - "a" " \\ frame.number ip.src 5 10.0.0.1/8 rtp matches any all r" 😀'.split(
        ' ',
      ),
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.array(token, { maxLength: 12 }).map((parts) => parts.join(' ')),
    );
    fc.assert(
      fc.property(text, (filter) => {
        try {
          compileFilter(filter);
        } catch (error) {
          expect(error).toBeInstanceOf(FilterError);
          const { column, message } = error as FilterError;
          expect(column).toBeGreaterThanOrEqual(1);
          expect(column).toBeLessThanOrEqual([...filter].length + 1);
          expect(message).not.toBe('');
        }
      }),
      { numRuns: 2000 },
    );
  });
});
