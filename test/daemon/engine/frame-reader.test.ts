// The reader that looks only where a wanted field can be, held against the whole tree: same values for every field, alone
// and in company, in every frame of the samples, the made frames and the shared captures.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AnalysedFrame } from '../../../daemon/engine/analysed-frame.ts';
import { isColumnField } from '../../../daemon/engine/column-fields.ts';
import { FrameReader } from '../../../daemon/engine/frame-reader.ts';
import { writeAnalysedFrame } from '../../../daemon/engine/frame-tree.ts';
import { type CollectedFields, FieldCollector, type Wanted } from '../../../dissectors/field-collector.ts';
import { compileFilter } from '../../../dissectors/filter/compile.ts';
import { frameProtocol } from '../../../dissectors/frame-fields.ts';
import { encodeMacLteFramed } from '../../../dissectors/framing/mac-lte.ts';
import type { Field, FieldValue } from '../../../dissectors/layer.ts';
import { PROTOCOLS } from '../../../dissectors/protocols.ts';
import { encodePdcpSlrb } from '../../../dissectors/sidelink/pdcp-slrb.ts';
import { encodeRlcUm } from '../../../dissectors/sidelink/rlc-um.ts';
import { encodeSlSch } from '../../../dissectors/sidelink/sl-sch.ts';
import { ownCaptures, sharedCaptures, type TestCapture, visitFrames } from '../../analysed-frames.ts';
import { captureOf } from '../../every-field.ts';
import { NO_SHARED } from '../../shared-captures.ts';

const FIELDS: readonly Field[] = [...new Set(PROTOCOLS.flatMap((protocol) => Object.values(protocol.fields)))];

/** Groups of fields that are wanted together: each alone, protocols, and mixtures of what different ways find. */
const TOGETHER: readonly (readonly Field[])[] = [
  ...FIELDS.map((field) => [field]),
  ...PROTOCOLS.map((protocol) => Object.values(protocol.fields)),
  FIELDS.filter((field) => /^(frame\.(number|len)|mac-lte\.slsch\.(src|dst)|slrb\.)/.test(field.name)),
  FIELDS.filter((field) => /^(ip|udp|slrb\.sn)/.test(field.name)),
];

function valuesOf(collected: CollectedFields, fields: readonly Field[]): FieldValue[][] {
  return fields.map((field) =>
    Array.from({ length: collected.count(field) }, (_, index) => collected.value(field, index)),
  );
}

const whole: Wanted = { fields: FIELDS, layers: [], octets: [] };

async function compare(capture: TestCapture, together = TOGETHER): Promise<number> {
  const all = new FieldCollector(whole);
  const readers = together.map((fields) => ({ fields, reader: new FrameReader({ fields, layers: [], octets: [] }) }));
  let compared = 0;
  await visitFrames(capture, (frame) => {
    all.reset(frame.bytes);
    writeAnalysedFrame(frame, all);
    for (const { fields, reader } of readers) {
      reader.read(frame);
      const expected = valuesOf(all, fields);
      const got = valuesOf(reader.values, fields);
      for (const [index, field] of fields.entries()) {
        // `frame.protocols` names the layers that were written: only the whole tree has all of them.
        if (field === frameProtocol.fields.protocols && fields.length > 1) continue;
        if (expected[index].length === 0 && got[index].length === 0) continue;
        compared++;
        expect(got[index], `${capture.name}, frame ${frame.number}, ${field.name}`).toEqual(expected[index]);
      }
    }
  });
  return compared;
}

describe('the reader finds what the whole tree has', () => {
  test.each(ownCaptures().map((capture) => [capture.name, capture] as const))('%s', async (_name, capture) => {
    expect(await compare(capture)).toBeGreaterThan(0);
  });
  test('shared captures', { timeout: 120_000 }, async (context) => {
    const shared = sharedCaptures();
    context.skip(shared.length === 0, NO_SHARED);
    // Each field alone takes long in large captures; the groups hold them all.
    let compared = 0;
    for (const capture of shared) compared += await compare(capture, TOGETHER.slice(FIELDS.length));
    expect(compared).toBeGreaterThan(10_000);
  });
});

describe('columns of frames by chance', () => {
  const columns = FIELDS.filter((field) => isColumnField(field));
  const element = fc.nat({ max: 300 }).map((octets) => {
    return encodePdcpSlrb({ sduType: 3, pgkIndex: 0, ptkId: 0, sn: octets, sdu: new Uint8Array(octets + 1) });
  });
  const sdu = fc.record({
    lcid: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 30 })),
    fi: fc.nat(3),
    elements: fc.array(element, { minLength: 1, maxLength: 3 }),
  });
  const frame = fc
    .record({
      ...{ version: fc.integer({ min: 1, max: 3 }), source: fc.nat(0xff_ffff), destination: fc.nat(0xff_ffff) },
      ...{ sdus: fc.array(sdu, { maxLength: 4 }), more: fc.constantFrom(0, 0, 1, 2, 50), fill: fc.nat(255) },
    })
    .map(({ sdus, more, fill, ...header }) => {
      const made = sdus.map(({ lcid, ...rlc }) => ({ lcid, sdu: encodeRlcUm({ sn: 1, ...rlc }) }));
      const bare = encodeSlSch({ ...header, sdus: made });
      return encodeMacLteFramed({}, encodeSlSch({ ...header, sdus: made, size: bare.length + more, fill }));
    });

  test('any subheaders, padding and elements', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(frame, { minLength: 1, maxLength: 20 }), async (frames) => {
        const capture = { name: 'by chance', capture: captureOf(147, frames), keyring: null };
        expect(await compare(capture, [...columns.map((field) => [field]), columns])).toBeGreaterThan(0);
      }),
      { numRuns: 30 },
    );
  });
});

describe('one message of a frame', () => {
  const sdu = new Uint8Array(30).fill(1);
  const pdu = (sn: number) => encodePdcpSlrb({ sduType: 0, pgkIndex: 0, ptkId: 0, sn, sdu });
  const rlc = encodeRlcUm({ fi: 0, sn: 0, elements: [pdu(5), pdu(6)] });
  const mac = encodeSlSch({ version: 3, source: 0x0a0b0c, destination: 0xf00001, sdus: [{ lcid: 3, sdu: rlc }] });
  const capture = { name: 'two in one', capture: captureOf(147, [encodeMacLteFramed({}, mac)]), keyring: null };

  async function passing(text: string): Promise<number[]> {
    const filter = compileFilter(text);
    const reader = new FrameReader(filter.wanted);
    const sns: number[] = [];
    await visitFrames(capture, (frame: AnalysedFrame) => {
      for (const message of frame.messages) {
        reader.readMessage(frame, message);
        if (filter.test(reader.values)) sns.push(frame.table.sn[message.row]);
      }
    });
    return sns;
  }

  test.each([
    ['its own PDCP header, from columns', 'slrb.sn == 6', [6]],
    ['its own PDCP header, from the octets', 'slrb.sn == 6 && mac-lte.slsch.lcid == 3', [6]],
    ['what its frame has', 'frame.number == 1', [5, 6]],
    ['absent', 'slrb.sn == 7', []],
  ])('%s', async (_name, text, sns) => {
    expect(await passing(text)).toEqual(sns);
  });
});
