// The conversation of one connection as dialogues: what is said, and what is to be done then.

import { generateKeyPairSync } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import type { GroupGrant } from '../../../daemon/relay/capability.ts';
import { issueCapability } from '../../../daemon/relay/capability.ts';
import { publicHex } from '../../../daemon/relay/ed25519.ts';
import { type Challenge, isHello, isReady, makeAuth, socketBinding } from '../../../daemon/relay/handshake.ts';
import { type HelloMessage, MOST_AUTH_OCTETS } from '../../../daemon/relay/protocol.ts';
import { RelaySession, type SessionCommand } from '../../../daemon/relay/session.ts';

const key = () => generateKeyPairSync('ed25519').privateKey;
const operator = key();
const daemon = key();
const identity = key();
const BINDING = socketBinding('/run/sidescope/relay.sock');
const CLIENT_NONCE = Buffer.alloc(32, 7);

/** A session, its clocks and what was revoked. */
class Dialogue {
  wall = Date.UTC(2026, 4, 1, 10);
  time = 0;
  revoked = false;
  others = 0;
  #randoms = 0;
  readonly revocations = {
    isRevoked: () => this.revoked,
    isSetBack: false,
    point: { epoch: 3, head: 'ab'.repeat(32) },
  };
  readonly session = new RelaySession({
    daemon,
    operator: publicHex(operator),
    revocations: this.revocations,
    wallClock: () => this.wall,
    clock: () => this.time,
    random: (octets) => new Uint8Array(octets).fill(++this.#randoms),
    connections: () => this.others,
    head: 40,
  });
  hello!: HelloMessage;

  open(): Challenge {
    const [command] = this.session.handle({ kind: 'open', binding: BINDING });
    this.hello = (command as { message: HelloMessage }).message;
    return { server: publicHex(daemon), serverNonce: this.hello.nonce, binding: BINDING };
  }

  capability(groups: readonly GroupGrant[] = [{ gid: 'f00001', views: ['meta', 'plain'] }], more: object = {}): string {
    const now = this.wall / 1000;
    return issueCapability(operator, {
      aud: publicHex(daemon),
      jti: 'ab'.repeat(16),
      sub: publicHex(identity),
      nbf: now - 5,
      exp: now + 3600,
      groups,
      rate: 0,
      maxConn: 2,
      ...more,
    });
  }

  say(message: object): SessionCommand[] {
    return this.session.handle({ kind: 'message', text: JSON.stringify(message) });
  }

  /** The whole handshake. */
  begin(groups?: readonly GroupGrant[]): SessionCommand[] {
    const challenge = this.open();
    const commands = this.say(makeAuth(identity, this.capability(groups), CLIENT_NONCE, challenge));
    return [...commands, ...this.session.handle({ kind: 'audited', done: true })];
  }
}

const kinds = (commands: readonly SessionCommand[]): string[] => commands.map(({ kind }) => kind);
const closing = (commands: readonly SessionCommand[]): unknown => {
  const close = commands.find((command) => command.kind === 'close');
  return close === undefined ? null : [(close as { code: number }).code, (close as { reason: string }).reason];
};
const answer = (commands: readonly SessionCommand[]): Record<string, unknown> => {
  const send = commands.find((command) => command.kind === 'send') as { message: unknown } | undefined;
  return (send?.message ?? {}) as Record<string, unknown>;
};

let dialogue: Dialogue;
beforeEach(() => {
  dialogue = new Dialogue();
});

describe('the handshake', () => {
  test('hello, auth, on record, ready: signed by the daemon over both numbers', () => {
    const challenge = dialogue.open();
    expect(isHello(dialogue.hello, publicHex(daemon), BINDING)).toBe(true);
    const heard = dialogue.say(makeAuth(identity, dialogue.capability(), CLIENT_NONCE, challenge));
    expect(heard).toMatchObject([{ kind: 'audit', type: 'relay.authenticated', waits: true }]);
    expect(dialogue.session.capability).toBeNull();
    const ready = dialogue.session.handle({ kind: 'audited', done: true });
    expect(kinds(ready)).toEqual(['authenticated', 'send']);
    expect(answer(ready)).toMatchObject({
      type: 'ready',
      head: 40,
      grants: [{ gid: 'f00001', views: ['meta', 'plain'] }],
      state: { epoch: 3, head: 'ab'.repeat(32) },
    });
    const nonce = CLIENT_NONCE.toString('hex');
    expect(isReady(answer(ready), nonce, challenge)).toBe(true);
    expect(isReady({ ...answer(ready), head: 41 }, nonce, challenge)).toBe(false);
    expect(isReady({ ...answer(ready), state: { epoch: 4, head: 'ab'.repeat(32) } }, nonce, challenge)).toBe(false);
    expect(isReady({ ...answer(ready), state: 3 }, nonce, challenge)).toBe(false);
    expect(isReady(answer(ready), '00'.repeat(32), challenge)).toBe(false);
    expect(dialogue.session.isGranted()).toBe(true);
  });

  test('a client does not believe a hello of another daemon, another connection, or with a changed time', () => {
    dialogue.open();
    expect(isHello(dialogue.hello, publicHex(operator), BINDING)).toBe(false);
    expect(isHello(dialogue.hello, publicHex(daemon), socketBinding('/tmp/relay.sock'))).toBe(false);
    expect(isHello({ ...dialogue.hello, time: '2026-01-01T00:00:00.000Z' }, publicHex(daemon), BINDING)).toBe(false);
    expect(isHello({ ...dialogue.hello, more: 1 }, publicHex(daemon), BINDING)).toBe(false);
  });

  test.each<[string, (given: Dialogue, challenge: Challenge) => object | string, number]>([
    ['no JSON', () => 'auth', 4001],
    ['another message', () => ({ type: 'subscribe', sid: 1, view: 'meta' }), 4001],
    [
      'a member more',
      (given, challenge) => ({ ...makeAuth(identity, given.capability(), CLIENT_NONCE, challenge), alg: 'none' }),
      4001,
    ],
    [
      'over a nonce of another connection',
      (given, challenge) =>
        makeAuth(identity, given.capability(), CLIENT_NONCE, { ...challenge, serverNonce: '00'.repeat(32) }),
      4001,
    ],
    [
      'for another server',
      (given, challenge) =>
        makeAuth(identity, given.capability(), CLIENT_NONCE, { ...challenge, server: publicHex(operator) }),
      4001,
    ],
    [
      'without the exporter',
      (given, challenge) =>
        makeAuth(identity, given.capability(), CLIENT_NONCE, { ...challenge, binding: new Uint8Array(0) }),
      4001,
    ],
    [
      'by somebody with the capability of another',
      (given, challenge) => makeAuth(key(), given.capability(), CLIENT_NONCE, challenge),
      4001,
    ],
    [
      'with a capability that was exchanged',
      (given, challenge) => ({
        ...makeAuth(identity, given.capability(), CLIENT_NONCE, challenge),
        capability: given.capability([{ gid: '*', views: ['plain'] }]),
      }),
      4001,
    ],
    [
      'expired',
      (given, challenge) =>
        makeAuth(
          identity,
          given.capability(undefined, { nbf: given.wall / 1000 - 20, exp: given.wall / 1000 }),
          CLIENT_NONCE,
          challenge,
        ),
      4003,
    ],
    [
      'not yet valid',
      (given, challenge) =>
        makeAuth(identity, given.capability(undefined, { nbf: given.wall / 1000 + 6 }), CLIENT_NONCE, challenge),
      4003,
    ],
    [
      'longer than a capability',
      () => ({ type: 'auth', nonce: '0'.repeat(64), sig: '0'.repeat(128), capability: 'x'.repeat(MOST_AUTH_OCTETS) }),
      4001,
    ],
  ])('auth %s is refused, noted and put on record', (_what, message, code) => {
    const challenge = dialogue.open();
    const said = message(dialogue, challenge);
    const commands =
      typeof said === 'string' ? dialogue.session.handle({ kind: 'message', text: said }) : dialogue.say(said);
    expect(kinds(commands)).toEqual(['failed', 'audit', 'close']);
    expect(commands[2]).toMatchObject({ code });
    // One attempt: whatever comes then is not heard.
    expect(dialogue.say(makeAuth(identity, dialogue.capability(), CLIENT_NONCE, challenge))).toEqual([]);
  });

  test('a revoked grant, and one connection too many, are 4003', () => {
    dialogue.revoked = true;
    expect(closing(dialogue.begin())).toEqual([4003, 'the grant was revoked']);
    dialogue = new Dialogue();
    dialogue.others = 2;
    expect(closing(dialogue.begin())).toEqual([4003, 'this grant allows 2 connections at once']);
  });

  test('a state that was set back: 4009 for who is authenticated, on record, and no failure of theirs', () => {
    dialogue.revocations.isSetBack = true;
    const heard = dialogue.begin();
    expect(kinds(heard)).toEqual(['audit', 'close']);
    expect(heard[0]).toMatchObject({ type: 'relay.refused', waits: false, data: { jti: 'ab'.repeat(16) } });
    expect(closing(heard)).toEqual([4009, "the daemon's state was set back"]);
    const stranger = new Dialogue();
    stranger.revocations.isSetBack = true;
    stranger.open();
    expect(closing(stranger.say({ type: 'auth', nonce: '00', capability: 'x', sig: '00' }))).toEqual([
      4001,
      'no authentication',
    ]);
  });

  test('a grant that is revoked while it is put on record does not begin', () => {
    dialogue.say(makeAuth(identity, dialogue.capability(), CLIENT_NONCE, dialogue.open()));
    dialogue.revoked = true;
    expect(closing(dialogue.session.handle({ kind: 'audited', done: true }))).toEqual([4003, 'the grant was revoked']);
  });

  test('2 s without auth are the end', () => {
    dialogue.open();
    dialogue.time = 1999;
    expect(dialogue.session.handle({ kind: 'tick' })).toEqual([]);
    dialogue.time = 2000;
    expect(closing(dialogue.session.handle({ kind: 'tick' }))).toEqual([4001, 'no authentication in time']);
  });

  test('binary messages are the end', () => {
    dialogue.begin();
    expect(closing(dialogue.session.handle({ kind: 'binary' }))?.toString()).toMatch(/^1008/);
  });
});

describe('subscriptions', () => {
  test('plaintext is on record before it begins', () => {
    dialogue.begin();
    const asked = dialogue.say({ type: 'subscribe', sid: 1, view: 'plain', since: 7 });
    expect(asked).toMatchObject([
      { kind: 'audit', type: 'relay.plaintext', waits: true, data: { groups: ['f00001 plain'], since: 7 } },
    ]);
    expect(dialogue.session.hears).toBe(false);
    const begun = dialogue.session.handle({ kind: 'audited', done: true });
    expect(kinds(begun)).toEqual(['send', 'subscribe']);
    expect(answer(begun)).toEqual({
      type: 'subscribed',
      sid: 1,
      groups: [{ gid: 'f00001', view: 'plain' }],
      since: 7,
      head: 40,
    });
  });

  test('what cannot be put on record does not begin; metadata does', () => {
    dialogue.begin();
    dialogue.say({ type: 'subscribe', sid: 1, view: 'plain' });
    expect(answer(dialogue.session.handle({ kind: 'audited', done: false }))).toMatchObject({
      type: 'error',
      sid: 1,
      code: 'relay.audit',
    });
    expect(kinds(dialogue.say({ type: 'subscribe', sid: 1, view: 'meta' }))).toEqual(['send', 'subscribe']);
  });

  test('an engine that is down: a subscriber comes in after 2 s at most, and is told why it gets nothing plain', () => {
    const challenge = dialogue.open();
    const heard = dialogue.say(makeAuth(identity, dialogue.capability(), CLIENT_NONCE, challenge));
    expect(heard).toMatchObject([{ kind: 'audit', type: 'relay.authenticated', patience: 2000 }]);
    const ready = dialogue.session.handle({ kind: 'audited', done: false, isEngineDown: true });
    expect(answer(ready)).toMatchObject({ type: 'ready' });
    expect(dialogue.say({ type: 'subscribe', sid: 1, view: 'plain' })).toMatchObject([{ kind: 'audit' }]);
    const refused = dialogue.session.handle({ kind: 'audited', done: false, isEngineDown: true });
    expect(answer(refused)).toMatchObject({ type: 'error', sid: 1, code: 'relay.engine-down' });
    // The same number may be used again when the engine is back.
    dialogue.say({ type: 'subscribe', sid: 1, view: 'plain' });
    expect(kinds(dialogue.session.handle({ kind: 'audited', done: true }))).toEqual(['send', 'subscribe']);
  });

  test('meta never implies plain, plain never implies forensic, one group never another', () => {
    dialogue.begin([
      { gid: 'f00001', views: ['meta'] },
      { gid: 'f00002', views: ['plain'] },
    ]);
    const view = (more: object): unknown => answer(dialogue.say({ type: 'subscribe', sid: 1, ...more })).code;
    expect(view({ view: 'plain', groups: ['f00001'] })).toBe('relay.not-granted');
    expect(view({ view: 'forensic', groups: ['f00002'], reason: 'why' })).toBe('relay.not-granted');
    expect(view({ view: 'meta', groups: ['f00003'] })).toBe('relay.not-granted');
    expect(view({ view: 'meta', groups: ['*'] })).toBe('relay.not-granted');
    expect(view({ view: 'meta', groups: ['f000??'] })).toBe('relay.not-granted');
    // All that is granted, each with what is granted of it.
    dialogue.say({ type: 'subscribe', sid: 1, view: 'plain' });
    expect(answer(dialogue.session.handle({ kind: 'audited', done: true })).groups).toEqual([
      { gid: 'f00001', view: 'meta' },
      { gid: 'f00002', view: 'plain' },
    ]);
  });

  test('the view forensic wants a reason', () => {
    dialogue.begin([{ gid: '*', views: ['forensic'] }]);
    expect(answer(dialogue.say({ type: 'subscribe', sid: 1, view: 'forensic' })).code).toBe('relay.reason');
    expect(answer(dialogue.say({ type: 'subscribe', sid: 1, view: 'forensic', reason: ' ' })).code).toBe(
      'relay.protocol',
    );
    expect(dialogue.say({ type: 'subscribe', sid: 1, view: 'forensic', reason: 'case 7' })).toMatchObject([
      { data: { reason: 'case 7' } },
    ]);
  });

  test('a wrong filter is answered with its column and the nearest name', () => {
    dialogue.begin();
    const wrong = (filter: string): unknown =>
      answer(dialogue.say({ type: 'subscribe', sid: 1, view: 'meta', filter }));
    expect(wrong('slrb.sn == 1 and slrb.verdit == forged')).toMatchObject({
      code: 'relay.filter',
      column: 18,
      hint: expect.stringContaining('slrb.verdict'),
    });
    expect(wrong('rtp.ssrc == 5')).toMatchObject({
      code: 'relay.filter',
      column: 1,
      message: expect.stringContaining('records have not'),
    });
    expect(wrong('udp[0:2] == 00:01')).toMatchObject({ code: 'relay.filter', column: 1 });
    expect(
      kinds(dialogue.say({ type: 'subscribe', sid: 1, view: 'meta', filter: 'rtp or finding.severity >= high' })),
    ).toEqual(['send', 'subscribe']);
  });

  test('a number twice, one too many, and one that is not there', () => {
    dialogue.begin();
    for (let sid = 1; sid <= 16; sid++) {
      dialogue.time += 100;
      expect(kinds(dialogue.say({ type: 'subscribe', sid, view: 'meta' }))).toEqual(['send', 'subscribe']);
    }
    dialogue.time += 1000;
    expect(answer(dialogue.say({ type: 'subscribe', sid: 3, view: 'meta' })).message).toContain('already');
    expect(answer(dialogue.say({ type: 'subscribe', sid: 17, view: 'meta' })).message).toContain('16 subscriptions');
    expect(answer(dialogue.say({ type: 'unsubscribe', sid: 17 })).code).toBe('relay.subscription');
    expect(kinds(dialogue.say({ type: 'unsubscribe', sid: 3 }))).toEqual(['unsubscribe', 'send']);
    expect(kinds(dialogue.say({ type: 'subscribe', sid: 17, view: 'meta' }))).toEqual(['send', 'subscribe']);
  });

  test('members that nobody knows, or that are not what they must be, are errors with the nearest name', () => {
    dialogue.begin();
    const error = (message: object): unknown => answer(dialogue.say(message));
    expect(error({ type: 'subscribe', sid: 1, view: 'meta', fliter: 'x' })).toMatchObject({
      sid: 1,
      code: 'relay.protocol',
      hint: 'did you mean filter?',
    });
    expect(error({ type: 'subscribe', sid: 1 })).toMatchObject({ message: 'subscribe lacks view' });
    expect(error({ type: 'subscribe', sid: -1, view: 'meta' })).not.toHaveProperty('sid');
    expect(error({ type: 'subscribe', sid: 1, view: 'meta', groups: ['F00001'] })).toMatchObject({
      code: 'relay.protocol',
    });
    expect(error({ type: 'tree', id: 4, frame: 1.5, view: 'meta' })).toMatchObject({ id: 4, code: 'relay.protocol' });
    for (const reason of [' ', 'x'.repeat(257), 'half a pair \ud83d'])
      expect(error({ type: 'tree', id: 5, frame: 1, view: 'meta', reason })).toMatchObject({ code: 'relay.protocol' });
    expect(error({ type: 'subscribe', sid: 1, view: 'meta', constructor: 1 })).toMatchObject({
      code: 'relay.protocol',
    });
  });

  test('a member that is said twice is an error, whichever comes last', () => {
    dialogue.begin();
    for (const views of ['"view":"meta","view":"plain"', '"view":"plain","view":"meta"']) {
      const text = `{"type":"subscribe","sid":1,${views}}`;
      const heard = dialogue.session.handle({ kind: 'message', text });
      expect(answer(heard)).toMatchObject({ sid: 1, code: 'relay.protocol', message: '"view" is said twice' });
    }
  });

  test('blanks before a colon, and escapes in a name, hide no second one', () => {
    dialogue.begin();
    const text = '{"type":"subscribe","sid":1,"view":"meta","vi\\u0065w" \n :"plain"}';
    expect(answer(dialogue.session.handle({ kind: 'message', text }))).toMatchObject({
      message: '"view" is said twice',
    });
  });

  test('what is nested as deep as a message can be is an error like any other', () => {
    dialogue.begin();
    for (const [open, close] of ['[]', ['{"a":', '}']]) {
      const deep = 60_000 / (open.length + close.length);
      const groups = `${open.repeat(deep)}0${close.repeat(deep)}`;
      const text = `{"type":"subscribe","sid":1,"view":"meta","groups":${groups}}`;
      expect(answer(dialogue.session.handle({ kind: 'message', text }))).toMatchObject({ code: 'relay.protocol' });
    }
  });

  test.each(['{', '[]', '5', '{"type":"grant"}', '{"type":"__proto__"}', '{"type":["subscribe"]}'])(
    '%s is the end: 1008',
    (text) => {
      dialogue.begin();
      expect(closing(dialogue.session.handle({ kind: 'message', text }))?.toString()).toMatch(/^1008/);
    },
  );

  test('more than 20 messages a second are the end: 4008; pings count', () => {
    dialogue.begin();
    for (let count = 0; count < 10; count++) {
      expect(kinds(dialogue.say({ type: 'unsubscribe', sid: 9 }))).toEqual(['send']);
      expect(dialogue.session.handle({ kind: 'ping' })).toEqual([]);
    }
    dialogue.time += 50;
    expect(kinds(dialogue.say({ type: 'unsubscribe', sid: 9 }))).toEqual(['send']);
    expect(closing(dialogue.say({ type: 'unsubscribe', sid: 9 }))?.toString()).toMatch(/^4008/);
  });
});

describe('afterwards', () => {
  test('a grant ends at its second, and at once when it is revoked', () => {
    dialogue.begin();
    dialogue.wall += 3_599_999;
    expect(dialogue.session.isGranted()).toBe(true);
    expect(dialogue.session.handle({ kind: 'tick' })).toEqual([]);
    dialogue.wall += 1;
    expect(dialogue.session.isGranted()).toBe(false);
    expect(closing(dialogue.session.handle({ kind: 'tick' }))).toEqual([4003, 'the grant has ended']);
    dialogue = new Dialogue();
    dialogue.begin();
    dialogue.revoked = true;
    expect(dialogue.session.isGranted()).toBe(false);
    expect(closing(dialogue.session.handle({ kind: 'tick' }))).toEqual([4003, 'the grant was revoked']);
  });

  test('status is for who may see every group; a tree in the view forensic is on record first', () => {
    dialogue.begin();
    expect(answer(dialogue.say({ type: 'status', id: 1 })).code).toBe('relay.not-granted');
    expect(kinds(dialogue.say({ type: 'tree', id: 2, frame: 5, view: 'plain' }))).toEqual(['tree']);
    expect(answer(dialogue.say({ type: 'tree', id: 2, frame: 5, view: 'forensic' })).code).toBe('relay.reason');
    dialogue = new Dialogue();
    dialogue.begin([{ gid: '*', views: ['meta'] }]);
    expect(kinds(dialogue.say({ type: 'status', id: 1 }))).toEqual(['status']);
    expect(kinds(dialogue.say({ type: 'tree', id: 3, frame: 5, view: 'forensic', reason: 'case 7' }))).toEqual([
      'audit',
    ]);
    expect(kinds(dialogue.session.handle({ kind: 'audited', done: true }))).toEqual(['tree']);
  });

  test('eight questions wait for an answer, not nine', () => {
    dialogue.begin();
    for (let id = 0; id < 8; id++)
      expect(kinds(dialogue.say({ type: 'tree', id, frame: 1, view: 'meta' }))).toEqual(['tree']);
    expect(answer(dialogue.say({ type: 'tree', id: 8, frame: 1, view: 'meta' })).code).toBe('relay.busy');
    dialogue.session.handle({ kind: 'answered' });
    expect(kinds(dialogue.say({ type: 'tree', id: 9, frame: 1, view: 'meta' }))).toEqual(['tree']);
  });
});
