// Templates derived from a model, held against documents that are written from the tree: for every bit of the octets, for
// many at once, and for judgements of every kind, the model either says that it does not fit or gives the same octets.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AsciiWriter } from '../../dissectors/ascii-writer.ts';
import { EkModel, ToldValues } from '../../dissectors/ek-model.ts';
import type { SlotValues } from '../../dissectors/ek-template.ts';
import { EkTrace } from '../../dissectors/ek-trace.ts';
import { judgedProtocol } from '../../dissectors/judged-fields.ts';
import {
  flipped,
  HEAD,
  KINDS,
  type Kind,
  ofAnother,
  slow,
  type Told,
  valuesOf,
  write,
  writeTold,
} from './ek-messages.ts';

const fields = judgedProtocol.fields;
const out = new AsciiWriter();

const judgement: Told = [
  [fields.verdict, 'decrypted'],
  [fields.group, 0x10006d],
  [fields.groupName, 'Bulk 1'],
  [fields.sourceName, 'Radio 1.1'],
  [fields.passed, 'one'],
  [fields.passed, 'another'],
  [fields.tried, 'PGK 33'],
];

const other: Told = [
  [fields.verdict, 'decrypted'],
  [fields.group, 0x1],
  [fields.groupName, 'Wache "Süd"'],
  [fields.sourceName, ''],
  [fields.passed, 'one'],
  [fields.passed, 'yet another'],
  [fields.tried, 'PGK 9'],
];

function modelOf(kind: Kind): EkModel {
  const trace = new EkTrace();
  write(kind, kind.sources, valuesOf(9, 1), trace, judgement);
  const document = trace.finish();
  const model = document === null ? null : EkModel.of(document, HEAD.length, kind.sources);
  if (model === null) throw new Error(`there is no model of ${kind.name}`);
  return model;
}

/** @returns whether the model fits; where it does, the text of what is derived is the same */
function compare(
  kind: Kind,
  model: EkModel,
  sources: readonly Uint8Array[],
  values: SlotValues,
  told: Told = judgement,
): boolean {
  const list = new ToldValues();
  writeTold(values, told, list);
  const template = model.derive(sources, list);
  if (template === null) return false;
  expect(template.fits(sources)).toBe(true);
  template.write(sources, values, out);
  expect(Buffer.from(out.take()).toString('utf8')).toBe(
    Buffer.from(slow(kind, sources, values, told), 'latin1').toString('utf8'),
  );
  return true;
}

describe.each(KINDS.map((kind) => [kind.name, kind] as const))('%s', (_name, kind) => {
  const bits = 8 * kind.sources.reduce((sum, { length }) => sum + length, 0);

  test('every bit', () => {
    const model = modelOf(kind);
    expect(compare(kind, model, kind.sources, valuesOf(1, 0))).toBe(true);
    const fitting: number[] = [];
    for (let bit = 0; bit < bits; bit++) {
      if (compare(kind, model, flipped(kind.sources, [bit]), valuesOf(bit * bit, bit * 99_991))) fitting.push(bit);
    }
    // Numbers, ciphertext and the two Layer-2 ids may change; headers may not.
    expect(fitting.length).toBeGreaterThan(60);
    expect(fitting.length).toBeLessThan(bits - 80);
  });

  test('many bits at once, another judgement', () => {
    const model = modelOf(kind);
    fc.assert(
      fc.property(
        fc.array(fc.nat(bits - 1), { maxLength: 6 }),
        fc.nat(2_000_000),
        fc.nat(0xffff_ffff),
        fc.boolean(),
        (changed, frame, counter, isOther) => {
          const told = isOther ? other : judgement;
          compare(kind, model, flipped(kind.sources, changed), valuesOf(frame, counter), told);
        },
      ),
    );
  });

  test('another judgement', () => {
    const model = modelOf(kind);
    expect(compare(kind, model, kind.sources, valuesOf(3, 4), other)).toBe(true);
    // What was derived before is no longer in the way.
    expect(compare(kind, model, kind.sources, valuesOf(3, 4))).toBe(true);
    expect(compare(kind, model, kind.sources, valuesOf(3, 4), other.slice(0, -1))).toBe(false);
    expect(compare(kind, model, kind.sources, valuesOf(3, 4), [...other, [fields.tried, 'PGK 34']])).toBe(false);
  });

  test('another length does not fit', () => {
    const shorter = kind.sources.map((bytes) => bytes.subarray(0, -1));
    expect(compare(kind, modelOf(kind), shorter, valuesOf(1, 1))).toBe(false);
  });
});

test('another sender in another group', () => {
  const model = modelOf(KINDS[0]);
  const id = fc.integer({ min: 1, max: 0xffff }).map((high) => high << 8);
  const address = fc.uint8Array({ minLength: 4, maxLength: 4 });
  fc.assert(
    fc.property(id, id, address, address, fc.nat(0xffff_ffff), (source, destination, from, to, ssrc) => {
      const sources = ofAnother({ source, destination }, { source: from, destination: to }, ssrc);
      expect(compare(KINDS[0], model, sources, valuesOf(5, 6), other)).toBe(true);
    }),
  );
});
