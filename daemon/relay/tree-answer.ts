// Layer trees for subscribers: which view a frame's group has is settled where it is judged; whether its keys may be used is
// asked when the tree is there, and it is cut down to metadata where more is not allowed.

import { narrowGrants, viewWithin } from './access.ts';
import type { GroupGrant } from './capability.ts';
import type { TreeRequest } from './protocol.ts';
import type { RelayHost } from './relay-port.ts';
import type { KeyUse } from './stream-class.ts';

/** What is said to a question, and the keys that must be usable when it leaves. */
export interface TreeReply {
  readonly message: object;
  readonly keys: readonly KeyUse[];
}

/** The answer to `tree`, or the error: a frame of a group that is not granted looks like one that is not there. */
export async function answerTree(
  request: TreeRequest,
  grants: readonly GroupGrant[],
  host: RelayHost,
): Promise<TreeReply> {
  const { id, frame, view, downgraded = false } = request;
  const missing = {
    message: {
      type: 'error',
      id,
      code: 'relay.no-frame',
      message: `frame ${frame} is not kept, or is not of a group that is granted`,
      hint: 'see `ready` for what is granted; the journal keeps frames for a limited time',
    },
    keys: [],
  };
  // One question gives the tree in the view of the frame's own group, and judges once; a second is rare.
  const reach = narrowGrants(grants, null, host.plainAllowed ? view : 'meta');
  const answer = await host.tree(frame, reach);
  if (answer === null) return missing;
  if (mayLeave(answer)) return told(answer);
  const cut = await host.tree(
    frame,
    reach.map(({ gid }) => ({ gid, view: 'meta' })),
  );
  return cut === null ? missing : told(cut);

  function mayLeave(answer: NonNullable<Awaited<ReturnType<RelayHost['tree']>>>): boolean {
    const { plain, track, group } = answer;
    if (plain === null) return true;
    if (!host.plainAllowed || (plain.access === 'downgraded' && !downgraded)) return false;
    if (viewWithin(reach, group) === 'forensic') return true;
    return plain.access !== 'forensic' && plain.keys.every((key) => host.mayUse(key, track));
  }

  function told(answer: NonNullable<Awaited<ReturnType<RelayHost['tree']>>>): TreeReply {
    const { track, plain, ...shown } = answer;
    const isBound = plain !== null && viewWithin(reach, shown.group) !== 'forensic';
    const keys = isBound ? plain.keys.map((key) => ({ key, track })) : [];
    return { message: { type: 'tree', id, answer: shown }, keys };
  }
}
