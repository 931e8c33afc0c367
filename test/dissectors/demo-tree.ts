// One made-up frame that has everything a tree can have, for the tests of its texts.

import { writeFrame } from '../../dissectors/frame-fields.ts';
import { judgedProtocol } from '../../dissectors/judged-fields.ts';
import { field, type Protocol, type TreeWriter } from '../../dissectors/layer.ts';

const about = 'For tests.';
const clause = 'none';
const fields = {
  version: field('demo.version', 'Version', 'uint', {
    mask: 0xf0,
    values: new Map([[1, 'one-to-many']]),
    about,
    clause,
  }),
  flag: field('demo.flag', 'More', 'bool', { mask: 0x08, about, clause }),
  lcid: field('demo.lcid', 'LCID', 'uint', { base: 'dec_hex', mask: 0x07, about, clause }),
  wide: field('demo.wide', 'Fragment offset', 'uint', { width: 2, mask: 0x1fff, about, clause }),
  source: field('demo.src', 'Source', 'l2id', { base: 'hex', width: 3, about, clause }),
  type: field('demo.type', 'Type', 'uint', {
    base: 'hex',
    width: 2,
    values: new Map([[0x800, 'IPv4']]),
    about,
    clause,
  }),
  address: field('demo.addr', 'Address', 'ipv4', { width: 4, about, clause }),
  name: field('demo.name', 'Name', 'text', { width: 0, about, clause }),
  data: field('demo.data', 'Data', 'bytes', { width: 0, about, clause }),
  mark: field('demo.mark', 'Marked', 'marker', { width: 0, about, clause }),
  time: field('demo.time', 'Sent', 'time', { width: 8, about, clause }),
  large: field('demo.large', 'Large', 'uint', { base: 'hex', width: 8, about, clause }),
};

/** The protocol of the frame. */
export const DEMO: Protocol & { readonly fields: typeof fields } = {
  name: 'demo',
  title: 'Demo protocol',
  about,
  clause,
  fields,
};

/** Octets of the frame. */
export const DEMO_FRAME: Uint8Array = Uint8Array.from({ length: 20 }, (_, index) => index + 0x30);

/** Octets of its second source. */
export const DEMO_SDU: Uint8Array = Uint8Array.of(0x45, 0xff, 0x0a);

/** Text in which everything that a terminal would obey is found. */
export const HOSTILE = 'a\u001b[31m\u0007\u202eb\u009bc\r\n\u0000\ud800';

/** Reports the frame. */
export function writeDemo(tree: TreeWriter): void {
  writeFrame(tree, {
    number: 3,
    seconds: 1_777_629_600,
    nanoseconds: 123_456_000,
    captured: 20,
    original: 24,
    interfaceId: 0,
    linkType: 147,
  });
  tree.begin(DEMO, 0, 20);
  tree.add(fields.version, 0, 1, 1);
  tree.add(fields.flag, 0, 1, true);
  tree.add(fields.lcid, 0, 1, 3);
  tree.add(fields.wide, 1, 2, 185);
  tree.add(fields.source, 3, 3, 0x0a0b0c);
  tree.group('Sub-header', 6, 2);
  tree.add(fields.type, 6, 2, 0x800);
  tree.end();
  tree.group('Sub-header', 8, 2);
  tree.add(fields.type, 8, 2, 0x86dd);
  tree.end();
  tree.add(fields.address, 10, 4, Uint8Array.of(10, 0, 0, 1));
  tree.add(fields.name, 14, 2, HOSTILE);
  tree.add(fields.mark, 16, 1, true);
  tree.add(fields.time, 0, 8, 1_777_629_600_000_000_001n);
  tree.add(fields.large, 0, 8, 0xffff_ffff_ffffn);
  tree.generated(judgedProtocol.fields.group, 0xf00001);
  tree.generated(judgedProtocol.fields.verdict, 'decrypted');
  tree.source('deciphered SDU', DEMO_SDU);
  tree.begin(DEMO, 0, 3);
  tree.add(fields.data, 1, 2, DEMO_SDU.subarray(1));
  tree.problem('demo.cut', 3, 'it ends early');
  tree.end();
  tree.end();
  tree.end();
}
