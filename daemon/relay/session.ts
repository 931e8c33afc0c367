// One connection's conversation, without a socket: an event goes in, commands come out. Clock and random numbers are passed
// in, so that a test can hold the whole dialogue. What happens to records is the fan-out's; here is who may ask for what.

import type { KeyObject } from 'node:crypto';
import { FilterError } from '../../dissectors/filter/filter-error.ts';
import { Access, grantedView, narrowGrants, type Reach } from './access.ts';
import { type Capability, readCapability, VIEWS, type View, verifyCapability } from './capability.ts';
import { readClientMessage } from './client-messages.ts';
import { publicHex } from './ed25519.ts';
import type { Wish } from './fan-out.ts';
import { type Challenge, isAuth, isAuthBy, makeHello, makeReady, NONCE_LENGTH } from './handshake.ts';
import {
  type AuthMessage,
  CloseCode,
  type ErrorMessage,
  HANDSHAKE_DEADLINE,
  type HelloMessage,
  MOST_AUTH_OCTETS,
  MOST_CONTROL_RATE,
  MOST_QUESTIONS,
  MOST_SUBSCRIPTIONS,
  QUEUE_AGE,
  QUEUE_OCTETS,
  QUEUE_RECORDS,
  RECORD_TYPES,
  type ReadyMessage,
  type ServerMessage,
  type SubscribeRequest,
  type TreeRequest,
} from './protocol.ts';
import { compileRecordFilter, type RecordFilter } from './record-fields.ts';
import { RelayError } from './relay-error.ts';
import type { Revocations } from './revocations.ts';

/**
 * We chose: ms that a subscriber waits for its authentication to be put on record. It gets nothing plain by it, and its own
 * patience ends after 5 s.
 */
const AUDIT_PATIENCE = 2000;

/** What the conversation is held with. */
export interface SessionSurroundings {
  readonly daemon: KeyObject;
  /** Public key of the operator whose capabilities count. */
  readonly operator: string;
  readonly revocations: Pick<Revocations, 'isRevoked' | 'isSetBack' | 'point'>;
  /** Milliseconds since 1970. */
  readonly wallClock: () => number;
  /** Milliseconds of a clock that does not go back. */
  readonly clock: () => number;
  readonly random: (octets: number) => Uint8Array;
  /** Connections that use this capability now. */
  readonly connections: (jti: string) => number;
  readonly head: number;
}

/** What happens to a connection. */
export type SessionEvent =
  | { readonly kind: 'open'; readonly binding: Uint8Array }
  | { readonly kind: 'message'; readonly text: string }
  | { readonly kind: 'binary' }
  /** A ping frame, which costs an answer as a message does. */
  | { readonly kind: 'ping' }
  /** What a command `audit` asked for is on record, or could not be put there, and whether that is because the engine is down. */
  | { readonly kind: 'audited'; readonly done: boolean; readonly isEngineDown?: boolean }
  /** A question was answered. */
  | { readonly kind: 'answered' }
  | { readonly kind: 'tick' };

/** What is to be done, in order. */
export type SessionCommand =
  | { readonly kind: 'send'; readonly message: HelloMessage | ReadyMessage | ServerMessage }
  | { readonly kind: 'close'; readonly code: CloseCode; readonly reason: string }
  /** Put on record; then comes the event `audited`, before any other message is heard. */
  | {
      readonly kind: 'audit';
      readonly type: string;
      readonly data: Readonly<Record<string, unknown>>;
      readonly waits: boolean;
      /** ms after which it counts as not done; absent: whoever puts it on record knows. */
      readonly patience?: number;
    }
  /** Authentication failed: counts against the address. */
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'authenticated'; readonly capability: Capability }
  | { readonly kind: 'subscribe'; readonly wish: Wish }
  | { readonly kind: 'unsubscribe'; readonly sid: number }
  | { readonly kind: 'tree'; readonly request: TreeRequest }
  | { readonly kind: 'status'; readonly id: number };

type State = 'new' | 'challenged' | 'auditing' | 'ready' | 'closed';

/** See the head of the file. */
export class RelaySession {
  /** Names the connection in log and audit. */
  readonly name: string;
  readonly #with: SessionSurroundings;
  readonly #begun: number;
  readonly #subscriptions = new Set<number>();
  #state: State = 'new';
  #challenge: Challenge = { server: '', serverNonce: '', binding: new Uint8Array(0) };
  #capability: Capability | null = null;
  #afterAudit: ((done: boolean, isEngineDown: boolean) => SessionCommand[]) | null = null;
  #tokens = MOST_CONTROL_RATE;
  #tokensAt: number;
  #questions = 0;

  constructor(surroundings: SessionSurroundings) {
    this.#with = surroundings;
    this.name = Buffer.from(surroundings.random(8)).toString('hex');
    this.#begun = surroundings.clock();
    this.#tokensAt = this.#begun;
  }

  /** The capability, once the connection is ready. */
  get capability(): Capability | null {
    return this.#state === 'ready' ? this.#capability : null;
  }

  /** Whether what was granted stands at this moment. */
  isGranted(): boolean {
    const capability = this.#capability;
    if (capability === null || this.#state !== 'ready') return false;
    return this.#with.wallClock() < capability.exp * 1000 && !this.#with.revocations.isRevoked(capability);
  }

  /** Whether more messages may be handed in: not while something is put on record. */
  get hears(): boolean {
    return this.#afterAudit === null;
  }

  handle(event: SessionEvent): SessionCommand[] {
    if (this.#state === 'closed') return [];
    switch (event.kind) {
      case 'open':
        return this.#open(event.binding);
      case 'message':
        return this.#message(event.text);
      case 'binary':
        return this.#close(CloseCode.policy, 'a client speaks in text messages');
      case 'ping':
        return this.#mayTalk() ? [] : this.#close(CloseCode.rate, `more than ${MOST_CONTROL_RATE} messages a second`);
      case 'audited': {
        const next = this.#afterAudit;
        this.#afterAudit = null;
        return next === null ? [] : next(event.done, event.isEngineDown ?? false);
      }
      case 'answered':
        this.#questions--;
        return [];
      case 'tick':
        return this.#tick();
    }
  }

  #open(binding: Uint8Array): SessionCommand[] {
    const { daemon, random, wallClock } = this.#with;
    const nonce = random(NONCE_LENGTH);
    const hello = makeHello(daemon, nonce, new Date(wallClock()).toISOString(), binding);
    this.#challenge = { server: hello.server, serverNonce: hello.nonce, binding };
    this.#state = 'challenged';
    return [{ kind: 'send', message: hello }];
  }

  #tick(): SessionCommand[] {
    if (this.#state === 'ready') {
      if (this.isGranted()) return [];
      const capability = this.#capability as Capability;
      const revoked = this.#with.revocations.isRevoked(capability);
      return this.#close(CloseCode.grant, revoked ? 'the grant was revoked' : 'the grant has ended');
    }
    if (this.#with.clock() - this.#begun < HANDSHAKE_DEADLINE || this.#state === 'auditing') return [];
    return this.#refuse(CloseCode.authentication, 'no authentication in time', null);
  }

  #message(text: string): SessionCommand[] {
    switch (this.#state) {
      case 'challenged':
        return this.#authenticate(text);
      case 'ready':
        break;
      default:
        return this.#close(CloseCode.policy, 'a message before its turn');
    }
    if (!this.#mayTalk()) return this.#close(CloseCode.rate, `more than ${MOST_CONTROL_RATE} messages a second`);
    const read = readClientMessage(text);
    if (read.kind === 'fatal') return this.#close(CloseCode.policy, read.problem);
    if (read.kind === 'wrong') return [this.#error(read.name, new RelayError('protocol', read.problem, read.hint))];
    const { request } = read;
    switch (request.type) {
      case 'subscribe':
        return this.#subscribe(request);
      case 'unsubscribe':
        if (!this.#subscriptions.delete(request.sid)) {
          return [this.#error(request, new RelayError('subscription', `there is no subscription ${request.sid}`, ''))];
        }
        return [
          { kind: 'unsubscribe', sid: request.sid },
          { kind: 'send', message: { type: 'unsubscribed', sid: request.sid } },
        ];
      case 'tree':
        return this.#tree(request);
      case 'status':
        return this.#status(request.id);
    }
  }

  /** Refills the bucket of messages and takes one. */
  #mayTalk(): boolean {
    const now = this.#with.clock();
    this.#tokens = Math.min(MOST_CONTROL_RATE, this.#tokens + ((now - this.#tokensAt) * MOST_CONTROL_RATE) / 1000);
    this.#tokensAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** One attempt a connection: whatever is wrong ends it. */
  #authenticate(text: string): SessionCommand[] {
    const { operator, daemon, wallClock, revocations, connections } = this.#with;
    const message = text.length > MOST_AUTH_OCTETS ? null : parseAuth(text);
    if (message === null) return this.#refuse(CloseCode.authentication, 'no authentication', null);
    const { capability: text_ } = message;
    const result = verifyCapability(text_, operator, publicHex(daemon), Math.floor(wallClock() / 1000));
    if (result.capability === null) {
      const timely = result.refusal === 'expired' || result.refusal === 'not-yet-valid';
      const code = timely ? CloseCode.grant : CloseCode.authentication;
      return this.#refuse(code, `the capability is refused: ${result.refusal}`, text_);
    }
    const { capability } = result;
    if (!isAuthBy(message, capability.sub, this.#challenge)) {
      return this.#refuse(CloseCode.authentication, 'the signature is not that of the subject', text_);
    }
    if (revocations.isSetBack) return this.#setBack(capability);
    if (revocations.isRevoked(capability)) return this.#refuse(CloseCode.grant, 'the grant was revoked', text_);
    if (connections(capability.jti) >= capability.maxConn) {
      return this.#refuse(CloseCode.grant, `this grant allows ${capability.maxConn} connections at once`, text_);
    }
    this.#state = 'auditing';
    const data = { session: this.name, jti: capability.jti, sub: capability.sub };
    return this.#audited('relay.authenticated', data, () => this.#ready(capability, message), AUDIT_PATIENCE);
  }

  /** Nobody can say whether this grant was revoked; that is not the subscriber's fault. */
  #setBack({ jti, sub }: Capability): SessionCommand[] {
    const reason = "the daemon's state was set back";
    const data = { session: this.name, reason, jti, sub };
    return [{ kind: 'audit', type: 'relay.refused', data, waits: false }, ...this.#close(CloseCode.rollback, reason)];
  }

  #ready(capability: Capability, message: AuthMessage): SessionCommand[] {
    const { daemon, revocations, connections, head } = this.#with;
    // Meanwhile others may have come, or the grant may be gone.
    if (revocations.isRevoked(capability)) return this.#close(CloseCode.grant, 'the grant was revoked');
    if (connections(capability.jti) >= capability.maxConn) {
      return this.#close(CloseCode.grant, `this grant allows ${capability.maxConn} connections at once`);
    }
    this.#state = 'ready';
    this.#capability = capability;
    const limits = {
      subscriptions: MOST_SUBSCRIPTIONS,
      messagesPerSecond: MOST_CONTROL_RATE,
      recordsPerSecond: capability.rate,
      queueRecords: QUEUE_RECORDS,
      queueOctets: QUEUE_OCTETS,
      queueMilliseconds: QUEUE_AGE,
    };
    const expires = new Date(capability.exp * 1000).toISOString();
    const fields = { session: this.name, grants: capability.groups, expires, limits, head, state: revocations.point };
    const ready = makeReady(daemon, fields, message.nonce, this.#challenge);
    return [
      { kind: 'authenticated', capability },
      { kind: 'send', message: ready },
    ];
  }

  #subscribe(request: SubscribeRequest): SessionCommand[] {
    const refused = (error: RelayError, column?: number): SessionCommand[] => [this.#error(request, error, column)];
    const { groups: grants } = this.#capability as Capability;
    if (this.#subscriptions.has(request.sid)) {
      return refused(
        new RelayError('subscription', `there is a subscription ${request.sid} already`, 'choose another sid'),
      );
    }
    if (this.#subscriptions.size >= MOST_SUBSCRIPTIONS) {
      const message = `a connection has ${MOST_SUBSCRIPTIONS} subscriptions at most`;
      return refused(new RelayError('subscription', message, 'end one, or open another connection'));
    }
    const { groups = null, view } = request;
    const lacking = groups?.find((gid) => !reaches(grantedView(grants, gid), view));
    if (lacking !== undefined || !grants.some(({ gid }) => reaches(grantedView(grants, gid), view))) {
      const what = lacking === undefined ? 'any group' : `group ${lacking}`;
      const hint = 'ask the operator, or subscribe to what is granted: `ready` lists it';
      return refused(new RelayError('not-granted', `the view ${view} of ${what} is not granted`, hint));
    }
    if (view === 'forensic' && request.reason === undefined) {
      return refused(new RelayError('reason', 'the view forensic wants a reason', 'say why in a few words'));
    }
    let filter: RecordFilter | null = null;
    try {
      if (request.filter !== undefined && request.filter.trim() !== '') filter = compileRecordFilter(request.filter);
    } catch (error) {
      if (!(error instanceof FilterError)) throw error;
      const message = `column ${error.column}: ${error.message}`;
      return refused(new RelayError('filter', message, error.hint), error.column);
    }
    const reach = narrowGrants(grants, groups, view);
    return this.#audit(request, reach, filter);
  }

  /** Plaintext is put on record before it is given. */
  #audit(request: SubscribeRequest, reach: readonly Reach[], filter: RecordFilter | null): SessionCommand[] {
    const plain = reach.filter(({ view }) => view !== 'meta');
    this.#subscriptions.add(request.sid);
    if (plain.length === 0) return this.#begin(request, reach, filter);
    const { jti, sub } = this.#capability as Capability;
    const data = {
      session: this.name,
      jti,
      sub,
      groups: plain.map(({ gid, view }) => `${gid} ${view}`),
      since: request.since ?? null,
      reason: request.reason ?? null,
    };
    return this.#audited('relay.plaintext', data, (done, isEngineDown) => {
      if (done) return this.#begin(request, reach, filter);
      this.#subscriptions.delete(request.sid);
      if (isEngineDown) return [this.#error(request, engineDown())];
      const hint = 'subscribe with the view meta, or try again when the daemon has room to write';
      return [this.#error(request, new RelayError('audit', 'plaintext cannot be put on record now', hint))];
    });
  }

  #begin(request: SubscribeRequest, reach: readonly Reach[], filter: RecordFilter | null): SessionCommand[] {
    const {
      sid,
      view,
      slow = 'disconnect',
      format = 'json',
      downgraded = false,
      since = null,
      reason = null,
    } = request;
    const types = request.types ?? RECORD_TYPES;
    const access = new Access(reach, types, downgraded);
    const { head } = this.#with;
    return [
      {
        kind: 'send',
        message: { type: 'subscribed', sid, groups: reach, since: Math.min(since ?? head, head), head },
      },
      { kind: 'subscribe', wish: { sid, view, slow, format, reason, access, types, downgraded, filter, since } },
    ];
  }

  #tree(request: TreeRequest): SessionCommand[] {
    if (this.#questions >= MOST_QUESTIONS) return [this.#error(request, busy())];
    if (request.view === 'forensic' && request.reason === undefined) {
      return [this.#error(request, new RelayError('reason', 'the view forensic wants a reason', 'say why'))];
    }
    const ask = (): SessionCommand[] => {
      this.#questions++;
      return [{ kind: 'tree', request }];
    };
    if (request.view !== 'forensic') return ask();
    const { jti, sub } = this.#capability as Capability;
    const data = { session: this.name, jti, sub, frame: request.frame, reason: request.reason ?? null };
    return this.#audited('relay.forensic', data, (done, isEngineDown) => {
      if (done) return ask();
      const refusal = new RelayError('audit', 'this cannot be put on record now', 'try again');
      return [this.#error(request, isEngineDown ? engineDown() : refusal)];
    });
  }

  #status(id: number): SessionCommand[] {
    const { groups: grants } = this.#capability as Capability;
    if (this.#questions >= MOST_QUESTIONS) return [this.#error({ id }, busy())];
    if (grantedView(grants, '*') === null) {
      const hint = 'ask the operator for a grant of all groups (`*`)';
      return [this.#error({ id }, new RelayError('not-granted', 'status is for who may see every group', hint))];
    }
    this.#questions++;
    return [{ kind: 'status', id }];
  }

  #audited(
    type: string,
    data: Readonly<Record<string, unknown>>,
    next: (done: boolean, isEngineDown: boolean) => SessionCommand[],
    patience?: number,
  ): SessionCommand[] {
    this.#afterAudit = next;
    return [{ kind: 'audit', type, data, waits: true, ...(patience === undefined ? {} : { patience }) }];
  }

  #refuse(code: CloseCode, reason: string, capability: string | null): SessionCommand[] {
    // Named only for the record; nothing of it is believed.
    const claimed = capability === null ? null : readCapability(capability).capability;
    const data = { session: this.name, reason, jti: claimed?.jti ?? null, sub: claimed?.sub ?? null };
    return [
      { kind: 'failed', reason },
      { kind: 'audit', type: 'relay.refused', data, waits: false },
      ...this.#close(code, reason),
    ];
  }

  #close(code: CloseCode, reason: string): SessionCommand[] {
    this.#state = 'closed';
    return [{ kind: 'close', code, reason }];
  }

  #error(name: { readonly sid?: number; readonly id?: number }, error: RelayError, column?: number): SessionCommand {
    const { sid, id } = name;
    const message: ErrorMessage = {
      type: 'error',
      ...(sid === undefined ? {} : { sid }),
      ...(id === undefined ? {} : { id }),
      code: error.code,
      message: error.message,
      hint: error.hint,
      ...(column === undefined ? {} : { column }),
    };
    return { kind: 'send', message };
  }
}

function parseAuth(text: string): AuthMessage | null {
  try {
    const value: unknown = JSON.parse(text);
    return isAuth(value) ? value : null;
  } catch {
    return null;
  }
}

/** Whether what is granted is as much as what is wanted. */
function reaches(granted: View | null, wanted: View): boolean {
  return granted !== null && VIEWS.indexOf(granted) >= VIEWS.indexOf(wanted);
}

function engineDown(): RelayError {
  const hint = 'it comes back by itself unless its alarm says otherwise; meanwhile the view meta goes on';
  return new RelayError('engine-down', "the daemon's engine is down: nothing can be deciphered or put on record", hint);
}

function busy(): RelayError {
  return new RelayError('busy', `${MOST_QUESTIONS} questions wait for their answer already`, 'ask again later');
}
