// Room for what is remembered of contexts and traffic keys in memory that threads share (judging-memory.ts).

import { ContextsAt, KeysAt } from './judging-memory.ts';
import { SLOT_ENTRY_WORDS } from './slot-table.ts';
import { TRAFFIC_KEY_CAP, type TrafficKeyRoom } from './traffic-keys.ts';
import { type ContextRoom, WIRE_CONTEXT_CAP } from './wire-contexts.ts';

/** Room for contexts, in memory that nobody has used before. */
export function contextRoom(memory: SharedArrayBuffer, at: number): ContextRoom {
  return {
    lookUp: {
      heads: new Uint32Array(memory, at + ContextsAt.heads, WIRE_CONTEXT_CAP * 2),
      entries: new Uint32Array(memory, at + ContextsAt.entries, WIRE_CONTEXT_CAP * SLOT_ENTRY_WORDS),
    },
    provedEpoch: new Int32Array(memory, at + ContextsAt.provedEpoch, WIRE_CONTEXT_CAP),
    traffic: new Int32Array(memory, at + ContextsAt.traffic, WIRE_CONTEXT_CAP),
    trafficGeneration: new Uint32Array(memory, at + ContextsAt.trafficGeneration, WIRE_CONTEXT_CAP),
    how: new Uint16Array(memory, at + ContextsAt.how, WIRE_CONTEXT_CAP),
    touched: new Uint8Array(memory, at + ContextsAt.touched, WIRE_CONTEXT_CAP),
  };
}

/** The same for traffic keys. */
export function trafficKeyRoom(memory: SharedArrayBuffer, at: number): TrafficKeyRoom {
  return {
    generation: new Uint32Array(memory, at + KeysAt.generation, TRAFFIC_KEY_CAP),
    algorithm: new Uint8Array(memory, at + KeysAt.algorithm, TRAFFIC_KEY_CAP),
    touched: new Uint8Array(memory, at + KeysAt.touched, TRAFFIC_KEY_CAP),
  };
}
