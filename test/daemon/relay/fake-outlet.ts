// A connection in memory, and what a subscription on it wishes, for tests of the fan-out.

import { Access, narrowGrants } from '../../../daemon/relay/access.ts';
import type { GroupGrant } from '../../../daemon/relay/capability.ts';
import type { Wish } from '../../../daemon/relay/fan-out.ts';
import { type Gap, RECORD_TYPES, type RecordItem } from '../../../daemon/relay/protocol.ts';
import { compileRecordFilter } from '../../../daemon/relay/record-fields.ts';
import type { KeyUse } from '../../../daemon/relay/stream-class.ts';
import type { Outlet } from '../../../daemon/relay/subscription.ts';

/** A socket that takes everything, and remembers it. */
export class FakeOutlet implements Outlet {
  writable = true;
  granted = true;
  readonly sent: Uint8Array[] = [];
  readonly keys: (readonly KeyUse[])[] = [];
  closed: readonly [number, string] | null = null;

  isGranted(): boolean {
    return this.granted;
  }

  sendText(octets: Uint8Array, _records: number, keys: readonly KeyUse[]): void {
    this.sent.push(octets);
    this.keys.push(keys);
  }

  sendBinary(octets: Uint8Array): void {
    this.sent.push(octets);
  }

  close(code: number, reason: string): void {
    this.closed = [code, reason];
  }

  /** Elements of all `records` messages. */
  get items(): RecordItem[] {
    return this.sent.flatMap((octets) => {
      const message = JSON.parse(Buffer.from(octets).toString()) as { type: string; records?: RecordItem[] };
      return message.records ?? [];
    });
  }

  get seqs(): number[] {
    return this.items.flatMap((item) => ('seq' in item ? [item.seq] : []));
  }

  get gaps(): Gap[] {
    return this.items.flatMap((item) => ('gap' in item ? [item.gap] : []));
  }
}

/** A grant of everything but the forensic view. */
const ALL: readonly GroupGrant[] = [{ gid: '*', views: ['meta', 'plain'] }];

/** What a subscription asks for; `filterText` is compiled. */
export function wish(
  more: Partial<Wish> & { grants?: readonly GroupGrant[]; groups?: readonly string[]; filterText?: string } = {},
): Wish {
  const {
    grants = ALL,
    groups = null,
    filterText,
    view = 'plain',
    downgraded = false,
    types = RECORD_TYPES,
    ...rest
  } = more;
  return {
    sid: 1,
    slow: 'disconnect',
    format: 'json',
    reason: null,
    since: null,
    ...rest,
    view,
    types,
    downgraded,
    filter: filterText === undefined ? null : compileRecordFilter(filterText),
    access: new Access(narrowGrants(grants, groups, view), types, downgraded),
  };
}

/** Whole numbers, both ends in it. */
export const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);
