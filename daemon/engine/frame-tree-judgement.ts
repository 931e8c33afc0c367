// What a layer tree says of a judged message: verdict, key, group, and the block that explains the verdict. Names keys by
// id and fingerprint, never by their octets.

import { EXPLAIN_FIELDS, judgedProtocol } from '../../dissectors/judged-fields.ts';
import type { Field, TreeWriter } from '../../dissectors/layer.ts';
import { CIPHER_ALGORITHMS } from '../../dissectors/security/algorithm.ts';
import type { EpochStateName } from '../events.ts';
import { EPOCH_STATES } from '../keyring/epoch-state.ts';
import { layer2IdText, type PgkEpoch } from '../keyring/keyring.ts';
import { memberName } from '../keyring/member-name.ts';
import type { AnalysedMessage, JudgementContext } from './analysed-frame.ts';
import { CONTEXT_TENTHS, PLAUSIBLE_TENTHS } from './evidence.ts';
import { CHECKS, explainChecks } from './evidence-checks.ts';
import type { Attempt } from './judge.ts';
import { groupText } from './message-event.ts';
import { MessageFlag, type MessageTable, NONE, VerdictCode } from './message-table.ts';

/** The specification says: DIRECTION of one-to-many communication (TS 36.323 5.6.1), BEARER is five bits of the LCID. */
const DIRECTION = 0;
const BEARER_MASK = 31;
const VERSION_WHOLE = 3;

const fields = judgedProtocol.fields;

const PASSED_TEXTS = CHECKS.map(({ name, tenths }) => `${name}: ${tenths / 10} bits`);
const FAILED_TEXTS = CHECKS.map(({ name, tenths }) => `${name}: would have given ${tenths / 10} bits`);

/** The layer that says what a message was judged to be. @param explain with the block that says how that came about */
export function writeJudgement(
  table: MessageTable,
  message: AnalysedMessage,
  context: JudgementContext,
  explain: boolean,
  tree: TreeWriter,
): void {
  const { row } = message;
  const group = table.group[row] === NONE ? null : context.groups[table.group[row]];
  const epoch = table.epoch[row] === NONE ? null : context.index.epoch(table.epoch[row]);
  tree.begin(judgedProtocol, 0, 0);
  tree.generated(fields.verdict, table.verdictName(row));
  if (epoch !== null) tree.generated(fields.pgkId, epoch.id);
  tree.generated(fields.evidenceBits, Math.floor(table.evidence[row] / 10));
  const whole = group !== null || table.version[row] === VERSION_WHOLE;
  tree.generated(fields.group, whole ? (group?.id ?? table.destination[row]) : groupText(table, row, group));
  if (group !== null) tree.generated(fields.groupName, group.name);
  const sourceName = group === null ? null : memberName(group, table.source[row], table.time[row]);
  if (sourceName !== null) tree.generated(fields.sourceName, sourceName);
  tree.generated(fields.length, table.length[row]);
  if (table.framesCount[row] > 1) {
    for (const frame of table.framesOf(row)) tree.generated(fields.segmentFrame, frame);
  }
  if (explain) {
    if ((table.flags[row] & MessageFlag.plaintextShown) === 0) {
      tree.generated(fields.withheld, context.maker.withheld(table, row));
    }
    writeExplanation(table, message, epoch, tree);
  }
  tree.end();
}

/** Whether a field is written only where `explain` is asked for. */
export function isExplanation(field: Field): boolean {
  return field === fields.withheld || EXPLAIN_FIELDS.has(field);
}

// Fingerprints cost an HMAC each and never change. Kept for as long as the keyring is.
const fingerprints = new WeakMap<PgkEpoch, string | null>();

function fingerprintOf(epoch: PgkEpoch): string | null {
  let fingerprint = fingerprints.get(epoch);
  if (fingerprint === undefined) {
    fingerprint = epoch.fingerprint;
    fingerprints.set(epoch, fingerprint);
  }
  return fingerprint;
}

function writeExplanation(
  table: MessageTable,
  message: AnalysedMessage,
  epoch: PgkEpoch | null,
  tree: TreeWriter,
): void {
  const { row, attempts } = message;
  tree.group('How the verdict came about', 0, 0);
  if (epoch !== null) {
    const fingerprint = fingerprintOf(epoch);
    if (fingerprint !== null) tree.generated(fields.fingerprint, fingerprint);
    const state = EPOCH_STATES[table.epochState[row]] as EpochStateName | undefined;
    if (state !== undefined) tree.generated(fields.keyState, state);
    tree.generated(fields.algorithm, CIPHER_ALGORITHMS[algorithmOf(table, row, attempts, epoch)]);
  }
  if (table.context[row] !== NONE) {
    tree.generated(fields.count, table.counter[row]);
    tree.generated(fields.bearer, table.lcid[row] & BEARER_MASK);
    tree.generated(fields.direction, DIRECTION);
  }
  for (let check = 0; check < CHECKS.length; check++) {
    if ((table.passed[row] & (1 << check)) !== 0) tree.generated(fields.passed, PASSED_TEXTS[check]);
  }
  for (let check = 0; check < CHECKS.length; check++) {
    if ((table.failed[row] & (1 << check)) !== 0) tree.generated(fields.failed, FAILED_TEXTS[check]);
  }
  attempts.forEach((attempt, index) => {
    const last = index === attempts.length - 1 && attempt.epoch === epoch;
    tree.generated(fields.tried, attemptText(attempt, last ? table.verdict[row] : NONE));
  });
  tree.end();
}

/** The key's own algorithm, or the one that was tried last where only another one opened the message. */
function algorithmOf(table: MessageTable, row: number, attempts: readonly Attempt[], epoch: PgkEpoch): number {
  if ((table.flags[row] & MessageFlag.otherAlgorithm) === 0) return epoch.algorithm;
  for (let index = attempts.length - 1; index >= 0; index--) {
    if (attempts[index].epoch === epoch) return attempts[index].algorithm;
  }
  return epoch.algorithm;
}

/** @param verdict what the message was judged to be with this key, or NONE where another key or none was settled on */
function attemptText(attempt: Attempt, verdict: number): string {
  const { epoch, p2, algorithm, tenths, failed } = attempt;
  const inPtk = p2 === epoch.group.id ? '' : `, group id ${layer2IdText(p2)} in the PTK`;
  const key = `PGK ${epoch.id} of ${epoch.group.idText} (${fingerprintOf(epoch) ?? 'destroyed'}), ${CIPHER_ALGORITHMS[algorithm]}${inPtk}`;
  if (verdict === VerdictCode.decrypted || verdict === VerdictCode.stale) return `${key}: opens it`;
  if (verdict === VerdictCode.unverifiable) return `${key}: fits, too little to be sure`;
  const names = explainChecks(failed).map((check) => check.name);
  const because = names.length === 0 ? '' : `; failed: ${names.join(', ')}`;
  if (tenths === 0) return `${key}: does not open it, nothing in the plaintext fits${because}`;
  return `${key}: does not open it, ${tenths / 10} bits of ${needed(tenths)} needed${because}`;
}

function needed(tenths: number): string {
  return tenths >= CONTEXT_TENTHS
    ? `${PLAUSIBLE_TENTHS / 10}`
    : `${PLAUSIBLE_TENTHS / 10} (${CONTEXT_TENTHS / 10} in a proved context)`;
}
