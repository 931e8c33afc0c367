// UDP listeners, with real sockets on the loopback interface.

import { createSocket } from 'node:dgram';
import { afterEach, describe, expect, test } from 'vitest';
import type { UdpDescription } from '../../../captures/sources/source-config.ts';
import { addressOctets } from '../../../captures/sources/udp-frame.ts';
import { dropsInTable } from '../../../captures/sources/udp-kernel-drops.ts';
import {
  addToChecksum,
  foldChecksum,
  internetChecksum,
  pseudoHeaderSum,
} from '../../../dissectors/internet/checksum.ts';
import { pause, QUICK, take, until } from './live-sources.ts';

const opened: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});

/** A listener on a free port, bound. */
async function listener(more: Partial<UdpDescription> = {}, hold: () => void | Promise<void> = () => {}) {
  const taking = take({ name: 'radio', kind: 'udp', port: 0, ...more }, { restart: QUICK }, hold);
  opened.push(async () => taking.stop());
  await until(() => taking.status().state === 'running');
  const port = Number(/:(\d+)(?: gsmtap)?$/.exec(taking.status().kind)?.[1]);
  return { taking, port };
}

async function sender(type: 'udp4' | 'udp6' = 'udp4') {
  const socket = createSocket(type);
  opened.push(() => {
    socket.close();
  });
  await new Promise<void>((resolve) => {
    socket.bind(0, type === 'udp4' ? '127.0.0.1' : '::1', resolve);
  });
  return socket;
}

async function send(socket: Awaited<ReturnType<typeof sender>>, port: number, datagram: Uint8Array, to = '127.0.0.1') {
  await new Promise<void>((resolve, reject) => {
    socket.send(datagram, port, to, (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}

describe('a UDP listener', () => {
  test('makes each datagram a frame with the headers it came with, checksums right', async () => {
    const { taking, port } = await listener();
    const socket = await sender();
    const before = Date.now();
    await send(socket, port, Buffer.from('mac-lte and more'));
    await send(socket, port, Buffer.from('odd'));
    await send(socket, port, new Uint8Array());
    await until(() => taking.frames.length === 3);
    const [{ bytes, linkType, time, number, interfaceName }, odd, empty] = taking.frames;
    expect({ linkType, number, interfaceName }).toEqual({ linkType: 101, number: 1, interfaceName: 'radio' });
    expect(time).toBeGreaterThanOrEqual(before - 1);
    expect(time).toBeLessThanOrEqual(Date.now() + 1);
    expect(Buffer.from(bytes.subarray(28)).toString()).toBe('mac-lte and more');
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    expect([view.getUint16(20), view.getUint16(22)]).toEqual([socket.address().port, port]);
    expect([...bytes.subarray(12, 20)]).toEqual([127, 0, 0, 1, 127, 0, 0, 1]);
    for (const frame of [bytes, odd.bytes, empty.bytes]) {
      expect(internetChecksum(frame, 0, 20)).toBe(0);
      const sum = pseudoHeaderSum(frame, 12, 16, 4, 17, frame.length - 20);
      expect(foldChecksum(addToChecksum(sum, frame, 20, frame.length))).toBe(0);
    }
    expect(empty.bytes).toHaveLength(28);
  });

  test('shows GSMTAP on another port as GSMTAP, and says which port it listens on', async () => {
    const { taking, port } = await listener({ format: 'gsmtap' });
    await send(await sender(), port, Uint8Array.of(2, 4, 15));
    await until(() => taking.frames.length === 1);
    const { bytes } = taking.frames[0];
    expect(new DataView(bytes.buffer, bytes.byteOffset).getUint16(22)).toBe(4729);
    expect(taking.status().kind).toBe(`udp 127.0.0.1:${port} gsmtap`);
  });

  test('listens on IPv6', async () => {
    const { taking, port } = await listener({ address: '::1' });
    await send(await sender('udp6'), port, Buffer.from('pdcp-lte'), '::1');
    await until(() => taking.frames.length === 1);
    const { bytes } = taking.frames[0];
    expect([bytes[0] >> 4, bytes[6], bytes.length]).toEqual([6, 17, 56]);
    const sum = pseudoHeaderSum(bytes, 8, 24, 16, 17, 16);
    expect(foldChecksum(addToChecksum(sum, bytes, 40, bytes.length))).toBe(0);
  });

  test('joins a multicast group and gets what is sent to it', async ({ skip }) => {
    const group = '239.255.77.1';
    const { taking, port } = await listener({ address: group, multicastInterface: '127.0.0.1' });
    const socket = await sender();
    socket.setMulticastInterface('127.0.0.1');
    const sent = await send(socket, port, Buffer.from('mac-lte'), group).then(
      () => true,
      () => false,
    );
    if (!sent) skip('this machine has no route for multicast on the loopback interface');
    await until(() => taking.frames.length === 1);
    expect([...taking.frames[0].bytes.subarray(16, 20)]).toEqual([239, 255, 77, 1]);
  });

  test('brings a burst in order, in few batches', async () => {
    const { taking, port } = await listener({}, async () => pause(20));
    const socket = await sender();
    for (let count = 0; count < 1000; count++) await send(socket, port, Uint8Array.of(count >> 8, count & 0xff));
    await until(() => taking.frames.length === 1000);
    expect(taking.frames.map(({ bytes }) => (bytes[28] << 8) | bytes[29])).toEqual(
      Array.from({ length: 1000 }, (_, count) => count),
    );
    expect(taking.batches.length).toBeLessThan(500);
    expect(taking.frames.every(({ time }, at) => at === 0 || time >= taking.frames[at - 1].time)).toBe(true);
  });

  test('counts what its buffer cannot hold, and goes on', async () => {
    let hold = true;
    const { taking, port } = await listener({ bufferOctets: 262_144 }, async () => {
      while (hold) await pause(5);
    });
    const socket = await sender();
    const sent = 200;
    for (let count = 0; count < sent; count++) {
      await send(socket, port, new Uint8Array(8000).fill(count));
      if (count % 20 === 0) await pause(5);
    }
    await until(() => taking.status().overflowed > 0);
    hold = false;
    await until(() => taking.frames.length + taking.status().overflowed + (taking.status().dropped ?? 0) === sent);
    const numbers = taking.frames.map(({ bytes }) => bytes[28]);
    expect(numbers).toEqual([...numbers].sort((left, right) => left - right));
    await send(socket, port, Uint8Array.of(255));
    await until(() => taking.frames.at(-1)?.bytes.length === 29);
  });

  test('shows the datagrams that the kernel let go', async () => {
    const taking = take(
      { name: 'radio', kind: 'udp', port: 0 },
      { kernelDrops: (address, port) => (address[0] === 127 && port > 0 ? 7 : null) },
    );
    opened.push(async () => taking.stop());
    await until(() => taking.status().state === 'running');
    expect(taking.status().dropped).toBe(7);
    const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
   17: 0100007F:1279 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 12345 2 0000000000000000 5
   18: 00000000:1279 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 12346 2 0000000000000000 11
`;
    expect(dropsInTable(table, Uint8Array.of(127, 0, 0, 1), 4729, 'LE')).toBe(5);
    expect(dropsInTable(table, Uint8Array.of(0, 0, 0, 0), 4729, 'LE')).toBe(11);
    expect(dropsInTable(table, Uint8Array.of(127, 0, 0, 1), 4730, 'LE')).toBeNull();
    const loopback6 = '  1: 00000000000000000000000001000000:1279 0 07 0 0 0 0 0 0 2 0 9';
    expect(dropsInTable(`\n${loopback6}`, addressOctets('::1') as Uint8Array, 4729, 'LE')).toBe(9);
  });

  test('gives out what it holds when it is stopped', async () => {
    let hold = true;
    const { taking, port } = await listener({}, async () => {
      while (hold) await pause(2);
    });
    const socket = await sender();
    for (let count = 0; count < 5; count++) {
      await send(socket, port, Uint8Array.of(count));
      await pause(10);
    }
    const stopped = taking.stop();
    hold = false;
    await stopped;
    await taking.done;
    expect(taking.frames).toHaveLength(5);
    expect(taking.status().state).toBe('stopped');
  });

  test.each([
    [{ address: '127.0.0.1' }, 'source.address-in-use'],
    [{ address: '192.0.2.1' }, 'source.no-such-address'],
    [{ address: 'localhost' }, 'source.no-such-address'],
  ])('that cannot listen says why: %j', async (more, code) => {
    const { port } = await listener();
    const taking = take({ name: 'second', kind: 'udp', port, ...more }, { restart: QUICK });
    opened.push(async () => taking.stop());
    await until(() => taking.status().problem !== null);
    expect(taking.status().problem).toMatchObject({ code });
  });

  test('comes back when the port is free again', async () => {
    const first = await listener();
    const taking = take({ name: 'second', kind: 'udp', port: first.port }, { restart: QUICK });
    opened.push(async () => taking.stop());
    await until(() => taking.status().problem !== null);
    await first.taking.stop();
    await until(() => taking.status().state === 'running');
    expect(taking.status().problem).toBeNull();
    await send(await sender(), first.port, Uint8Array.of(1));
    await until(() => taking.frames.length === 1);
  });
});

describe('an address in text', () => {
  test.each([
    ['192.0.2.7', 'c0000207'],
    ['::', '0'.repeat(32)],
    ['::1', `${'0'.repeat(31)}1`],
    ['fe80::1:2%eth0', 'fe800000000000000000000000010002'],
    ['2001:db8:0:1:2:3:4:5', '20010db8000000010002000300040005'],
    ['::ffff:192.0.2.7', '00000000000000000000ffffc0000207'],
    ['1::', `0001${'0'.repeat(28)}`],
  ])('%s', (address, hex) => {
    expect(Buffer.from(addressOctets(address) as Uint8Array).toString('hex')).toBe(hex);
  });

  test.each([
    '',
    'radio',
    '1.2.3',
    '1.2.3.256',
    '1:2:3',
    '1::2::3',
    '1:2:3:4:5:6:7:8:9',
    '12345::',
    '1:2:3:4:5:6:7::8',
  ])('not %j', (address) => {
    expect(addressOctets(address)).toBeNull();
  });
});
