// What goes over the wire of `sidescope.relay.1`: the messages, the close codes and the limits (docs/relay.md).

import type { SidescopeEvent } from '../events.ts';
import type { GroupGrant, View } from './capability.ts';
import type { AlarmRecord, RelayedEvent } from './relay-record.ts';
import type { StatePoint } from './relay-state.ts';

/** Subprotocol and path: nothing else is served. */
export const SUBPROTOCOL = 'sidescope.relay.1';
export const RELAY_PATH = '/v1/relay';
/** Version in `hello`. */
export const PROTOCOL_VERSION = 1;

/** Why a connection ended (RFC 6455 7.4 and reference security C.3). */
export const CloseCode = {
  normal: 1000,
  goingAway: 1001,
  policy: 1008,
  tooBig: 1009,
  internal: 1011,
  slow: 1013,
  authentication: 4001,
  grant: 4003,
  keyRevoked: 4004,
  rate: 4008,
  rollback: 4009,
} as const;

/** A value of `CloseCode`. */
export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode];

// We chose (reference security C.3).
/** Milliseconds from the upgrade to a good `auth`. */
export const HANDSHAKE_DEADLINE = 2000;
/** Octets of one message that a client may send, and of its `auth`, when nothing is known of it yet. */
export const MOST_MESSAGE_OCTETS = 65_536;
export const MOST_AUTH_OCTETS = 16_384;
/** Subscriptions on a connection. */
export const MOST_SUBSCRIPTIONS = 16;
/** Messages a second that a client may send; that many may come at once. */
export const MOST_CONTROL_RATE = 20;
/** Questions (`tree`, `status`) that may wait for their answer at once; above, they are refused. */
export const MOST_QUESTIONS = 8;
/** Queue of a subscription: octets, records, milliseconds of the oldest. */
export const QUEUE_OCTETS = 8 * 1024 * 1024;
export const QUEUE_RECORDS = 4096;
export const QUEUE_AGE = 2000;
/** A message of records holds up to so many octets (one record more where it alone is larger), or what came in so many ms. */
export const BATCH_OCTETS = 64 * 1024;
export const BATCH_MILLISECONDS = 10;
/** `sid` is a whole number below this. */
export const SID_END = 65_536;

/** Kinds of records, as `types` names them. */
export const RECORD_TYPES = ['message', 'finding', 'key', 'epoch'] as const;

/** A kind of record. */
export type RecordType = (typeof RECORD_TYPES)[number];

/** A subscription as a client asks for it. */
export interface SubscribeRequest {
  readonly type: 'subscribe';
  /** The client's name for it. Connections that use the same small numbers share encoded messages. */
  readonly sid: number;
  /** Groups as grants name them; absent: all that are granted, each with the most that is granted up to `view`. */
  readonly groups?: readonly string[];
  readonly view: View;
  /** Display filter over the fields that records have. */
  readonly filter?: string;
  /** Last sequence number that the client has: what came after it is sent first. Absent: only what comes from now on. */
  readonly since?: number;
  /** What happens when the client cannot keep up. Default `disconnect`. */
  readonly slow?: 'disconnect' | 'gap';
  /** Also plaintext that was not ciphered although the group requires it: anybody could have sent it. Default false. */
  readonly downgraded?: boolean;
  readonly format?: 'json' | 'pcapng';
  /** Default all. */
  readonly types?: readonly RecordType[];
  /** Why, for the view `forensic`. */
  readonly reason?: string;
}

/** Asks for the layer tree of a frame. */
export interface TreeRequest {
  readonly type: 'tree';
  readonly id: number;
  readonly frame: number;
  readonly view: View;
  readonly downgraded?: boolean;
  readonly reason?: string;
}

/** What a client says after `auth`. */
export type ClientRequest =
  | SubscribeRequest
  | TreeRequest
  | { readonly type: 'unsubscribe'; readonly sid: number }
  | { readonly type: 'status'; readonly id: number };

/** First message of the daemon. */
export interface HelloMessage {
  readonly type: 'hello';
  readonly v: number;
  /** The daemon's public key. */
  readonly server: string;
  /** 32 octets, hex. */
  readonly nonce: string;
  /** The daemon's clock, RFC 3339. */
  readonly time: string;
  readonly sig: string;
}

/** The client's answer. */
export interface AuthMessage {
  readonly type: 'auth';
  readonly nonce: string;
  readonly capability: string;
  readonly sig: string;
}

/** The connection may be used. */
export interface ReadyMessage {
  readonly type: 'ready';
  /** Names the connection in the daemon's log and audit, 16 hex digits. */
  readonly session: string;
  readonly grants: readonly GroupGrant[];
  /** When the grant ends, RFC 3339. */
  readonly expires: string;
  readonly limits: {
    readonly subscriptions: number;
    readonly messagesPerSecond: number;
    readonly recordsPerSecond: number;
    readonly queueRecords: number;
    readonly queueOctets: number;
    readonly queueMilliseconds: number;
  };
  /** Newest sequence number. */
  readonly head: number;
  /** Where the daemon's state of grants stands. A client that has seen a later one knows that it was set back. */
  readonly state: StatePoint;
  readonly sig: string;
}

/** Records that a subscription does not get, with the exact range. */
export interface Gap {
  readonly from: number;
  readonly to: number;
  /** `slow`, or why history no longer has them. */
  readonly reason: string;
  /** How many of them the subscription would have had; null where nobody knows. */
  readonly records: number | null;
}

/** One element of a `records` message. */
export type RecordItem = { readonly seq: number; readonly record: RelayedEvent } | { readonly gap: Gap };

/** An error in an answer: the form of SidescopeError. */
export interface ErrorMessage {
  readonly type: 'error';
  readonly sid?: number;
  readonly id?: number;
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  /** Column of a filter, from 1. */
  readonly column?: number;
}

/** What a subscription gets in truth. */
export interface SubscribedMessage {
  readonly type: 'subscribed';
  readonly sid: number;
  readonly groups: readonly { readonly gid: string; readonly view: View }[];
  /** Records above this number follow. */
  readonly since: number;
  readonly head: number;
}

/** What the daemon says after `ready`, as text. pcapng comes as binary messages. */
export type ServerMessage =
  | SubscribedMessage
  | { readonly type: 'unsubscribed'; readonly sid: number }
  | { readonly type: 'records'; readonly sid: number; readonly records: readonly RecordItem[] }
  | { readonly type: 'live'; readonly sid: number; readonly seq: number }
  | { readonly type: 'alarm'; readonly alarm: AlarmRecord }
  /** Why the last connection of this capability ended, where the farewell could not be said. */
  | { readonly type: 'cut'; readonly code: CloseCode; readonly reason: string }
  | { readonly type: 'tree'; readonly id: number; readonly answer: unknown }
  | { readonly type: 'status'; readonly id: number; readonly status: unknown }
  | ErrorMessage;

/** Octets in front of the blocks of a binary message: sid (4), 0 (4), sequence number told through (8), all big endian. */
export const PCAPNG_HEAD_OCTETS = 16;

/** Any record of interfaces 3, as clients hand it on. */
export type ClientRecord = Exclude<SidescopeEvent, { readonly type: 'summary' }>;
