// Documents of -T ek made again from a template, held against those that are written from the tree: for every bit of a frame
// that may change, and for many at once, the template either says that it does not fit or gives the same octets.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AsciiWriter } from '../../dissectors/ascii-writer.ts';
import { EkTemplate, type SlotValues } from '../../dissectors/ek-template.ts';
import { EkTrace } from '../../dissectors/ek-trace.ts';
import { describeFrame } from '../../dissectors/walk.ts';
import { flipped, HEAD, KINDS, type Kind, slow, valuesOf, write } from './ek-messages.ts';

const out = new AsciiWriter();

function templateOf(kind: Kind): EkTemplate {
  const trace = new EkTrace();
  write(kind, kind.sources, valuesOf(9, 1), trace);
  const document = trace.finish();
  const template = document === null ? null : EkTemplate.of(document, HEAD.length, kind.sources);
  if (template === null) throw new Error(`there is no template of ${kind.name}`);
  return template;
}

/** @returns whether the template fits; where it does, its text is the same */
function compare(kind: Kind, template: EkTemplate, sources: readonly Uint8Array[], values: SlotValues): boolean {
  if (!template.fits(sources)) return false;
  template.write(sources, values, out);
  const text = Buffer.from(out.take()).toString('latin1');
  expect(text).toBe(slow(kind, sources, values));
  return true;
}

describe.each(KINDS.map((kind) => [kind.name, kind] as const))('%s', (_name, kind) => {
  const bits = 8 * kind.sources.reduce((sum, { length }) => sum + length, 0);

  test('every bit', () => {
    const template = templateOf(kind);
    expect(compare(kind, template, kind.sources, valuesOf(1, 0))).toBe(true);
    let fitting = 0;
    for (let bit = 0; bit < bits; bit++) {
      if (compare(kind, template, flipped(kind.sources, [bit]), valuesOf(bit * bit, bit * 99_991))) fitting++;
      expect(compare(kind, template, kind.sources, valuesOf(bit, bit))).toBe(true);
    }
    // Numbers and ciphertext may change; headers may not.
    expect(fitting).toBeGreaterThan(20);
    expect(fitting).toBeLessThan(bits - 100);
  });

  test('many bits at once', () => {
    const template = templateOf(kind);
    const number = fc.oneof(fc.nat(2_000_000), fc.nat(Number.MAX_SAFE_INTEGER));
    fc.assert(
      fc.property(
        fc.array(fc.nat(bits - 1), { maxLength: 6 }),
        number,
        fc.nat(0xffff_ffff),
        (changed, frame, counter) => {
          compare(kind, template, flipped(kind.sources, changed), valuesOf(frame, counter));
        },
      ),
    );
  });

  test('another length does not fit', () => {
    const template = templateOf(kind);
    expect(template.fits(kind.sources.map((bytes) => bytes.subarray(0, -1)))).toBe(false);
  });
});

test('what was said to be wrong has no template', () => {
  const trace = new EkTrace();
  const cut = KINDS[0].sources[0].subarray(0, 16);
  describeFrame(cut, cut.length, 147, trace);
  expect(trace.finish()).toBeNull();
});
