// Who makes up every id on the air fills every table at once. All of them together stay below 220 MiB.

import { expect, test } from 'vitest';
import { BATCH_ROWS } from '../../../captures/frame-batch.ts';
import { FrameColumns } from '../../../captures/frame-columns.ts';
import { InputWindow } from '../../../captures/input-window.ts';
import { Analysis } from '../../../daemon/analysis.ts';
import { FindingStatistics } from '../../../daemon/finding-statistics.ts';
import { EpochTimeline } from '../../../daemon/findings/epoch-timeline.ts';
import { emptyKeyring } from '../../../daemon/keyring/keyring.ts';
import { Statistics } from '../../../daemon/statistics.ts';
import { encodeMacLteFramed } from '../../../dissectors/framing/mac-lte.ts';
import { encodePdcpSlrb } from '../../../dissectors/sidelink/pdcp-slrb.ts';
import { encodeRlcUm } from '../../../dissectors/sidelink/rlc-um.ts';
import { encodeSlSch } from '../../../dissectors/sidelink/sl-sch.ts';
import { noise } from '../findings/scene.ts';

const MIB = 1 << 20;
/** More than the largest table holds. */
const BATCHES = Math.ceil((1 << 18) / BATCH_ROWS) + 4;

/** One frame whose SL-SCH source and destination, PTK id, SN and ciphertext are filled in. */
function frame(): { octets: Uint8Array; slSchAt: number; pdcpAt: number } {
  const pdcp = encodePdcpSlrb({ sduType: 0, pgkIndex: 7, ptkId: 1, sn: 1, sdu: noise(1, 60) });
  const rlc = encodeRlcUm({ fi: 0, sn: 0, elements: [pdcp] });
  const pdu = encodeSlSch({ version: 3, source: 0, destination: 0, sdus: [{ lcid: 3, sdu: rlc }] });
  const octets = encodeMacLteFramed({}, pdu);
  return { octets, slSchAt: octets.length - pdu.length, pdcpAt: octets.length - pdcp.length };
}

test('random ids in every message', { timeout: 120_000 }, () => {
  const { octets, slSchAt, pdcpAt } = frame();
  const window = new InputWindow(BATCH_ROWS * octets.length);
  const batch = new FrameColumns(window);
  batch.linkType.fill(147);
  batch.digits.fill(6);
  for (let row = 0; row < BATCH_ROWS; row++) {
    window.bytes.set(octets, row * octets.length);
    batch.offset[row] = row * octets.length;
    batch.captured[row] = octets.length;
    batch.original[row] = octets.length;
  }
  const keyring = emptyKeyring();
  const statistics = new Statistics(keyring);
  const timeline = new EpochTimeline(keyring);
  const findings = new FindingStatistics();
  const before = process.memoryUsage();
  const analysis = new Analysis(
    { keyring },
    {
      row: (table, row) => timeline.note(table, row),
      rows: (table, from, until, senders) => statistics.note(table, from, until, senders),
      finding: (event) => findings.note(event),
    },
  );
  let state = 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  for (let number = 0; number < BATCHES; number++) {
    batch.reset();
    batch.count = BATCH_ROWS;
    for (let row = 0; row < BATCH_ROWS; row++) {
      const at = row * octets.length;
      batch.seconds[row] = 1_777_629_600 + number;
      batch.nanoseconds[row] = row * 1000;
      window.view.setUint32(at + slSchAt + 1, next());
      window.view.setUint16(at + slSchAt + 5, next());
      window.view.setUint32(at + pdcpAt + 1, next());
      window.view.setUint32(at + pdcpAt + 5, next());
    }
    analysis.push(batch.over(window));
  }
  const summary = analysis.finish(null);
  expect(summary.messages).toBe(BATCHES * BATCH_ROWS);
  const evicted = Object.keys(summary.evicted ?? {});
  expect(evicted).toEqual(expect.arrayContaining(['contexts', 'counter-streams']));
  // Whole SDUs leave nothing in RLC.
  expect(evicted).not.toContain('rlc-entities');
  const after = process.memoryUsage();
  expect((after.arrayBuffers - before.arrayBuffers) / MIB).toBeLessThan(220);
  // What is no longer used and not yet collected counts too, and how much that is depends on when the collector came.
  const inAll = after.arrayBuffers + after.heapUsed - before.arrayBuffers - before.heapUsed;
  expect(inAll / MIB).toBeLessThan(360);
  expect(findings.rows().length).toBeGreaterThan(0);
});
