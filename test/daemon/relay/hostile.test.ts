// Clients that mean harm, over real sockets: refused with the right code, and nobody else notices (reference security C.3
// and E.3 57 to 62).

import { statSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { TreeAnswer } from '../../../daemon/engine-process/engine-port.ts';
import { RelayClient } from '../../../daemon/relay/client.ts';
import { keyName, messageRecord } from './fake-host.ts';
import { RelayFixture, until } from './fixture.ts';
import { hostOf, RawClient, rawSocket, requestHead, statusOf } from './raw-client.ts';

/** Everything is asked at both listeners. */
const KINDS = ['unix', 'tls'] as const;
const META = [{ gid: '*', views: ['meta' as const] }];
const PLAIN = [{ gid: '*', views: ['meta' as const, 'plain' as const] }];

/** A subscriber that means well, and what it got. */
async function honest(
  fixture: RelayFixture,
  address = fixture.addresses[0],
): Promise<{ seqs: number[]; late: number[] }> {
  const { identity, capability } = fixture.subscriber(META);
  const client = new RelayClient({ address, identity, capability, reconnect: 'never' });
  onTestFinished(() => client.close());
  const got = { seqs: [] as number[], late: [] as number[] };
  const take = async (): Promise<void> => {
    for await (const items of client.subscribe({})) {
      for (const item of items) {
        if (item.kind !== 'record') continue;
        got.seqs.push(item.seq);
        got.late.push(performance.now() - (sentAt.get(item.seq) ?? 0));
      }
    }
  };
  take().catch(() => undefined);
  const before = fixture.server.metrics().subscriptions;
  await until(() => fixture.server.metrics().subscriptions > before, 'the honest subscriber');
  return got;
}

/** A tree of plaintext under PGK 39. */
function treeOf(tree: string): TreeAnswer & { readonly track: number } {
  return {
    ...{ frame: 1, group: 'f00001', plain: { access: 'plain', keys: [keyName()] } },
    ...{ tree, octets: [], rows: [], track: 0 },
  };
}

const sentAt = new Map<number, number>();

/** Records come. @param octets of each one's summary and payload, beside the usual: a kernel holds megabytes of a TCP connection */
function deliver(fixture: RelayFixture, count: number, octets = 0): void {
  const summary = 'x'.repeat(octets);
  const records = Array.from({ length: count }, (_, index) => {
    const record = messageRecord(fixture.host.head + 1 + index);
    const { event, plain } = record;
    if (octets === 0 || plain === null) return record;
    return { ...record, event: { ...event, summary }, plain: { ...plain, summary } };
  });
  for (const { seq } of records) sentAt.set(seq, performance.now());
  fixture.deliver(records);
}

describe.each(KINDS)('before the upgrade, over %s', (kind) => {
  const GOOD = 'https://console.example:8443';

  test.each([
    ['no Origin, as programs come', undefined, 101],
    ['the one that is listed', GOOD, 101],
    ['another site', 'https://evil.example', 403],
    ['null, of a sandboxed page', 'null', 403],
    ['another case', 'https://Console.example:8443', 403],
    ['another port', 'https://console.example', 403],
    ['another scheme', 'http://console.example:8443', 403],
    ['a longer name', 'https://console.example:8443.evil.example', 403],
    ['with a path', `${GOOD}/`, 403],
    ['empty', '', 403],
    ['two headers', [GOOD, 'https://evil.example'], 403],
    ['the listed one twice', [GOOD, GOOD], 403],
    ['two in one header', `${GOOD}, https://evil.example`, 403],
  ])('Origin: %s', async (_what, origin, status) => {
    const fixture = await RelayFixture.start({ origins: [GOOD], tls: kind === 'tls' });
    const lines = { Host: hostOf(fixture, kind), ...(origin === undefined ? {} : { Origin: origin }) };
    expect(await statusOf(fixture, requestHead(lines), kind)).toBe(status);
  });

  test('no Origin is let in where none is listed', async () => {
    const fixture = await RelayFixture.start({ tls: kind === 'tls' });
    for (const Origin of [GOOD, 'null', 'http://localhost', 'https://127.0.0.1']) {
      expect(await statusOf(fixture, requestHead({ Host: hostOf(fixture, kind), Origin }), kind)).toBe(403);
    }
    expect(fixture.server.metrics().refused).toEqual({ origin: 4 });
  });

  test.each([
    ['of another name that points here', 'rebound.example', 421],
    ['with another port', 'localhost:81', 421],
    ['twice', ['localhost', 'localhost'], 421],
    ['in upper case, as names may be', 'LOCALHOST', 101],
  ])('Host: %s', async (_what, host, status) => {
    const fixture = await RelayFixture.start({ tls: kind === 'tls' });
    // What is a name of the Unix socket is one of the other with its port.
    const { port } = new URL(fixture.addresses.at(-1) ?? '');
    const names = [host].flat().map((name) => (kind === 'tls' && /^localhost$/i.test(name) ? `${name}:${port}` : name));
    expect(await statusOf(fixture, requestHead({ Host: names }), kind)).toBe(status);
  });

  test.each([
    ['a token in the address', {}, 'GET /v1/relay?token=abc HTTP/1.1', 404],
    ['another path', {}, 'GET / HTTP/1.1', 404],
    ['the path in another spelling', {}, 'GET /v1/./relay HTTP/1.1', 404],
    ['a POST', {}, 'POST /v1/relay HTTP/1.1', 405],
    ['no subprotocol', { 'Sec-WebSocket-Protocol': null }, undefined, 400],
    ['another subprotocol', { 'Sec-WebSocket-Protocol': 'sidescope.relay.2' }, undefined, 400],
    ['an old version', { 'Sec-WebSocket-Version': '7' }, undefined, 400],
    ['no upgrade at all', { Upgrade: null, Connection: 'keep-alive' }, undefined, 426],
    ['no upgrade, and another path', { Upgrade: null, Connection: 'keep-alive' }, 'GET /other HTTP/1.1', 404],
    ['no upgrade, and another method', { Upgrade: null, Connection: 'keep-alive' }, 'POST /v1/relay HTTP/1.1', 405],
    ['no upgrade, and an evil origin', { Upgrade: null, Origin: 'https://evil.example' }, undefined, 403],
    ['heads of more than 8 KiB', { 'X-Much': 'x'.repeat(8300) }, undefined, 0],
    ['a thousand headers', { 'X-Many': Array.from({ length: 1200 }, () => 'x') }, undefined, 0],
  ])('%s', async (_what, lines, first, status) => {
    const fixture = await RelayFixture.start({ tls: kind === 'tls' });
    expect(await statusOf(fixture, requestHead({ Host: hostOf(fixture, kind), ...lines }, first), kind)).toBe(status);
  });
});

describe('what one of the listeners has', () => {
  test('Host over TLS: addresses of the listener with its port, nothing else', async () => {
    const fixture = await RelayFixture.start({ tls: true });
    const { port } = new URL(fixture.addresses[1]);
    const status = (Host: string): Promise<number> => statusOf(fixture, requestHead({ Host }), 'tls');
    expect(await status(`127.0.0.1:${port}`)).toBe(101);
    expect(await status(`localhost:${port}`)).toBe(101);
    expect(await status('127.0.0.1')).toBe(421);
    expect(await status(`rebound.example:${port}`)).toBe(421);
  });

  test('the socket is for its owner alone; TLS 1.2 is not spoken', async () => {
    const fixture = await RelayFixture.start({ tls: true });
    expect(statSync(fixture.socket).mode & 0o777).toBe(0o600);
    const port = Number(new URL(fixture.addresses[1]).port);
    const old = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false, maxVersion: 'TLSv1.2' });
    const failed = await new Promise((resolve) => {
      old.once('secureConnect', () => resolve(false));
      old.once('error', () => resolve(true));
    });
    old.destroy();
    expect(failed).toBe(true);
  });

  test('five failures of an address and it has to wait; a socket file has no address', async () => {
    const fixture = await RelayFixture.start({ tls: true });
    const { port } = new URL(fixture.addresses[1]);
    for (let count = 0; count < 5; count++) {
      const socket = await rawSocket(fixture, 'tls');
      socket.write(requestHead({ Host: `localhost:${port}` }));
      await new Promise((resolve) => {
        socket.once('data', resolve);
      });
      // A masked text frame `{}`: no authentication.
      socket.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x7b, 0x7d]));
      await until(() => fixture.server.metrics().refused.authentication === count + 1, 'a refusal');
    }
    expect(await statusOf(fixture, requestHead({ Host: `localhost:${port}` }), 'tls')).toBe(429);
    expect(await statusOf(fixture, requestHead())).toBe(101);
  });
});

describe.each(KINDS)('authentication over %s', (kind) => {
  test('none: 4001 after 2 s', async () => {
    const fixture = await RelayFixture.start({ tls: kind === 'tls' });
    const client = await RawClient.open(fixture, kind);
    const begun = performance.now();
    expect(await client.closed).toBe(4001);
    expect(performance.now() - begun).toBeGreaterThan(1500);
  });

  test('replayed: on a new connection, at another daemon, twice on one', async () => {
    const fixture = await RelayFixture.start({ tls: kind === 'tls' });
    const other = await RelayFixture.start({ tls: kind === 'tls' });
    const subscriber = fixture.subscriber(META);
    const first = await RawClient.open(fixture, kind);
    const auth = first.auth(fixture, subscriber);
    first.say(auth);
    await first.next(({ type }) => type === 'ready');
    const second = await RawClient.open(fixture, kind);
    second.say(auth);
    expect(await second.closed).toBe(4001);
    const elsewhere = await RawClient.open(other, kind);
    elsewhere.say(auth);
    expect(await elsewhere.closed).toBe(4001);
    first.say(auth);
    expect(await first.closed).toBe(1008);
  });

  test('a capability of somebody else, one that ended, one that is widened', async () => {
    const fixture = await RelayFixture.start({ tls: kind === 'tls' });
    const subscriber = fixture.subscriber(META);
    const thief = await RawClient.open(fixture, kind);
    thief.say(thief.auth(fixture, { ...fixture.subscriber(PLAIN), capability: subscriber.capability }));
    expect(await thief.closed).toBe(4001);
    const late = await RawClient.open(fixture, kind);
    const now = Math.floor(Date.now() / 1000);
    late.say(late.auth(fixture, fixture.subscriber(META, { nbf: now - 100, exp: now - 1 })));
    expect(await late.closed).toBe(4003);
    const wider = await RawClient.open(fixture, kind);
    const [head, , signature] = subscriber.capability.split('.');
    const claims = JSON.parse(Buffer.from(subscriber.capability.split('.')[1], 'base64url').toString()) as object;
    const json = JSON.stringify(claims).replace('["meta"]', '["meta","plain"]');
    const capability = `${head}.${Buffer.from(json).toString('base64url')}.${signature}`;
    wider.say(wider.auth(fixture, { ...subscriber, capability }));
    expect(await wider.closed).toBe(4001);
    expect(fixture.host.audited.filter(({ type }) => type === 'relay.refused')).toHaveLength(3);
    expect(JSON.stringify([fixture.host.audited, fixture.logged])).not.toContain(subscriber.capability);
  });

  test('a flood of failures: the first are on record, then one a second, which says how many are not', async () => {
    const fixture = await RelayFixture.start();
    const fail = async (): Promise<void> => {
      const client = await RawClient.open(fixture);
      client.say({ type: 'auth' });
      expect(await client.closed).toBe(4001);
    };
    for (let count = 0; count < 100; count++) await fail();
    const refusals = (): { readonly type: string; readonly data: Readonly<Record<string, unknown>> }[] =>
      fixture.host.audited.filter(({ type }) => type === 'relay.refused');
    await new Promise((resolve) => {
      setTimeout(resolve, 1100);
    });
    await fail();
    await until(() => refusals().at(-1)?.data.unwritten !== undefined, 'a record that says so');
    expect(refusals().length).toBeGreaterThanOrEqual(51);
    expect(refusals().length).toBeLessThan(90);
    const unwritten = refusals().reduce((sum, { data }) => sum + ((data.unwritten as number | undefined) ?? 0), 0);
    expect(refusals().length + unwritten).toBe(101);
    expect(fixture.server.metrics().refused.authentication).toBe(101);
    expect(fixture.logged.length).toBeLessThan(90);
  });

  test('a grant that is used more often than it allows: 4003', async () => {
    const fixture = await RelayFixture.start({ tls: kind === 'tls' });
    const subscriber = fixture.subscriber(META, { maxConn: 1 });
    const one = await RawClient.open(fixture, kind);
    one.say(one.auth(fixture, subscriber));
    await one.next(({ type }) => type === 'ready');
    const two = await RawClient.open(fixture, kind);
    two.say(two.auth(fixture, subscriber));
    expect(await two.closed).toBe(4003);
  });
});

describe.each(KINDS)('behind it, over %s', (kind) => {
  test('messages of more than 64 KiB: 1009; fragments of one octet: 1008; binary: 1008', async () => {
    const fixture = await RelayFixture.start({ tls: kind === 'tls' });
    const large = await RawClient.ready(fixture, META, kind);
    large.webSocket.send('x'.repeat(65_537));
    expect(await large.closed).toBe(1009);
    const fragments = await RawClient.ready(fixture, META, kind);
    for (let count = 0; count < 17; count++) fragments.webSocket.send('x', { fin: false });
    expect(await fragments.closed).toBe(1008);
    const binary = await RawClient.ready(fixture, META, kind);
    binary.webSocket.send(Buffer.alloc(4));
    expect(await binary.closed).toBe(1008);
  });

  test('floods of pings and of messages: 4008', async () => {
    const fixture = await RelayFixture.start({ tls: kind === 'tls' });
    const pings = await RawClient.ready(fixture, META, kind);
    for (let count = 0; count < 30; count++) pings.webSocket.ping();
    expect(await pings.closed).toBe(4008);
    const messages = await RawClient.ready(fixture, META, kind);
    for (let count = 0; count < 30; count++) messages.say({ type: 'unsubscribe', sid: 1 });
    expect(await messages.closed).toBe(4008);
  });

  test('a stalled subscriber is closed or told of its gap; nobody else waits', async () => {
    const fixture = await RelayFixture.start({ tls: kind === 'tls' });
    const stalled = await RawClient.ready(fixture, META, kind);
    stalled.say({ type: 'subscribe', sid: 1, view: 'meta', slow: 'gap' });
    await stalled.next(({ type }) => type === 'live');
    const leaving = await RawClient.ready(fixture, META, kind);
    leaving.say({ type: 'subscribe', sid: 1, view: 'meta' });
    await leaving.next(({ type }) => type === 'live');
    const good = await honest(fixture, fixture.addresses.at(-1));
    stalled.webSocket.pause();
    leaving.webSocket.pause();
    for (let round = 0; round < 40; round++) {
      deliver(fixture, 250, kind === 'tls' ? 4000 : 0);
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
    }
    await until(() => good.seqs.length === 10_000, 'all records');
    expect(good.seqs).toEqual(Array.from({ length: 10_000 }, (_, index) => index + 1));
    await until(() => fixture.server.metrics().slowClosed === 1, 'the end of the stalled one');
    stalled.webSocket.resume();
    deliver(fixture, 1);
    await until(() => JSON.stringify(stalled.messages.at(-1)).includes('"seq":10001,'), 'the newest record');
    const items = stalled.messages.flatMap(
      (message) => (message.records ?? []) as ({ seq: number } | { gap: { from: number; to: number } })[],
    );
    let next = 1;
    for (const item of items) {
      expect('seq' in item ? item.seq : item.gap.from).toBe(next);
      next = ('seq' in item ? item.seq : item.gap.to) + 1;
    }
    expect(items.some((item) => 'gap' in item)).toBe(true);
  });

  test('who asks and does not take the answers is closed before they fill the memory', async () => {
    const fixture = await RelayFixture.start({ tls: kind === 'tls' });
    fixture.host.trees.set(1, treeOf('x'.repeat(2_000_000)));
    const client = await RawClient.ready(fixture, PLAIN, kind);
    client.webSocket.pause();
    for (let id = 0; id < 19; id++) client.say({ type: 'tree', id, frame: 1, view: 'plain' });
    await until(() => fixture.server.metrics().subscribers === 0, 'the end of the connection');
    client.webSocket.resume();
    await client.closed;
    expect(client.messages.length).toBeLessThan(19);
  });

  test('a key that is taken back while a socket holds a tree under it: the connection ends within a second', async () => {
    const fixture = await RelayFixture.start({ tls: kind === 'tls' });
    fixture.host.trees.set(1, treeOf('x'.repeat(2_000_000)));
    const other = await RawClient.ready(fixture, [{ gid: '*', views: ['forensic'] }], kind);
    other.webSocket.pause();
    for (let id = 0; id < 3; id++) other.say({ type: 'tree', id, frame: 1, view: 'forensic', reason: 'case 7' });
    const client = await RawClient.ready(fixture, PLAIN, kind);
    client.webSocket.pause();
    for (let id = 0; id < 3; id++) client.say({ type: 'tree', id, frame: 1, view: 'plain' });
    await until(() => fixture.host.treesAsked === 6, 'all questions');
    fixture.host.refusedKeys.add('f00001/39');
    fixture.server.keysChanged();
    await until(() => fixture.server.metrics().subscribers === 1, 'the end of the connection', 1000);
    // No key need be usable for the view forensic.
    other.webSocket.resume();
    expect(await other.next(({ id }) => id === 2)).toMatchObject({ type: 'tree' });
  });

  test('a revoked grant is closed (4003) within a second; the rest goes on', async () => {
    const fixture = await RelayFixture.start({ tls: kind === 'tls' });
    const good = await honest(fixture, fixture.addresses.at(-1));
    const client = await RawClient.ready(fixture, PLAIN, kind);
    client.say({ type: 'subscribe', sid: 1, view: 'plain' });
    await client.next(({ type }) => type === 'live');
    const row = fixture.server.subscribers().find(({ subscriptions }) => subscriptions[0]?.view === 'plain');
    const begun = performance.now();
    fixture.revoke('subject', row?.sub ?? '', 'lost');
    deliver(fixture, 1);
    expect(await client.closed).toBe(4003);
    expect(performance.now() - begun).toBeLessThan(1000);
    expect(JSON.stringify(client.messages)).not.toContain('"seq":1,');
    await until(() => good.seqs.length === 1, 'the record of the other');
    expect(fixture.host.demand.size).toBe(0);
  });

  test('a key that is taken back while a socket holds its plaintext: the connection ends within a second', async () => {
    const fixture = await RelayFixture.start({ tls: kind === 'tls' });
    const subscriber = fixture.subscriber(PLAIN);
    const client = await RawClient.ready(fixture, PLAIN, kind, subscriber);
    client.say({ type: 'subscribe', sid: 1, view: 'plain', slow: 'gap' });
    await client.next(({ type }) => type === 'live');
    client.webSocket.pause();
    for (let round = 0; round < 30; round++) {
      deliver(fixture, 100, kind === 'tls' ? 8000 : 0);
      await new Promise((resolve) => {
        setTimeout(resolve, 11);
      });
    }
    fixture.host.refusedKeys.add('f00001/39');
    fixture.server.keysChanged();
    await until(() => fixture.server.metrics().subscribers === 0, 'the end of the connection', 1000);
    // Whoever comes back with the same grant is told why, once; and nobody else is.
    await until(() => fixture.server.metrics().connections === 0, 'the end of the socket');
    const others = await RawClient.ready(fixture, PLAIN, kind);
    const again = await RawClient.ready(fixture, PLAIN, kind, subscriber);
    expect(await again.next(({ type }) => type === 'cut')).toEqual({
      type: 'cut',
      code: 4004,
      reason: 'a key was taken back',
    });
    const once = await RawClient.ready(fixture, PLAIN, kind, subscriber);
    for (const [id, each] of [others, once].entries()) {
      each.say({ type: 'tree', id, frame: 1, view: 'meta' });
      await each.next(({ type }) => type === 'error');
      expect(each.messages.some(({ type }) => type === 'cut')).toBe(false);
    }
    // A subscriber that keeps up stays, without plaintext.
    const other = await RawClient.ready(fixture, PLAIN, kind);
    other.say({ type: 'subscribe', sid: 1, view: 'plain' });
    await other.next(({ type }) => type === 'live');
    deliver(fixture, 1);
    const message = await other.next(({ type }) => type === 'records');
    expect(JSON.stringify(message)).not.toContain('payload');
  });
});

describe('floods of connections', () => {
  test('over TLS: an address has a burst of 32 and 10 a second; others come and stay', async () => {
    const fixture = await RelayFixture.start({ tls: true });
    const good = await honest(fixture, fixture.addresses[1]);
    const port = Number(new URL(fixture.addresses[1]).port);
    const from = { host: '127.0.0.1', port, localAddress: '127.0.0.2', rejectUnauthorized: false };
    let secured = 0;
    let ended = 0;
    for (let round = 0; round < 10; round++) {
      await Promise.all(
        Array.from({ length: 30 }, () => {
          const socket = connectTls(from, () => {
            secured++;
            socket.destroy();
          });
          return new Promise<void>((resolve) => {
            socket.on('error', () => undefined);
            socket.on('close', () => {
              ended++;
              resolve();
            });
          });
        }),
      );
    }
    expect(ended).toBe(300);
    const { flood } = fixture.server.metrics().refused;
    expect(flood).toBe(300 - secured);
    expect(secured).toBeGreaterThanOrEqual(32);
    expect(secured).toBeLessThan(200);
    const late = await honest(fixture, fixture.addresses[1]);
    deliver(fixture, 10);
    await until(() => good.seqs.length === 10 && late.seqs.length === 10, 'the records');
  });

  test('half-open ones make room for each other and go after 2 s; honest subscribers come and stay', async () => {
    const fixture = await RelayFixture.start();
    const good = await honest(fixture);
    const sockets: Socket[] = [];
    for (let count = 0; count < 400; count++)
      sockets.push(connectTcp({ path: fixture.socket }).on('error', () => undefined));
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
    });
    for (const socket of sockets.slice(0, 100)) socket.write('GET /v1/relay HTTP/1.1\r\nHost: loc');
    await until(() => fixture.server.metrics().connections > 200, 'many sockets');
    expect(fixture.server.metrics().connections).toBeLessThanOrEqual(256);
    const late = await honest(fixture);
    deliver(fixture, 10);
    await until(() => good.seqs.length === 10 && late.seqs.length === 10, 'the records');
    await until(() => fixture.server.metrics().connections === 2, 'the end of the half-open ones');
  });

  test('10,000 connections that come and go cost no memory and no record', async () => {
    const fixture = await RelayFixture.start();
    const good = await honest(fixture);
    globalThis.gc?.();
    const before = process.memoryUsage().rss;
    for (let round = 0; round < 100; round++) {
      const sockets = Array.from({ length: 100 }, () =>
        connectTcp({ path: fixture.socket }).on('error', () => undefined),
      );
      await Promise.all(
        sockets.map(
          (socket, index) =>
            new Promise<void>((resolve) => {
              socket.on('connect', () => {
                if (index % 3 === 0) socket.write(requestHead());
                if (index % 3 === 1) socket.write('\0'.repeat(100));
                setImmediate(() => socket.destroy());
              });
              socket.on('close', () => resolve());
            }),
        ),
      );
      deliver(fixture, 10);
    }
    await until(() => good.seqs.length === 1000, 'all records');
    await until(() => fixture.server.metrics().connections === 1, 'the end of the others');
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024);
    expect(fixture.server.metrics().subscribers).toBe(1);
  });
});
