// A daemon around the relay, in memory: keeps what it delivered as a journal does, without plain parts.

import type { Demand, GroupRow, KeyRow, TreeAnswer } from '../../../daemon/engine-process/engine-port.ts';
import type { MessageEvent } from '../../../daemon/events.ts';
import { type Reach, viewWithin } from '../../../daemon/relay/access.ts';
import type { MissingRange, RelayedFrame, RelayHost } from '../../../daemon/relay/relay-port.ts';
import type { KeyName, PlainPart, RelayedEvent, RelayRecord } from '../../../daemon/relay/relay-record.ts';

/** A key of a group. */
export function keyName(group = 'f00001', pgkId = 39): KeyName {
  return { group, pgkId, notBefore: Date.UTC(2026, 4, 1) };
}

/** A message record as the engine gives it. */
export function messageRecord(
  seq: number,
  more: Partial<MessageEvent> = {},
  rest: Partial<RelayRecord> = {},
): RelayRecord {
  const group = more.group ?? 'f00001';
  const event: MessageEvent = {
    v: 1,
    type: 'message',
    frame: seq,
    time: '2026-05-02T10:00:00.123456Z',
    group,
    groupName: 'Fire 7',
    source: '0a0b0c',
    sourceName: 'Engine 71',
    lcid: 3,
    sduType: 'ip',
    pgkIndex: 7,
    pgkId: 39,
    ptkId: 1,
    sn: seq % 65_536,
    length: 200,
    verdict: 'decrypted',
    evidenceBits: 127,
    protocols: ['mac-lte', 'sl-sch', 'rlc-um', 'pdcp-slrb'],
    summary: 'plaintext withheld',
    ...more,
  };
  return {
    seq,
    event,
    plain: {
      summary: `169.254.10.11:5000 > 239.255.0.1:5000 RTP PCMU seq ${seq}`,
      protocols: [...event.protocols, 'ipv4', 'udp', 'rtp'],
      payload: `45000014000000000011${'00'.repeat(10)}`,
    },
    access: 'plain',
    key: keyName(group),
    track: 0,
    ...rest,
  };
}

/** See the head of the file. */
export class FakeHost implements RelayHost {
  head = 0;
  plainAllowed = true;
  demand: Demand = new Map();
  /** What was judged before a demand was known. */
  underWay = Promise.resolve();
  readonly audited: { readonly type: string; readonly data: Readonly<Record<string, unknown>> }[] = [];
  auditFails = false;
  readonly refusedKeys = new Set<string>();
  readonly kept: RelayRecord[] = [];
  readonly plain = new Map<number, PlainPart>();
  /** The first record that is still kept. */
  keptFrom = 1;
  readonly frameStore = new Map<number, RelayedFrame>();
  treesAsked = 0;
  readonly trees = new Map<number, TreeAnswer & { readonly track: number }>();
  historyDelay = 0;

  /** Numbers records and keeps them, as the journal does before the relay hears of them. */
  keep(records: readonly RelayRecord[]): readonly RelayRecord[] {
    for (const record of records) {
      this.head = record.seq;
      if (record.plain !== null) this.plain.set(record.seq, record.plain);
      this.kept.push({ ...record, plain: null });
    }
    return records;
  }

  async history(
    seq: number,
    limit: number,
  ): Promise<{ readonly records: readonly RelayRecord[]; readonly missing: readonly MissingRange[] }> {
    if (this.historyDelay > 0) {
      await new Promise((resolve) => {
        setTimeout(resolve, this.historyDelay);
      });
    }
    const from = Math.max(seq, this.keptFrom);
    const missing = seq < this.keptFrom ? [{ from: seq, to: this.keptFrom - 1, reason: 'deleted by age' }] : [];
    return { records: this.kept.filter((record) => record.seq >= from).slice(0, limit), missing };
  }

  plainOf(
    records: readonly RelayRecord[],
    view: 'plain' | 'forensic',
    _reason: string | null,
  ): Promise<readonly (PlainPart | null)[]> {
    return Promise.resolve(
      records.map(({ seq, key, track }) => {
        const allowed = view === 'forensic' || key === null || this.mayUse(key, track);
        return allowed ? (this.plain.get(seq) ?? null) : null;
      }),
    );
  }

  tree(frame: number, reach: readonly Reach[]): Promise<(TreeAnswer & { readonly track: number }) | null> {
    this.treesAsked++;
    const answer = this.trees.get(frame);
    if (answer === undefined) return Promise.resolve(null);
    const view = viewWithin(reach, answer.group);
    if (view === null) return Promise.resolve(null);
    return Promise.resolve(view === 'meta' ? { ...answer, plain: null, tree: 'headers' } : answer);
  }

  frames(numbers: readonly number[]): Promise<ReadonlyMap<number, RelayedFrame>> {
    return Promise.resolve(new Map([...this.frameStore].filter(([number]) => numbers.includes(number))));
  }

  mayUse(key: KeyName, _track: number): boolean {
    return !this.refusedKeys.has(`${key.group}/${key.pgkId}`);
  }

  keyRows(): readonly KeyRow[] {
    return [];
  }

  groupRows(): readonly GroupRow[] {
    return [];
  }

  demandChanged(demand: Demand): Promise<void> {
    this.demand = demand;
    return this.underWay;
  }

  audit(type: string, data: Readonly<Record<string, unknown>>): Promise<void> {
    if (this.auditFails) return Promise.reject(new Error('no space'));
    this.audited.push({ type, data });
    return Promise.resolve();
  }

  status(): unknown {
    return { version: 'test' };
  }
}

/** What a finding about the capture itself looks like. */
export function captureFinding(seq: number): RelayRecord {
  const event: RelayedEvent = {
    v: 1,
    type: 'finding',
    name: 'capture.drops',
    severity: 'medium',
    confidence: 'proved',
    group: null,
    source: null,
    frames: [seq],
    time: '2026-05-02T10:00:00.123456Z',
    count: 1,
    summary: 'the capture lost frames',
    evidence: {},
    reference: 'pcapng 4.6',
  };
  return { seq, event, plain: null, access: 'plain', key: null, track: 0 };
}
