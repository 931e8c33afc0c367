// What was inside (findings, payload.*, rlc.loss and *.malformed).

import type { FrameBatch } from '../../captures/frame-batch.ts';
import { PROBLEMS, Problem } from '../../dissectors/problems.ts';
import type { WalkTable } from '../../dissectors/walk-table.ts';
import { MOST_EXTENSIONS } from '../engine/evidence.ts';
import { Check, explainChecks } from '../engine/evidence-checks.ts';
import { NO_GROUP } from '../engine/group-key.ts';
import { MessageFlag, type MessageTable, NONE, Place, VerdictCode } from '../engine/message-table.ts';
import type { KeyIndex } from '../keyring/key-index.ts';
import type { ContextColumns } from './contexts.ts';
import { ConfidenceLevel, findingNumber, SeverityLevel } from './finding-names.ts';
import type { Observed } from './observed.ts';
import { NO_PGK, type Recorder } from './recorder.ts';
import { groupKeyAt, NO_SOURCE } from './subject.ts';

// The specification says (findings, payload.forged).
const FORGED_MESSAGES = 2;
const FORGED_SHARE = 20;
const SDU_IP = 0;
const LAST_DEFINED_TYPE = 3;
const VERSION_WHOLE = 3;
// The specification says: RFC 791 3.1, RFC 8200 3 and 4, RFC 768.
const UDP = 17;
const UDP_LENGTH = 4;
const IPV6_HEADER = 40;
const IPV6_NEXT_HEADER = 6;
/** Where the fields of IP headers stand, by the check that fails with them. */
const FIELD_OCTETS: readonly (readonly [check: number, octet: number])[] = [
  [Check.ipv4Start, 0],
  [Check.ipv4Length, 2],
  [Check.ipv4Checksum, 10],
  [Check.ipv6Version, 0],
  [Check.ipv6Length, 4],
];

// We chose (security A.6): of malformed frames the first ones and one in a thousand are shown, all are counted.
const FIRST_SAMPLES = 5;
const SAMPLE_EVERY = 1000;
const MOST_SAMPLES = 16;

const FORGED = findingNumber('payload.forged');
const TAMPERED = findingNumber('payload.tampered');
const OTHER_GROUP = findingNumber('payload.other_group_key');
const SDU_TYPE = findingNumber('payload.sdu_type');
const LOSS = findingNumber('rlc.loss');
const UNKNOWN = findingNumber('group.unknown');
const IP_MALFORMED = findingNumber('ip.malformed');
const MALFORMED: ReadonlyMap<string, number> = new Map([
  ['mac.malformed', findingNumber('mac.malformed')],
  ['rlc.malformed', findingNumber('rlc.malformed')],
  ['pdcp.malformed', findingNumber('pdcp.malformed')],
  ['ip.malformed', IP_MALFORMED],
]);

const RARE = MessageFlag.tampered | MessageFlag.otherGroupKey | MessageFlag.wrongSduType;

// Checks of an SDU that is not ciphered whose failure is an impossible header, not a wrong checksum.
const IP_SHAPE =
  (1 << Check.ipv4Start) |
  (1 << Check.ipv4Length) |
  (1 << Check.ipv4Checksum) |
  (1 << Check.ipv6Version) |
  (1 << Check.ipv6Length) |
  (1 << Check.udpLength);

/** One shown occurrence of a malformed frame. */
interface Sample {
  readonly frame: number;
  readonly problem: string;
  readonly octet: number;
}

/** See the head of the file. */
export class PayloadWatch {
  readonly #recorder: Recorder;
  readonly #index: KeyIndex;
  readonly #contexts: ContextColumns;

  constructor(recorder: Recorder, index: KeyIndex, contexts: ContextColumns) {
    this.#recorder = recorder;
    this.#index = index;
    this.#contexts = contexts;
  }

  /**
   * A judged message.
   *
   * @param context place of its context in the columns, or NONE; already counted there
   */
  note(seen: Observed, context: number): void {
    const table = seen.table as MessageTable;
    const { row, flags } = seen;
    if (table.verdict[row] === VerdictCode.forged) this.#forged(seen, context);
    if ((flags & RARE) !== 0) this.#flagged(seen);
    if (table.sduType[row] > LAST_DEFINED_TYPE) this.#sduType(seen, `SDU type ${table.sduType[row]} is reserved`);
    if ((flags & MessageFlag.notCiphered) !== 0 && (table.failed[row] & IP_SHAPE) !== 0) this.#badHeader(seen);
    if (seen.group === null && table.version[row] !== 0) this.#unknownGroup(seen);
  }

  /** An SDU in the clear that says IP and cannot be. Of a ciphered one nobody can tell. */
  #badHeader({ table, row, groupKey, source }: Observed): void {
    if (table === null || table.sduType[row] !== SDU_IP) return;
    const record = this.#recorder.raise(IP_MALFORMED, SeverityLevel.low, ConfidenceLevel.proved, groupKey, source);
    if (record === null) return;
    const mask = table.failed[row] & IP_SHAPE;
    const failed = explainChecks(mask).map((check) => check.name);
    const field = brokenField(table.rawBytes(row), table.rawAt[row], mask);
    const isWhole = table.rawPlace[row] === Place.frame;
    const octet = isWhole ? table.rawAt[row] + field - (table.batch as FrameBatch).offset[table.frameRow[row]] : field;
    const where = isWhole ? `octet ${octet}` : `octet ${octet} of the SDU`;
    record.summary = `an SDU in the clear is no IP packet: ${failed.join(', ')} fails (${where})`;
    record.evidence = { problem: PROBLEMS[Problem.ipHeader].code, failed, octet };
  }

  /** An SDU that was begun and given up. */
  loss(frames: readonly number[], source: number, destination: number, version: number, lcid: number): void {
    const group = groupKeyAt(this.#index, destination, version);
    const sender = version === 0 ? NO_SOURCE : source;
    const severity = SeverityLevel.info;
    const frame = frames.length === 0 ? this.#recorder.frame : frames[frames.length - 1];
    const first = frames.length > 1 ? frames[0] : 0;
    const record = this.#recorder.raise(LOSS, severity, ConfidenceLevel.heuristic, group, sender, NO_PGK, frame, first);
    if (record === null) return;
    record.summary = `an SDU begun in frame ${frames[0] ?? frame} lacks a segment`;
    record.evidence = { lcid, segments: frames.length };
  }

  /** A frame with something wrong in its octets. */
  problem(batch: FrameBatch, row: number, walk: WalkTable): void {
    const columns = walk.frames;
    const problem = PROBLEMS[columns.problem[row]];
    const number = MALFORMED.get(problem.finding);
    // A cut record is told by capture.ts, which sees all of them.
    if (number === undefined) return;
    const octet = columns.problemAt[row];
    const named = columns.version[row] !== 0 && !HEADERLESS.has(columns.problem[row]);
    const frame = batch.firstFrame + row;
    const record = this.#recorder.raise(
      number,
      SeverityLevel.low,
      ConfidenceLevel.proved,
      named ? groupKeyAt(this.#index, columns.destination[row], columns.version[row]) : NO_GROUP,
      named ? columns.source[row] : NO_SOURCE,
      NO_PGK,
      frame,
    );
    const current = record ?? this.#recorder.current;
    if (current === null) return;
    const sample: Sample = { frame, problem: problem.code, octet };
    if (record !== null) {
      record.summary = `${problem.text} (octet ${octet})`;
      record.evidence = { problem: problem.code, octet, samples: [sample] };
      return;
    }
    if (current.count > FIRST_SAMPLES && current.count % SAMPLE_EVERY !== 0) return;
    const samples = current.evidence.samples as Sample[];
    if (samples.length < MOST_SAMPLES) samples.push(sample);
  }

  #forged(seen: Observed, context: number): void {
    if (context === NONE) return;
    const contexts = this.#contexts;
    const forged = ++contexts.forged[context];
    const messages = contexts.messages[context];
    const isHigh = forged >= FORGED_MESSAGES && forged * FORGED_SHARE >= messages;
    const severity = isHigh ? SeverityLevel.high : SeverityLevel.medium;
    const { groupKey, source } = seen;
    const record = this.#recorder.raise(FORGED, severity, ConfidenceLevel.strong, groupKey, source);
    if (record === null) return;
    const table = seen.table as MessageTable;
    const { pgkId } = seen;
    record.summary = `opens under no key held, in a context that opened under PGK ${pgkId ?? '?'}: ${forged} of ${messages} messages`;
    record.evidence = {
      pgkId,
      ptkId: table.ptkId[seen.row],
      sn: table.sn[seen.row],
      bestBits: table.evidence[seen.row] / 10,
      forged,
      messages,
    };
  }

  #flagged(seen: Observed): void {
    const table = seen.table as MessageTable;
    const { flags, groupKey, source, row } = seen;
    const recorder = this.#recorder;
    const sure = ConfidenceLevel.strong;
    if ((flags & MessageFlag.tampered) !== 0) {
      const record = recorder.raise(TAMPERED, SeverityLevel.medium, sure, groupKey, source);
      if (record !== null) {
        const failed = explainChecks(table.failed[row]).map((check) => check.name);
        const how = table.epoch[row] === NONE ? 'in the clear' : `under PGK ${seen.pgkId ?? '?'}`;
        record.summary = `the IP header holds ${how} and this does not: ${failed.join(', ')}`;
        record.evidence = { pgkId: seen.pgkId, failed, bits: table.evidence[row] / 10 };
      }
    }
    if ((flags & MessageFlag.otherGroupKey) !== 0) {
      const record = recorder.raise(OTHER_GROUP, SeverityLevel.high, sure, groupKey, source);
      if (record !== null) {
        const owner = seen.epoch.group;
        record.summary = `opens only with PGK ${seen.epoch.id} of group ${owner.idText}`;
        record.evidence = { keyOfGroup: owner.idText, pgkId: seen.epoch.id, bits: table.evidence[row] / 10 };
      }
    }
    if ((flags & MessageFlag.wrongSduType) !== 0) {
      this.#sduType(
        seen,
        table.sduType[row] === 0 ? 'SDU type IP, and the body is ARP' : 'SDU type ARP, and the body is IP',
      );
    }
  }

  #sduType(seen: Observed, what: string): void {
    const { groupKey, source } = seen;
    const record = this.#recorder.raise(SDU_TYPE, SeverityLevel.low, ConfidenceLevel.proved, groupKey, source);
    if (record === null) return;
    record.summary = what;
    record.evidence = { sduType: (seen.table as MessageTable).sduType[seen.row] };
  }

  #unknownGroup(seen: Observed): void {
    const table = seen.table as MessageTable;
    const isWhole = table.version[seen.row] === VERSION_WHOLE;
    if (this.#index.groupsFor(table.destination[seen.row], isWhole).length > 0) return;
    const { groupKey, source } = seen;
    const record = this.#recorder.raise(UNKNOWN, SeverityLevel.info, ConfidenceLevel.proved, groupKey, source);
    if (record === null) return;
    record.summary = 'the destination is no group of the keyring';
    record.evidence = {};
  }
}

/** Octet of the IP packet that begins at `at` in which the field stands whose check failed; of several, the first. */
function brokenField(bytes: Uint8Array, at: number, failed: number): number {
  for (const [check, octet] of FIELD_OCTETS) if ((failed & (1 << check)) !== 0) return octet;
  const isIpv6 = bytes[at] >>> 4 === 6;
  let udp = isIpv6 ? IPV6_HEADER : (bytes[at] & 15) * 4;
  // Who found the length wrong came to UDP over these extension headers, and over no more of them.
  let next = isIpv6 ? bytes[at + IPV6_NEXT_HEADER] : UDP;
  for (let passed = 0; passed < MOST_EXTENSIONS && next !== UDP; passed++) {
    next = bytes[at + udp];
    udp += (bytes[at + udp + 1] + 1) * 8;
  }
  return udp + UDP_LENGTH;
}

/** Problems behind which source and destination mean nothing. */
const HEADERLESS: ReadonlySet<number> = new Set([Problem.macReservedVersion, Problem.macHeaderCut, Problem.macEmpty]);
