// Whether a request may become a WebSocket: asked before anything else is believed of it. A browser always says where a
// page came from (`Origin`), and such requests are refused unless the page is listed; `Host` must be one of ours, or a name
// that was rebound to this machine would do (reference security C.1).

import { RELAY_PATH, SUBPROTOCOL } from './protocol.ts';

/** What is allowed at one listener. */
export interface UpgradeRules {
  /** Values of `Host`, lower case, with the port where it is not the usual one. */
  readonly hosts: ReadonlySet<string>;
  /** Values of `Origin`, exactly as browsers write them. Usually none. */
  readonly origins: ReadonlySet<string>;
}

/** What a request says. */
export interface UpgradeRequest {
  readonly method: string;
  readonly url: string;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
}

/** Why it is refused: an HTTP status and a word for metrics. */
export interface UpgradeRefusal {
  readonly status: 400 | 403 | 404 | 405 | 421 | 429;
  readonly reason: 'method' | 'path' | 'host' | 'origin' | 'subprotocol' | 'penalty';
}

/** Null where the request may go on. */
export function checkUpgrade(request: UpgradeRequest, rules: UpgradeRules): UpgradeRefusal | null {
  if (request.method !== 'GET') return { status: 405, reason: 'method' };
  const hosts = valuesOf(request, 'host');
  if (hosts.length !== 1 || !rules.hosts.has(hosts[0].toLowerCase())) return { status: 421, reason: 'host' };
  const origins = valuesOf(request, 'origin');
  // Compared as text: `null`, another case, another port and a second header are all not in the list.
  if (origins.length > 1 || (origins.length === 1 && !rules.origins.has(origins[0]))) {
    return { status: 403, reason: 'origin' };
  }
  // Nothing may stand behind the path: a token in an address ends up in logs.
  if (request.url !== RELAY_PATH) return { status: 404, reason: 'path' };
  const protocols = valuesOf(request, 'sec-websocket-protocol');
  if (protocols.length !== 1 || !protocols[0].split(',').some((name) => name.trim() === SUBPROTOCOL)) {
    return { status: 400, reason: 'subprotocol' };
  }
  return null;
}

function valuesOf({ rawHeaders }: UpgradeRequest, name: string): string[] {
  const values: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    if (rawHeaders[at].toLowerCase() === name) values.push(rawHeaders[at + 1]);
  }
  return values;
}
