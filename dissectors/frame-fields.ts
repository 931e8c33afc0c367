// The protocol `frame`: what the capture says of a frame before anybody looks inside.

import { field, type Protocol, type TreeWriter } from './layer.ts';

const SPECIFICATION = 'pcapng 4.3';

const fields = {
  number: field('frame.number', 'Frame number', 'uint', {
    width: 0,
    about: 'Number of the frame in the capture; the first is 1.',
    clause: SPECIFICATION,
  }),
  time: field('frame.time', 'Arrival time', 'time', {
    width: 0,
    about: 'When the frame was captured, UTC.',
    clause: SPECIFICATION,
  }),
  timeEpoch: field('frame.time_epoch', 'Epoch time', 'time', {
    width: 0,
    about: 'When the frame was captured, in seconds since 1970 UTC.',
    clause: SPECIFICATION,
  }),
  length: field('frame.len', 'Frame length', 'uint', {
    width: 0,
    about: 'Octets that the frame had on the wire.',
    clause: SPECIFICATION,
  }),
  captured: field('frame.cap_len', 'Captured length', 'uint', {
    width: 0,
    about: 'Octets that were captured; fewer than the frame length where the snap length cut it.',
    clause: SPECIFICATION,
  }),
  interfaceId: field('frame.interface_id', 'Interface', 'uint', {
    width: 0,
    about: 'Interface that captured the frame, counted through the whole file from 0.',
    clause: SPECIFICATION,
  }),
  linkType: field('frame.link_type', 'Link type', 'uint', {
    width: 0,
    about: 'LINKTYPE number of the interface.',
    clause: 'tcpdump.org/linktypes',
  }),
  comment: field('frame.comment', 'Comment', 'text', {
    width: 0,
    about: 'A comment that somebody wrote into the capture beside this frame.',
    clause: 'pcapng 3.5',
  }),
  protocols: field('frame.protocols', 'Protocols in frame', 'text', {
    width: 0,
    about: 'Names of the layers that were found, outermost first, joined by colons.',
    clause: 'sidescope',
  }),
};

/** The capture's own facts. `fields.protocols` is filled in by whoever writes the tree, when all layers are known. */
export const frameProtocol: Protocol & { readonly fields: typeof fields } = {
  name: 'frame',
  title: 'Frame',
  about: 'What the capture says of the frame: number, time, lengths, interface.',
  clause: SPECIFICATION,
  fields,
};

/** What `writeFrame` needs to know of a frame. */
export interface FrameFacts {
  /** Counts from 1. */
  readonly number: number;
  /** Whole seconds since 1970 UTC. */
  readonly seconds: number;
  /** Nanoseconds within the second. */
  readonly nanoseconds: number;
  /** Octets captured. */
  readonly captured: number;
  /** Octets on the wire. */
  readonly original: number;
  readonly interfaceId: number;
  readonly linkType: number;
  readonly comments?: readonly string[];
}

/** Reports the layer `frame`. Call it first: Wireshark shows this layer first. */
export function writeFrame(tree: TreeWriter, frame: FrameFacts): void {
  const time = BigInt(frame.seconds) * 1_000_000_000n + BigInt(frame.nanoseconds);
  tree.begin(frameProtocol, 0, frame.captured);
  tree.generated(fields.number, frame.number);
  tree.generated(fields.time, time);
  tree.generated(fields.timeEpoch, time);
  tree.generated(fields.length, frame.original);
  tree.generated(fields.captured, frame.captured);
  tree.generated(fields.interfaceId, frame.interfaceId);
  tree.generated(fields.linkType, frame.linkType);
  for (const comment of frame.comments ?? []) tree.generated(fields.comment, comment);
  tree.end();
}
