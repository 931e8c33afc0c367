// What the group manager writes, `read` replays: a capture with its messages and the traffic that follows opens with what a
// member holds, by either scheme, and stays closed to a member that was removed.

import { describe, expect, test } from 'vitest';
import { frameSourceFromChunks } from '../../../captures/open.ts';
import { Analysis } from '../../../daemon/analysis.ts';
import type { KeyEvent, MessageEvent } from '../../../daemon/events.ts';
import { groupCapture } from '../../../daemon/keying/group-capture.ts';
import type { GroupOutcome } from '../../../daemon/keying/group-manager.ts';
import { groupOf, type ManagedPgk, SCHEMES } from '../../../daemon/keying/group-state.ts';
import { emptyKeyring, Keyring, NodeKey } from '../../../daemon/keyring/keyring.ts';
import { encodeIpv4 } from '../../../dissectors/internet/ipv4.ts';
import { encodeUdp } from '../../../dissectors/internet/udp.ts';
import { nodeName } from '../../../dissectors/keying/lkh-rekey.ts';
import { createTrafficCipher } from '../../../dissectors/security/algorithm.ts';
import { derivePek, PreparedPgk } from '../../../dissectors/security/kdf.ts';
import { encodePdcpSlrb } from '../../../dissectors/sidelink/pdcp-slrb.ts';
import { encodeRlcUm } from '../../../dissectors/sidelink/rlc-um.ts';
import { encodeSlSch } from '../../../dissectors/sidelink/sl-sch.ts';
import { wrapMacPdu } from '../../../testing/interface-framing.ts';
import { Ue, World } from './group-fixture.ts';
import { GROUP, heldKey } from './mikey-fixture.ts';

const RECORD_HEADER = 16;
const SENDER = 2;

/** A frame in which a member says something under a PGK. */
function traffic(pgk: ManagedPgk, sn: number): Uint8Array {
  const payload = Buffer.from(`Engine 2 on scene, message ${sn}, all well`);
  const addresses = { source: Uint8Array.of(169, 254, 0, SENDER), destination: Uint8Array.of(239, 255, 0, 1) };
  const udp = encodeUdp({ sourcePort: 6000, destinationPort: 6000, payload, addresses });
  const sdu = encodeIpv4({ ...addresses, protocol: 17, payload: udp });
  const pek = new Uint8Array(16);
  derivePek(new PreparedPgk(pgk.octets), 'ts33303', SENDER, 1, GROUP, 2, pek);
  const words = new Uint32Array(Math.ceil(sdu.length / 4));
  createTrafficCipher('128-EEA2', pek).keyStream(65_536 + sn, 3, 0, sdu.length, words, 0);
  const body = new Uint8Array(words.buffer, 0, sdu.length);
  for (let i = 0; i < sdu.length; i++) body[i] ^= sdu[i];
  const pdu = encodePdcpSlrb({ sduType: 0, pgkIndex: pgk.pgkId & 31, ptkId: 1, sn, sdu: body });
  const rlc = encodeRlcUm({ fi: 0, sn: sn & 31, elements: [pdu] });
  const mac = encodeSlSch({ version: 3, source: SENDER, destination: GROUP, sdus: [{ lcid: 3, sdu: rlc }] });
  return wrapMacPdu('udp-ip', mac, { milliseconds: sn * 10, crcOk: true });
}

/** What a member holds now, as its keyring file would say it: PGKs, its PMK, and the node keys of its path. */
function heldBy(world: World, id: number): Keyring {
  const { keyring } = world.ues.get(id) as Ue;
  const group = groupOf(world.state, GROUP);
  const keys = (keyring.groupById(GROUP)?.keys ?? []).map((key) => {
    return { ...heldKey({ id: key.id, notBefore: key.notBefore, notAfter: key.notAfter }), octets: key.octets };
  });
  const path = group.tree?.path(id) ?? [];
  const lkh = path.map(({ node, version, key }) => new NodeKey(GROUP, nodeName(node, 2), version, key.slice()));
  const described = { name: null, algorithm: 2, protection: 'required', derivation: 'ts33303' } as const;
  const groups = [{ ...described, id: GROUP, multicast: [], members: [], keys }];
  return new Keyring({ groups, pmks: keyring.pmks, lkh, managers: keyring.managers });
}

/** A record behind those of a pcap. */
function record(frame: Uint8Array, time: number): Uint8Array {
  const octets = new Uint8Array(RECORD_HEADER + frame.length);
  const view = new DataView(octets.buffer);
  view.setUint32(0, Math.floor(time / 1000), true);
  view.setUint32(4, (time % 1000) * 1000, true);
  view.setUint32(8, frame.length, true);
  view.setUint32(12, frame.length, true);
  octets.set(frame, RECORD_HEADER);
  return octets;
}

async function replay(capture: Uint8Array, keyring: Keyring) {
  const keys: KeyEvent[] = [];
  const messages: MessageEvent[] = [];
  const listener = { key: (e: KeyEvent) => keys.push(e), message: (e: MessageEvent) => messages.push(e) };
  const analysis = new Analysis({ keyring }, listener);
  async function* pieces() {
    yield capture;
  }
  const { summary } = await analysis.run(frameSourceFromChunks(pieces()));
  return { keys, messages, summary };
}

function capture(outcome: GroupOutcome, behind: readonly Uint8Array[]): Uint8Array {
  const { plan, messages } = outcome;
  const pcap = groupCapture(
    messages,
    plan.messages,
    plan.at,
    messages.map(() => null),
  );
  return new Uint8Array(Buffer.concat([pcap, ...behind]));
}

describe.each(SCHEMES)('a capture of %s', (scheme) => {
  test('a first delivery, then traffic', async () => {
    const world = new World(1, 0);
    const outcome = world.create(scheme, [1, 2, 3], { ahead: 0 });
    const [pgk] = groupOf(world.state, GROUP).pgks;
    const octets = capture(outcome, [record(traffic(pgk, 1), world.now + 5000)]);
    const { keys, messages, summary } = await replay(octets, new Ue(3, world.state).keyring);
    expect(keys.map(({ frame, accepted, reason }) => [frame, accepted, reason])).toEqual([
      [1, false, 'mikey.key_unknown'],
      [2, false, 'mikey.key_unknown'],
      [3, true, null],
    ]);
    expect(keys[2]).toMatchObject({ event: 'delivered', group: 'f00001', pgkId: pgk.pgkId });
    expect(messages).toMatchObject([{ frame: 4, group: 'f00001', pgkId: pgk.pgkId, verdict: 'decrypted' }]);
    expect(summary).toMatchObject({ frames: 4, undecoded: { 'key-management': 3 }, complete: true });
  });

  test('a removal, then traffic that the removed member cannot read', async () => {
    const world = new World(2, 3);
    world.create(scheme, [1, 2, 3], { ahead: 1 });
    world.now += 3_600_000;
    const before = groupOf(world.state, GROUP).pgks[0];
    const keyrings = new Map([1, 3].map((id) => [id, heldBy(world, id)]));
    const outcome = world.manager.remove(GROUP, [3], true);
    const after = outcome.changed.find((pgk) => pgk.serial > 2) as ManagedPgk;
    const changeover = outcome.plan.changeover ?? 0;
    const octets = capture(outcome, [
      record(traffic(before, 7), changeover - 1000),
      record(traffic(after, 1), changeover),
      record(traffic(before, 8), changeover + 6000),
    ]);
    const verdicts = async (id: number) => {
      const { messages } = await replay(octets, keyrings.get(id) ?? emptyKeyring());
      return messages.map(({ pgkId, verdict }) => [pgkId, verdict]);
    };
    // Who stayed changes over; what somebody sends under the old PGK later is seen for what it is.
    expect(await verdicts(1)).toEqual([
      [before.pgkId, 'decrypted'],
      [after.pgkId, 'decrypted'],
      [before.pgkId, 'stale'],
    ]);
    // Who was removed goes on with what it had, and with nothing else.
    expect(await verdicts(3)).toEqual([
      [before.pgkId, 'decrypted'],
      [null, 'no-key'],
      [before.pgkId, 'decrypted'],
    ]);
  });
});
