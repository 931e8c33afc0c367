// Layer trees for subscribers: a frame's group and its keys are known only when the tree is there, so it is asked about
// then, and cut down to metadata where more is not allowed.

import { grantedView, lesserView } from './access.ts';
import type { GroupGrant } from './capability.ts';
import type { TreeRequest } from './protocol.ts';
import type { RelayHost } from './relay-port.ts';

/** The answer to `tree`, or the error: a frame of a group that is not granted looks like one that is not there. */
export async function answerTree(
  request: TreeRequest,
  grants: readonly GroupGrant[],
  host: RelayHost,
): Promise<object> {
  const { id, frame, view, downgraded = false } = request;
  const missing = {
    type: 'error',
    id,
    code: 'relay.no-frame',
    message: `frame ${frame} is not kept, or is not of a group that is granted`,
    hint: 'see `ready` for what is granted; the journal keeps frames for a limited time',
  };
  const first = await host.tree(frame, 'meta');
  if (first === null) return missing;
  const granted = grantedView(grants, first.group);
  if (granted === null) return missing;
  const allowed = lesserView(granted, view);
  if (allowed !== 'meta' && host.plainAllowed) {
    const answer = await host.tree(frame, allowed);
    if (answer !== null && answer.group === first.group && mayLeave(answer)) return told(answer);
  }
  return told(first);

  function mayLeave(answer: NonNullable<Awaited<ReturnType<RelayHost['tree']>>>): boolean {
    const { plain, track } = answer;
    if (plain === null) return true;
    if (!host.plainAllowed || (plain.access === 'downgraded' && !downgraded)) return false;
    if (allowed === 'forensic') return true;
    return plain.access !== 'forensic' && plain.keys.every((key) => host.mayUse(key, track));
  }

  function told(answer: NonNullable<Awaited<ReturnType<RelayHost['tree']>>>): object {
    const { track: _track, plain: _plain, ...shown } = answer;
    return { type: 'tree', id, answer: shown };
  }
}
