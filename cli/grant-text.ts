// What `sidescope grant list` prints.

import type { SubscriberRow } from '../daemon/relay/relay-server.ts';
import type { Revocation } from '../daemon/relay/relay-state.ts';
import { formatMilliseconds } from '../daemon/time.ts';
import { aligned } from './columns.ts';

/** What a daemon, or its state file, says of grants. */
export interface GrantList {
  readonly revoked: readonly Revocation[];
  /** Null where no daemon runs. */
  readonly subscribers: readonly SubscriberRow[] | null;
}

/** As tables. */
export function grantText({ revoked, subscribers }: GrantList): string {
  const parts: string[] = [];
  if (subscribers !== null) {
    const rows = subscribers.map((row) => [
      row.sub.slice(0, 16),
      row.jti,
      row.expires,
      row.address ?? 'unix',
      row.subscriptions.map(({ view }) => view).join(' ') || 'none',
    ]);
    const header = ['subscriber', 'capability', 'expires', 'from', 'subscriptions'];
    parts.push(rows.length === 0 ? 'nobody is connected\n' : aligned(header, rows));
  }
  const rows = revoked.map((row) => [row.kind, row.name, instant(row.at), instant(row.until), row.reason]);
  const header = ['revoked', 'name', 'at', 'kept until', 'reason'];
  parts.push(rows.length === 0 ? 'nothing is revoked\n' : aligned(header, rows));
  return parts.join('\n');
}

function instant(seconds: number): string {
  return `${formatMilliseconds(seconds * 1000).slice(0, 19)}Z`;
}
