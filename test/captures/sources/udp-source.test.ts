// UDP listeners, with real sockets on the loopback interface.

import { createSocket } from 'node:dgram';
import { afterEach, describe, expect, test } from 'vitest';
import type { UdpDescription } from '../../../captures/sources/source-config.ts';
import {
  addToChecksum,
  foldChecksum,
  internetChecksum,
  pseudoHeaderSum,
} from '../../../dissectors/internet/checksum.ts';
import { QUICK, take, until } from './live-sources.ts';

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
});
