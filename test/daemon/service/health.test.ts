// What machines ask: health, readiness, figures; and what the service manager is told.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { parseKeyring } from '../../../daemon/keyring/keyring-file.ts';
import type { RecordBlock } from '../../../daemon/relay/record-block.ts';
import { type HealthFacts, HealthServer } from '../../../daemon/service/health-server.ts';
import { DaemonMetrics, type Sampled } from '../../../daemon/service/metrics.ts';
import { ServiceManager } from '../../../daemon/service/notify.ts';
import { analyse } from '../../../testing/index.ts';
import { readFrames } from '../engine-process/batches.ts';
import { judgeAll, LONG_AGO, trackOf } from '../engine-process/tracks.ts';
import { blockOf } from '../record-blocks.ts';

const SAMPLES = join(import.meta.dirname, '..', '..', '..', 'captures', 'samples', 'attacked');

let server: HealthServer | null = null;
afterEach(async () => {
  await server?.close();
  server = null;
});

const good: HealthFacts = {
  ill: () => null,
  notReady: () => 'engine starting',
  metrics: () => Promise.resolve({ body: 'figures\n', type: 'text/plain; version=0.0.4' }),
};

function get(port: number, path: string, method = 'GET'): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, method }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    })
      .on('error', reject)
      .end();
  });
}

describe('health listener', () => {
  test('says how the daemon fares', async () => {
    server = await HealthServer.open('127.0.0.1', 0, good);
    expect(await get(server.port, '/healthz')).toEqual({ status: 200, body: 'ok\n' });
    expect(await get(server.port, '/readyz')).toEqual({ status: 503, body: 'engine starting\n' });
    expect(await get(server.port, '/metrics')).toEqual({ status: 200, body: 'figures\n' });
    expect((await get(server.port, '/../etc/passwd')).status).toBe(404);
    expect((await get(server.port, '/metrics', 'POST')).status).toBe(405);
  });

  test('connections that say nothing, or an octet at a time, keep nobody out and are ended', async () => {
    server = await HealthServer.open('127.0.0.1', 0, good);
    const { port } = server;
    let ended = 0;
    const silent = Array.from({ length: 100 }, () => connect({ host: '127.0.0.1', port }));
    for (const socket of silent) {
      socket.on('error', () => undefined);
      socket.on('close', () => ended++).resume();
    }
    await Promise.all(silent.slice(-30).map((socket) => once(socket, 'connect')));
    const dripping = setInterval(() => silent.at(-1)?.write('X'), 50);
    silent.at(-1)?.write('GET /healthz HTTP/1.1\r\nHost: x\r\n');
    expect(await get(port, '/healthz')).toEqual({ status: 200, body: 'ok\n' });
    expect(ended).toBeGreaterThanOrEqual(60);
    const begun = performance.now();
    await expect.poll(() => ended, { timeout: 10_000 }).toBe(100);
    expect(performance.now() - begun).toBeLessThan(8000);
    clearInterval(dripping);
  });

  test('a port that is taken is an error with a way out', async () => {
    server = await HealthServer.open('127.0.0.1', 0, good);
    await expect(HealthServer.open('127.0.0.1', server.port, good)).rejects.toMatchObject({ code: 'health.in-use' });
  });
});

const sampled = {
  sources: [
    { name: 'radio', state: 'running', frames: 12, octets: 1200, dropped: 3, overflowed: 1, restarts: 2 },
    { name: 'file', state: 'waiting', frames: 1, octets: 100, dropped: null, overflowed: 0, restarts: 0 },
  ],
  engine: { state: 'running', restarts: 1, waiting: 5, skipped: 0, memoryOctets: 1000 },
  journal: {
    ...{ state: 'degraded', octets: 5, files: 2, lastFrame: 13, lastSeq: 9, missedFrames: 4, missedRecords: 3 },
    commitMilliseconds: 2,
  },
  relay: {
    ...{ subscribers: 2, subscriptions: 3, queueRecords: 1, queueMilliseconds: 250, sent: 8, octets: 800, dropped: 1 },
    ...{ slowClosed: 0, stripped: 0, refused: { authentication: 4, origin: 2 } },
  },
  framesUnderWay: 7,
} as unknown as Sampled;

const messages = (...groups: string[]): RecordBlock =>
  blockOf(groups.map((group) => ({ event: { type: 'message', verdict: 'decrypted', group }, plain: null }) as never));

describe('metrics', () => {
  test('come from the rooms, under the names of Prometheus', async () => {
    const metrics = new DaemonMetrics(() => sampled);
    metrics.delivered(messages('f00001', 'f00001', 'f00102'), 4);
    const { body } = await metrics.text();
    for (const line of [
      'sidescope_frames_total{source="radio"} 12',
      'sidescope_source_dropped_total{source="radio"} 3',
      'sidescope_source_up{source="file"} 0',
      'sidescope_engine_up 1',
      'sidescope_journal_degraded 1',
      'sidescope_relay_refused_total{reason="origin"} 2',
      'sidescope_relay_queue_age_seconds 0.25',
      'sidescope_messages_total{verdict="decrypted"} 3',
      'sidescope_group_messages_total{group="f00001"} 2',
      'sidescope_record_lag_seconds_bucket{le="0.005"} 1',
      'sidescope_frames_under_way 7',
    ]) {
      expect(body).toContain(`${line}\n`);
    }
    // Asked twice, counters are not added up.
    expect((await metrics.text()).body).toContain('sidescope_frames_total{source="radio"} 12\n');
  });

  test('findings are counted as often as they occur, although those of an hour come folded into one record', async () => {
    const keyring = parseKeyring(readFileSync(join(SAMPLES, 'keyring.json')), 'keyring.json');
    const track = trackOf(keyring, 'capture', new Map());
    const frames = await readFrames(join(SAMPLES, 'capture.pcapng'));
    const metrics = new DaemonMetrics(() => sampled);
    metrics.delivered(blockOf(judgeAll(track, frames, 50)), 1);
    metrics.delivered(track.finish(LONG_AGO), 1);
    track.close();
    const { body } = await metrics.text();
    const counted: Record<string, number> = {};
    for (const [, name, count] of body.matchAll(
      /^sidescope_findings_total\{name="([^"]+)",severity="[a-z]+"\} (\d+)$/gm,
    )) {
      counted[name] = (counted[name] ?? 0) + Number(count);
    }
    const { summary } = await analyse(join(SAMPLES, 'capture.pcapng'), { keyring: join(SAMPLES, 'keyring.json') });
    expect(Object.values(summary?.findings ?? {}).some((count) => count > 1)).toBe(true);
    expect(counted).toEqual(summary?.findings);
  });

  test('ids that an attacker makes up do not become series without end', async () => {
    const metrics = new DaemonMetrics(() => sampled);
    for (let id = 0; id < 2000; id++) metrics.delivered(messages(id.toString(16).padStart(6, '0')), 1);
    const { body } = await metrics.text();
    expect(body.match(/^sidescope_group_messages_total\{/gm)?.length).toBe(501);
    expect(body).toContain('sidescope_group_messages_total{group="other"} 1500\n');
  });
});

describe('service manager', () => {
  test('hears READY, signs of life while there is life, and STOPPING', async () => {
    const said: string[] = [];
    let isAlive = true;
    const manager = new ServiceManager(
      { NOTIFY_SOCKET: '/run/notify', WATCHDOG_USEC: '20000', WATCHDOG_PID: String(process.pid) },
      (words) => {
        said.push(words.join(' '));
        return Promise.resolve(true);
      },
    );
    expect(manager.interval).toBe(10);
    await manager.ready('running', () => isAlive);
    await expect.poll(() => said.filter((words) => words === 'WATCHDOG=1').length).toBeGreaterThan(1);
    isAlive = false;
    await new Promise((resolve) => {
      setTimeout(resolve, 30);
    });
    const before = said.length;
    await new Promise((resolve) => {
      setTimeout(resolve, 40);
    });
    expect(said.length).toBe(before);
    await manager.stopping();
    expect(said[0]).toBe('--ready --status=running');
    expect(said.at(-1)).toBe('STOPPING=1');
  });

  test('hears of a reload what every version of systemd-notify can say, and READY behind it, however quick it was', async () => {
    const said: string[] = [];
    const manager = new ServiceManager({ NOTIFY_SOCKET: '/run/notify' }, async (words) => {
      if (words[0] === 'RELOADING=1') {
        await new Promise((resolve) => {
          setTimeout(resolve, 30);
        });
      }
      said.push(words.join(' '));
      return true;
    });
    await manager.reloading(() => Promise.resolve());
    expect(said).toEqual(['RELOADING=1', '--ready']);
    const none = new ServiceManager({}, () => expect.fail('nobody listens'));
    let isDone = false;
    await none.reloading(() => {
      isDone = true;
      return Promise.resolve();
    });
    expect(isDone).toBe(true);
  });

  test('is left alone where there is none, or where it watches another process', async () => {
    const said: string[] = [];
    const send = (words: readonly string[]): Promise<boolean> => {
      said.push(...words);
      return Promise.resolve(true);
    };
    const none = new ServiceManager({}, send);
    await none.ready('running', () => true);
    await none.stopping();
    expect(said).toEqual([]);
    const other = new ServiceManager({ NOTIFY_SOCKET: 'x', WATCHDOG_USEC: '1000', WATCHDOG_PID: '1' }, send);
    expect(other.interval).toBeNull();
  });
});
