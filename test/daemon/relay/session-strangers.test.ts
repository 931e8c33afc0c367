// What a stranger or a clumsy client may say, in any order: a session never throws, says nothing after its end, and begins
// nothing that is not as docs/relay.md has it.

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { issueCapability } from '../../../daemon/relay/capability.ts';
import { publicHex } from '../../../daemon/relay/ed25519.ts';
import { makeAuth, socketBinding } from '../../../daemon/relay/handshake.ts';
import { CloseCode, type HelloMessage, MOST_QUESTIONS, MOST_SUBSCRIPTIONS } from '../../../daemon/relay/protocol.ts';
import { RelaySession, type SessionCommand, type SessionEvent } from '../../../daemon/relay/session.ts';

const key = () => generateKeyPairSync('ed25519').privateKey;
const [operator, daemon, identity] = [key(), key(), key()];
const BINDING = socketBinding('/run/sidescope/relay.sock');
const NOW = Date.UTC(2026, 4, 1, 10);
const CODES: ReadonlySet<number> = new Set(Object.values(CloseCode));

/** A session that has said hello, and its auth. */
function opened(clock: { now: number }): { readonly session: RelaySession; readonly auth: object } {
  const session = new RelaySession({
    daemon,
    operator: publicHex(operator),
    revocations: { isRevoked: () => false, isSetBack: false, point: { epoch: 3, head: 'ab'.repeat(32) } },
    wallClock: () => NOW + clock.now,
    clock: () => clock.now,
    random: (octets) => randomBytes(octets),
    connections: () => 0,
    head: 40,
  });
  const [command] = session.handle({ kind: 'open', binding: BINDING });
  const hello = (command as { message: HelloMessage }).message;
  const capability = issueCapability(operator, {
    ...{ aud: publicHex(daemon), jti: 'ab'.repeat(16), sub: publicHex(identity), rate: 0, maxConn: 2 },
    ...{
      nbf: NOW / 1000 - 5,
      exp: NOW / 1000 + 3600,
      groups: [{ gid: 'f00001', views: ['meta', 'plain', 'forensic'] }],
    },
  });
  const challenge = { server: publicHex(daemon), serverNonce: hello.nonce, binding: BINDING };
  return { session, auth: makeAuth(identity, capability, Buffer.alloc(32, 7), challenge) };
}

const odd = fc.oneof(
  fc.constantFrom(
    0,
    1,
    -1,
    0.5,
    15,
    16,
    65_535,
    65_536,
    2 ** 31,
    2 ** 53 - 1,
    2 ** 53,
    1e308,
    -0,
    null,
    '',
    true,
    [],
    {},
  ),
  fc.constantFrom('meta', 'plain', 'forensic', 'f00001', '*', 'disconnect', 'gap', 'json', 'pcapng', '__proto__'),
  fc.constantFrom(['f00001'], ['f00002'], ['*'], ['message'], [null], 'frame.number > 3', '('.repeat(9000), 'x y z'),
);
const member = fc.constantFrom(
  ...['sid', 'id', 'view', 'groups', 'filter', 'since', 'slow', 'downgraded', 'format', 'types', 'reason', 'frame'],
  ...['constructor', 'toString', 'nonce', 'sig'],
);
const message = fc
  .tuple(
    fc.constantFrom('subscribe', 'unsubscribe', 'tree', 'status', 'auth', 'hello', 'constructor', '', 7),
    fc.dictionary(member, odd, { maxKeys: 6 }),
    fc.constantFrom(
      {},
      { sid: 1, view: 'meta' },
      { sid: 2, view: 'plain' },
      { id: 1, frame: 7, view: 'plain' },
      { id: 3 },
    ),
  )
  .map(([type, more, good]) => JSON.stringify({ type, ...good, ...more }));
const good = fc.constantFrom(
  ...['{"type":"subscribe","sid":1,"view":"meta"}', '{"type":"subscribe","sid":2,"view":"plain","since":99}'],
  ...['{"type":"unsubscribe","sid":1}', '{"type":"unsubscribe","sid":2}', '{"type":"status","id":1}'],
  ...[
    '{"type":"tree","id":7,"frame":1,"view":"meta"}',
    '{"type":"tree","id":8,"frame":9007199254740991,"view":"plain"}',
  ],
);
const NESTED = `{"type":"status","id":${'['.repeat(30_000)}${']'.repeat(30_000)}}`;
const text = fc.oneof(
  { weight: 8, arbitrary: message },
  { weight: 16, arbitrary: good },
  { weight: 1, arbitrary: fc.string() },
  {
    weight: 1,
    arbitrary: fc.constantFrom('[]', 'null', '{"type":', '['.repeat(30_000), '{"a":'.repeat(10_000), NESTED),
  },
);
const event: fc.Arbitrary<SessionEvent | 'auth' | 'later'> = fc.oneof(
  { weight: 12, arbitrary: text.map((each): SessionEvent => ({ kind: 'message', text: each })) },
  { weight: 2, arbitrary: fc.constant('auth' as const) },
  { weight: 6, arbitrary: fc.constant('later' as const) },
  {
    weight: 4,
    arbitrary: fc.constantFrom<SessionEvent>({ kind: 'audited', done: true }, { kind: 'audited', done: false }),
  },
  { weight: 2, arbitrary: fc.constantFrom<SessionEvent>({ kind: 'ping' }, { kind: 'tick' }) },
);

describe('a session', () => {
  test.each([
    ['of a stranger', false],
    ['that has authenticated', true],
  ])('%s never throws and keeps to its limits', (_who, begins) => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const clock = { now: 0 };
        const { session, auth } = opened(clock);
        const sids = new Set<number>();
        let questions = 0;
        let isReady = false;
        let hasEnded = false;
        const take = (commands: readonly SessionCommand[]): void => {
          expect(hasEnded && commands.length > 0).toBe(false);
          for (const command of commands) {
            seen.add(command.kind);
            if (command.kind === 'authenticated') isReady = true;
            if (command.kind === 'close') {
              hasEnded = true;
              expect(CODES.has(command.code)).toBe(true);
            }
            if (!['subscribe', 'unsubscribe', 'tree', 'status'].includes(command.kind)) continue;
            expect(isReady).toBe(true);
            if (command.kind === 'subscribe') {
              const { sid, since, access } = command.wish;
              expect([Number.isInteger(sid), sid >= 0 && sid < 65_536, sids.has(sid)]).toEqual([true, true, false]);
              expect(since === null || (Number.isSafeInteger(since) && since >= 0)).toBe(true);
              expect(access.reach.map(({ gid }) => gid)).toEqual(['f00001']);
              sids.add(sid);
              expect(sids.size).toBeLessThanOrEqual(MOST_SUBSCRIPTIONS);
            }
            if (command.kind === 'unsubscribe') expect(sids.delete(command.sid)).toBe(true);
            if (command.kind === 'tree') expect(++questions).toBeLessThanOrEqual(MOST_QUESTIONS);
          }
        };
        const hear = (each: SessionEvent): void => {
          // As a connection does: no message while something is put on record.
          if (each.kind !== 'message' || session.hears) take(session.handle(each));
        };
        if (begins) {
          hear({ kind: 'message', text: JSON.stringify(auth) });
          hear({ kind: 'audited', done: true });
          expect(isReady).toBe(true);
        }
        for (const each of events) {
          if (each === 'auth') hear({ kind: 'message', text: JSON.stringify(auth) });
          else if (each === 'later') clock.now += 100;
          else hear(each);
        }
      }),
      { numRuns: 500 },
    );
    // It was not all refused at the door.
    if (begins) for (const kind of ['subscribe', 'unsubscribe', 'tree', 'close']) expect([...seen]).toContain(kind);
  });
});
