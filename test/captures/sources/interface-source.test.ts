// Interfaces: how the capture programs are called, what they say, and dumpcap itself on the loopback interface.

import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { ChildMessages } from '../../../captures/sources/child-messages.ts';
import { findProgram, interfaceProgram } from '../../../captures/sources/interface-program.ts';
import { SourceFailure } from '../../../captures/sources/source-attempt.ts';
import type { InterfaceDescription } from '../../../captures/sources/source-config.ts';
import { pause, QUICK, take, until } from './live-sources.ts';

const wlan: InterfaceDescription = { name: 'radio', kind: 'interface', interface: 'wlan0' };
const both = (name: string) => `/usr/bin/${name}`;

describe('the capture program', () => {
  test('is dumpcap where there is one, else tcpdump, or the one asked for', () => {
    expect(interfaceProgram(wlan, both).command).toEqual([
      '/usr/bin/dumpcap',
      ...['-q', '-i', 'wlan0', '-s', '262144', '-w', '-'],
    ]);
    const onlyTcpdump = (name: string) => (name === 'tcpdump' ? '/usr/sbin/tcpdump' : null);
    expect(interfaceProgram(wlan, onlyTcpdump)).toMatchObject({ called: 'tcpdump', countsOnSignal: true });
    const full = {
      filter: 'udp port 4729',
      snapLength: 1000,
      promiscuous: false,
      monitor: true,
      bufferMiB: 8,
    } as const;
    expect(interfaceProgram({ ...wlan, ...full }, both).command).toEqual([
      '/usr/bin/dumpcap',
      ...['-q', '-i', 'wlan0', '-s', '1000', '-f', 'udp port 4729', '-B', '8', '-p', '-I', '-w', '-'],
    ]);
    expect(interfaceProgram({ ...wlan, ...full, program: 'tcpdump' }, both).command).toEqual([
      '/usr/bin/tcpdump',
      ...['--immediate-mode', '-U', '-n', '-i', 'wlan0', '-s', '1000', '-B', '8192', '-p', '-I', '-w', '-'],
      ...['--', 'udp port 4729'],
    ]);
    expect(() => interfaceProgram({ ...wlan, program: 'dumpcap' }, onlyTcpdump)).toThrow(SourceFailure);
    expect(() => interfaceProgram(wlan, () => null)).toThrow('there is neither dumpcap nor tcpdump');
  });

  test('is found in PATH and in the folders of the system', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sidescope-path-'));
    try {
      writeFileSync(join(folder, 'capture-it'), '#!/bin/sh\n');
      expect(findProgram('capture-it', folder)).toBeNull();
      chmodSync(join(folder, 'capture-it'), 0o755);
      expect(findProgram('capture-it', `relative:${folder}`)).toBe(join(folder, 'capture-it'));
      expect(findProgram('env', '')).toBe('/usr/bin/env');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test.each([
    [
      'dumpcap: You do not have permission to capture on device "lo".\n(socket: Operation not permitted)\n',
      'source.no-permission',
    ],
    ["tcpdump: lo: You don't have permission to perform this capture on that device\n", 'source.no-permission'],
    ['dumpcap: There is no device named "nosuch".\n(No such device exists)\n', 'source.no-such-interface'],
    ['tcpdump: nosuch: No such device exists\n(No such device exists)\n', 'source.no-such-interface'],
    ['dumpcap: Invalid capture filter "bogus filter" for interface \'lo\'.\n', 'source.filter-refused'],
    ["tcpdump: can't parse filter expression: syntax error\n", 'source.filter-refused'],
    ['Capturing on \'ifb0\'\ndumpcap: Device "ifb0" is not up.\n(That device is not up)\n', 'source.interface-down'],
    ['tcpdump: pcap_loop: The interface disappeared\n', 'source.interface-down'],
    ['Host key verification failed.\r\n', 'source.login-refused'],
    ['ssh: Could not resolve hostname radio: Name or service not known\r\n', 'source.unreachable'],
    ['bash: line 1: tcpdump: command not found\n', 'source.no-such-program'],
  ])('that says %j is understood', (said, code) => {
    for (const step of [1, said.length]) {
      const messages = new ChildMessages();
      for (let at = 0; at < said.length; at += step) messages.take(Buffer.from(said.slice(at, at + step)));
      messages.end();
      expect(messages.trouble('it')?.code).toBe(code);
    }
  });

  test('that counts what it lost is understood, and what it says is bounded', () => {
    const messages = new ChildMessages();
    expect(messages.dropped).toBeNull();
    messages.take(Buffer.from('3 packets captured\n5 packets received by filter\n2 packets dropped by kernel\n'));
    messages.take(
      Buffer.from(
        'tcpdump: 9 packets captured, 9 packets received by filter, 7 packets dropped by kernel, 1 packet dropped by interface\n',
      ),
    );
    expect(messages.dropped).toBe(8);
    expect(messages.trouble('tcpdump')).toBeNull();
    const dumpcap = new ChildMessages();
    dumpcap.take(
      Buffer.from("Packets received/dropped on interface 'lo': 5/3 (pcap:1/dumpcap:2/flushed:0/ps_ifdrop:0) (62.5%)\n"),
    );
    dumpcap.take(
      Buffer.from(
        "Packets received/dropped on interface 'eth0': 5/4 (pcap:4/dumpcap:0/flushed:0/ps_ifdrop:0) (55.5%)\n",
      ),
    );
    expect(dumpcap.dropped).toBe(7);
    for (let count = 0; count < 1000; count++) dumpcap.take(Buffer.alloc(10_000, 'x'));
    dumpcap.end();
    expect(dumpcap.trouble('it')?.message.length).toBeLessThan(300);
  });
});

const captures = spawnSync('dumpcap', ['-i', 'lo', '-a', 'duration:1', '-c', '1', '-w', '/dev/null']);
const noCapture = captures.error !== undefined || captures.status !== 0;

describe('an interface', () => {
  test('brings what passes on it through dumpcap, and no orphan stays', async ({ skip }) => {
    if (noCapture) skip('dumpcap is not installed, or this user may not capture on lo');
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => {
      socket.bind(0, '127.0.0.1', resolve);
    });
    const { port } = socket.address();
    const described = { name: 'loop', kind: 'interface', interface: 'lo', filter: `udp port ${port}` } as const;
    const taking = take(described, { restart: QUICK });
    try {
      await until(() => taking.status().state === 'running');
      expect(taking.status()).toMatchObject({ kind: 'interface lo through dumpcap', dropped: null });
      // dumpcap writes the head of the capture before it captures.
      await until(() => {
        socket.send(Buffer.from('mac-lte'), port, '127.0.0.1');
        return taking.frames.length > 0;
      });
      const [{ linkType, interfaceName, bytes }] = taking.frames;
      expect({ linkType, interfaceName }).toEqual({ linkType: 1, interfaceName: 'lo' });
      expect(Buffer.from(bytes).includes('mac-lte')).toBe(true);
      await pause(50);
    } finally {
      await taking.stop();
      socket.close();
    }
    await taking.done;
    expect(taking.status()).toMatchObject({ state: 'stopped', dropped: 0 });
  });

  test('that is not there is told of, and tried again', async ({ skip }) => {
    if (noCapture) skip('dumpcap is not installed, or this user may not capture on lo');
    const taking = take({ name: 'x', kind: 'interface', interface: 'nosuch0' }, { restart: QUICK });
    await until(() => taking.status().restarts > 0);
    await until(() => taking.status().problem !== null);
    expect(taking.status().problem).toMatchObject({ code: 'source.no-such-interface' });
    await taking.stop();
  });

  test('without a capture program says which one to install', async () => {
    const taking = take({ name: 'x', kind: 'interface', interface: 'lo' }, { findProgram: () => null, restart: QUICK });
    await until(() => taking.status().problem !== null);
    expect(taking.status().problem).toMatchObject({ code: 'source.no-capture-program' });
    await taking.stop();
  });
});
