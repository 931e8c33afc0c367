// `format: pcapng`, made of a sample that has everything: what a reader of ours and tshark find in it, and that metadata
// holds no octet behind the PDCP header.

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { frameSourceFromChunks, openCapture } from '../../../captures/open.ts';
import { Analysis } from '../../../daemon/analysis.ts';
import type { MessageEvent } from '../../../daemon/events.ts';
import { parseKeyring } from '../../../daemon/keyring/keyring-file.ts';
import type { GroupGrant } from '../../../daemon/relay/capability.ts';
import { type ClientItem, RelayClient, type SubscriptionWish } from '../../../daemon/relay/client.ts';
import type { RelayedFrame } from '../../../daemon/relay/relay-port.ts';
import { createWalkTable, walkBatch } from '../../../dissectors/walk.ts';
import { ElementFlag } from '../../../dissectors/walk-table.ts';
import { type ReadCapture, readAll } from '../../captures/read-all.ts';
import { messageRecord } from './fake-host.ts';
import { RelayFixture, testFolder, until } from './fixture.ts';

const SAMPLE = join(import.meta.dirname, '..', '..', '..', 'captures', 'samples', 'attacked');
const HAS_TSHARK = spawnSync('tshark', ['--version']).status === 0;
if (!HAS_TSHARK)
  console.warn('TSHARK IS NOT INSTALLED: nobody checks that Wireshark reads what the relay sends as pcapng');

const PDCP_HEADER = 5;
const LINKTYPE_RAW = 101;
const messages: MessageEvent[] = [];
const frames = new Map<number, RelayedFrame & { readonly headerOctets: number }>();

beforeAll(async () => {
  const keyring = parseKeyring(readFileSync(join(SAMPLE, 'keyring.json'), 'utf8'), 'keyring.json');
  const analysis = new Analysis({ keyring, payload: true }, { message: (event) => messages.push(event) });
  await analysis.run(await openCapture(join(SAMPLE, 'capture.pcapng')));
  const source = await openCapture(join(SAMPLE, 'capture.pcapng'));
  const walk = createWalkTable();
  for (let batch = await source.next(); batch !== null; batch = await source.next()) {
    walkBatch(batch, walk);
    for (let row = 0; row < batch.count; row++) {
      const at = batch.offset[row];
      const first = walk.frames.firstElement[row];
      const hasHeader = walk.frames.elementCount[row] > 0 && (walk.elements.flags[first] & ElementFlag.starts) !== 0;
      const end =
        walk.frames.elementCount[row] === 0 ? 0 : walk.elements.at[first] - at + (hasHeader ? PDCP_HEADER : 0);
      frames.set(batch.firstFrame + row, {
        number: batch.firstFrame + row,
        interfaceName: 'antenna',
        linkType: batch.linkType[row],
        seconds: batch.seconds[row],
        nanoseconds: batch.nanoseconds[row],
        digits: batch.digits[row],
        bytes: batch.bytes.slice(at, at + batch.captured[row]),
        original: batch.original[row],
        headerOctets: end,
      });
    }
  }
  await source.close();
});

/** Subscribes with pcapng while the sample is relayed, and reads what came. */
async function relayed(
  groups: readonly GroupGrant[],
  wish: SubscriptionWish,
): Promise<{ capture: ReadCapture; octets: Buffer; items: ClientItem[] }> {
  const fixture = await RelayFixture.start();
  for (const [number, frame] of frames) fixture.host.frameStore.set(number, frame);
  const records = messages.map((event, index) => {
    const { payload, ...shown } = event;
    const clear = event.verdict === 'clear' || event.verdict === 'downgraded';
    return messageRecord(
      index + 1,
      { ...shown, summary: 'withheld' },
      {
        plain: payload === undefined ? null : { payload, summary: event.summary, protocols: event.protocols },
        access: event.verdict === 'downgraded' ? 'downgraded' : 'plain',
        ...(clear ? { key: null } : {}),
      },
    );
  });
  // The first half is history, the second comes while somebody listens.
  fixture.deliver(records.slice(0, 150));
  const { identity, capability } = fixture.subscriber(groups);
  const client = new RelayClient({ address: fixture.addresses[0], identity, capability });
  onTestFinished(() => client.close());
  const items: ClientItem[] = [];
  const subscription = client.subscribe({ ...wish, format: 'pcapng', since: 0 });
  const run = async (): Promise<void> => {
    for await (const list of subscription) items.push(...list);
  };
  run().catch(() => undefined);
  await until(() => items.length > 0, 'the first message');
  fixture.deliver(records.slice(150));
  await until(() => subscription.last === records.length, 'the last message');
  const octets = Buffer.concat(items.flatMap((item) => (item.kind === 'pcapng' ? [item.octets] : [])));
  return { capture: await readAll(frameSourceFromChunks(Readable.from([octets]))), octets, items };
}

describe('pcapng', () => {
  test('plain: every frame with a message once, and its deciphered packets behind it', async () => {
    const { capture, octets, items } = await relayed([{ gid: '*', views: ['meta', 'plain'] }], { view: 'plain' });
    expect(capture.problem).toBeNull();
    expect(items.filter(({ kind }) => kind === 'live')).toHaveLength(1);
    const wanted = new Set(messages.flatMap(({ frame, frames: parts }) => [frame, ...(parts ?? [])]));
    const onAir = capture.frames.filter(({ linkType }) => linkType !== LINKTYPE_RAW);
    expect(onAir).toHaveLength(wanted.size);
    const packets = capture.frames.filter(({ linkType }) => linkType === LINKTYPE_RAW);
    const shown = messages.filter(
      ({ payload, sduType, verdict }) => payload !== undefined && sduType === 'ip' && verdict !== 'downgraded',
    );
    const texts = packets.map(({ bytes }) => Buffer.from(bytes).toString('hex')).sort();
    expect(texts).toEqual(
      shown
        .map(({ payload }) => payload as string)
        .filter((text) => /^[46]/.test(text))
        .sort(),
    );
    expect(octets.includes('sidescope frame')).toBe(true);
    expect(octets.includes('RTP PCMU')).toBe(false);
    if (!HAS_TSHARK) return;
    const file = join(testFolder(), 'relayed.pcapng');
    writeFileSync(file, octets);
    const { stdout } = spawnSync(
      'tshark',
      ['-r', file, '-T', 'fields', '-e', 'frame.protocols', '-e', '_ws.malformed'],
      { encoding: 'utf8' },
    );
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(capture.frames.length);
    expect(lines.filter((line) => line.includes('Malformed'))).toEqual([]);
    expect(lines.filter((line) => line.includes('mac-lte')).length).toBe(onAir.length);
    expect(lines.filter((line) => line.includes('raw:ip')).length).toBe(packets.length);
  });

  test('meta: no octet behind the PDCP header, and no deciphered packet', async () => {
    const { capture, octets } = await relayed([{ gid: '*', views: ['meta', 'plain'] }], { view: 'meta' });
    expect(capture.frames.filter(({ linkType }) => linkType === LINKTYPE_RAW)).toEqual([]);
    let compared = 0;
    for (const { frame, verdict, frames: parts } of messages) {
      const { bytes, headerOctets } = frames.get(frame) as RelayedFrame & { headerOctets: number };
      const hidden = Buffer.from(bytes.subarray(headerOctets));
      if (parts !== undefined || hidden.length < 16) continue;
      // As long as two octets: shorter ones may stand there by chance.
      expect(octets.includes(hidden.subarray(0, 8)), `frame ${frame}, ${verdict}`).toBe(false);
      compared++;
    }
    expect(compared).toBeGreaterThan(200);
  });

  test('octets of a downgraded message only for who asks', async () => {
    const downgraded = messages.find(({ verdict }) => verdict === 'downgraded') as MessageEvent;
    const clear = Buffer.from((frames.get(downgraded.frame) as RelayedFrame).bytes.subarray(-24));
    const without = await relayed([{ gid: '*', views: ['plain'] }], { view: 'plain' });
    expect(without.octets.includes(clear)).toBe(false);
    const asked = await relayed([{ gid: '*', views: ['plain'] }], { view: 'plain', downgraded: true });
    expect(asked.octets.includes(clear)).toBe(true);
  });

  test('a grant of one group gives no frame of another', async () => {
    const fixture = await RelayFixture.start();
    for (const [number, frame] of frames) fixture.host.frameStore.set(number, frame);
    fixture.deliver(messages.map((event, index) => messageRecord(index + 1, event)));
    const { identity, capability } = fixture.subscriber([{ gid: 'f0ffff', views: ['plain'] }]);
    const client = new RelayClient({ address: fixture.addresses[0], identity, capability });
    onTestFinished(() => client.close());
    const items: ClientItem[] = [];
    const subscription = client.subscribe({ view: 'plain', format: 'pcapng', since: 0 });
    const run = async (): Promise<void> => {
      for await (const list of subscription) items.push(...list);
    };
    run().catch(() => undefined);
    const cursor = (): number => fixture.server.subscribers()[0]?.subscriptions[0]?.cursor ?? 0;
    await until(() => cursor() === messages.length + 1, 'the end of the stream');
    // What is about no group has come, if anything: no frame has.
    expect(fixture.server.metrics().sent).toBe(0);
    // That all of the past was told comes all the same, and once.
    const live = (): ClientItem[] => items.filter(({ kind }) => kind === 'live');
    await until(() => live().length > 0, 'live');
    fixture.deliver([messageRecord(messages.length + 1, messages[0])]);
    await until(() => cursor() === messages.length + 2, 'the next record');
    expect(live()).toEqual([{ kind: 'live', seq: messages.length }]);
  });
});
