// What is wrong between a capture and the keys that are held: groups and PGK indexes that were seen and are not held,
// keys that do not open, other algorithms, dates that do not fit.

import type { Verdict } from '../events.ts';
import type { Group, Keyring, PgkEpoch } from '../keyring/keyring.ts';
import { formatDuration, formatMilliseconds } from '../time.ts';
import { counted, type Diagnosis, diagnosis } from './diagnosis.ts';
import { type KeyFit, tryKeys } from './key-trials.ts';
import type { CaptureObservations, ContextRow } from './observe-capture.ts';

/** Constants we chose. */
/** Rows that a sentence names, and that evidence holds. */
const NAMED = 6;
const SHOWN = 64;

/** @param keyring what the capture was analysed with */
export function diagnoseKeys(seen: CaptureObservations, keyring: Keyring): Diagnosis[] {
  const ciphered = seen.contexts.filter((row) => opensOrNot(row) > 0);
  if (ciphered.length === 0) return [];
  if (keyring.groups.length === 0) {
    const groups = [...new Set(ciphered.map(({ group }) => group))];
    const message = `no keys were given; ciphered messages go to ${counted(groups.length, 'group')}: ${groups.slice(0, NAMED).join(', ')}`;
    const advice = 'give --keyring FILE or --vault FILE to see whether they open';
    return [diagnosis('note', 'keys.none-given', message, advice, { groups: groups.slice(0, SHOWN) })];
  }
  const fits = tryKeys(seen.locked.frames, keyring, missingIndexes(ciphered, keyring));
  return [
    ...groupsNotHeld(ciphered, keyring),
    ...indexesNotHeld(ciphered, keyring, fits),
    ...wrongKeys(seen, ciphered, keyring, fits),
    ...datesThatDoNotFit(seen, keyring),
  ];
}

/** Messages of a context that needed a key. */
function opensOrNot({ verdicts }: ContextRow): number {
  const of = (verdict: Verdict): number => verdicts.get(verdict) ?? 0;
  return of('decrypted') + of('stale') + of('no-key') + of('forged') + of('unverifiable');
}

function locked({ verdicts }: ContextRow): number {
  return verdicts.get('no-key') ?? 0;
}

/** The group of a context, known by all or by 16 of its bits. */
function groupOf(row: ContextRow, keyring: Keyring): Group | undefined {
  const known = row.group.replace(/\?+$/, '');
  return keyring.groups.find(({ idText }) => idText.startsWith(known));
}

function missingIndexes(rows: readonly ContextRow[], keyring: Keyring): number[] {
  const missing = rows.filter((row) => {
    const group = groupOf(row, keyring);
    return locked(row) > 0 && group !== undefined && !group.keys.some(({ index5 }) => index5 === row.pgkIndex);
  });
  return [...new Set(missing.map(({ pgkIndex }) => pgkIndex))];
}

function groupsNotHeld(rows: readonly ContextRow[], keyring: Keyring): Diagnosis[] {
  const missing = rows.filter((row) => locked(row) > 0 && groupOf(row, keyring) === undefined);
  if (missing.length === 0) return [];
  const opened = rows.some((row) => locked(row) < opensOrNot(row));
  const seen = [...new Set(missing.map(({ group }) => group))];
  const held = keyring.groups.map(({ idText }) => idText);
  const messages = missing.reduce((sum, row) => sum + locked(row), 0);
  const message = `${counted(messages, 'message')} go to ${seen.length === 1 ? 'a group' : 'groups'} whose keys are not held: ${seen.slice(0, NAMED).join(', ')}; held are ${held.slice(0, NAMED).join(', ')}${held.length > NAMED ? ' and others' : ''}`;
  const advice = opened
    ? 'if these are yours, add their keys; other groups in the same place are normal'
    : 'these are keys of other groups than those that speak here: get the keyring of these groups';
  return [
    diagnosis(opened ? 'warning' : 'fault', 'keys.group-not-held', message, advice, {
      seen: seen.slice(0, SHOWN),
      held: held.slice(0, SHOWN),
    }),
  ];
}

function indexesNotHeld(rows: readonly ContextRow[], keyring: Keyring, fits: readonly KeyFit[]): Diagnosis[] {
  const found: Diagnosis[] = [];
  for (const group of keyring.groups) {
    const missing = rows.filter(
      (row) =>
        locked(row) > 0 &&
        groupOf(row, keyring) === group &&
        !group.keys.some(({ index5, octets }) => index5 === row.pgkIndex && octets !== null),
    );
    if (missing.length === 0) continue;
    const indexes = missing.map(({ pgkIndex }) => pgkIndex).sort((left, right) => left - right);
    const messages = missing.reduce((sum, row) => sum + locked(row), 0);
    const held = group.keys.map(({ id, index5, octets }) => ({ id, index: index5, destroyed: octets === null }));
    const holds =
      held.length === 0
        ? 'no key of it'
        : held
            .slice(0, NAMED)
            .map(({ id, index }) => `PGK ${id} (index ${index})`)
            .join(', ');
    const message = `${counted(messages, 'message')} in ${nameOf(group)} use PGK index ${indexes.slice(0, NAMED).join(', ')}; held is ${holds}`;
    const fit = fits.find(({ group: id, pgkIndex }) => id === group.idText && pgkIndex !== null);
    const advice =
      fit === undefined
        ? 'get the PGK with that index (its id is the index plus a multiple of 32) from the key management, or import the newer keyring'
        : `a key that is held opens ${fit.opened} of them under PGK index ${fit.pgkIndex}: its id in the keyring is wrong`;
    found.push(
      diagnosis('fault', 'keys.index-not-held', message, advice, { group: group.idText, seen: indexes, held }),
    );
  }
  return found;
}

function wrongKeys(
  seen: CaptureObservations,
  rows: readonly ContextRow[],
  keyring: Keyring,
  fits: readonly KeyFit[],
): Diagnosis[] {
  const found: Diagnosis[] = [];
  const mismatch = seen.findings.get('key.algorithm_mismatch');
  for (const group of keyring.groups) {
    const shut = rows.filter(
      (row) =>
        locked(row) > 0 &&
        groupOf(row, keyring) === group &&
        group.keys.some(({ index5, octets }) => index5 === row.pgkIndex && octets !== null),
    );
    const fit = fits.find(({ group: id, pgkIndex }) => id === group.idText && pgkIndex === null);
    const differs = fit !== undefined && (fit.algorithm !== group.algorithmName || fit.derivation !== group.derivation);
    if (differs) {
      const configured = `${group.algorithmName}, derivation ${group.derivation}`;
      const message = `messages in ${nameOf(group)} do not open as the keyring says (${configured}), but with ${fit.algorithm}, derivation ${fit.derivation}: ${fit.opened} of ${fit.tried} tried`;
      const advice = `set "algorithm": "${fit.algorithm}" and "derivation": "${fit.derivation}" of the group, once its members are known to use them`;
      const evidence = { group: group.idText, configured, fits: fit };
      found.push(diagnosis('fault', 'keys.other-algorithm', message, advice, evidence));
      continue;
    }
    const messages = shut.reduce((sum, row) => sum + locked(row), 0);
    if (messages === 0) continue;
    const indexes = shut.map(({ pgkIndex }) => pgkIndex);
    const all = shut.reduce((sum, row) => sum + opensOrNot(row), 0);
    const which = `${counted(messages, 'message')} in ${nameOf(group)} with PGK index ${indexes.slice(0, NAMED).join(', ')}`;
    const evidence = { group: group.idText, indexes, messages, of: all };
    if (messages * 2 < all) {
      const message = `${which} do not open, while ${(all - messages).toLocaleString('en')} others with that index do`;
      const advice =
        'the key is right for most: some radios hold another key with that index, or somebody without the key sends here';
      found.push(diagnosis('warning', 'keys.some-do-not-open', message, advice, evidence));
      continue;
    }
    const message = `${which} do not open, though a key with that index is held`;
    const advice =
      'the key has other octets than the one in use: compare fingerprints (`sidescope keys list`) with who issued it; a second PGK with the same index may be in use';
    found.push(diagnosis('fault', 'keys.wrong-key', message, advice, evidence));
  }
  if (mismatch !== undefined && found.every(({ code }) => code !== 'keys.other-algorithm')) {
    const advice = 'see `sidescope findings --explain key.algorithm_mismatch`';
    found.push(diagnosis('warning', 'keys.other-algorithm', mismatch.summary, advice, { frames: mismatch.frames }));
  }
  const other = seen.findings.get('payload.other_group_key');
  if (other !== undefined) {
    const advice = 'keys of two groups were mixed up in the keyring or in a radio; compare them with who issued them';
    found.push(
      diagnosis('warning', 'keys.other-group', other.summary, advice, { frames: other.frames, group: other.group }),
    );
  }
  return found;
}

/** Keys that opened messages outside their own dates, as far as the clock may be the reason. */
function datesThatDoNotFit(seen: CaptureObservations, keyring: Keyring): Diagnosis[] {
  const { earliest, latest, summary } = seen;
  const stale = summary.verdicts.stale ?? 0;
  if (stale === 0 || earliest === null || latest === null) return [];
  const withdrawn = ['key.revoked', 'key.compromised', 'key.suspended'].filter((name) => seen.findings.has(name));
  const found: Diagnosis[] = withdrawn.map((name) => {
    const finding = seen.findings.get(name);
    const advice = `the keyring is right and a radio was not changed, or the other way round: see \`sidescope findings --explain ${name}\``;
    return diagnosis('warning', 'keys.withdrawn-in-use', finding?.summary ?? name, advice, {
      finding: name,
      count: finding?.count,
    });
  });
  if (!seen.findings.has('key.expired') && !seen.findings.has('key.not_yet_valid')) return found;
  const windows = keyring.epochs.filter(({ isHeld }) => isHeld);
  const apart = windows.map((epoch) => distance(epoch, earliest, latest));
  const nearest = apart.reduce(
    (least, each) => (Math.abs(each) < Math.abs(least) ? each : least),
    Number.POSITIVE_INFINITY,
  );
  const evidence = {
    stale,
    firstTime: formatMilliseconds(earliest),
    lastTime: formatMilliseconds(latest),
    windows: windows.slice(0, SHOWN).map(({ group, id, notBefore, notAfter }) => ({
      group: group.idText,
      id,
      notBefore: formatMilliseconds(notBefore),
      notAfter: formatMilliseconds(notAfter),
    })),
  };
  if (Number.isFinite(nearest) && nearest !== 0) {
    const when = nearest > 0 ? 'before the first' : 'after the last';
    const message = `the whole capture lies ${formatDuration(Math.abs(nearest))} ${when} of the dates of every key held, and keys of it open ${counted(stale, 'message')}`;
    const advice =
      'the clock of the machine that captured is wrong, or this is an old keyring: compare the times of the capture with the dates of the keys';
    found.push(diagnosis('fault', 'keys.clock-skew', message, advice, evidence));
    return found;
  }
  const message = `${counted(stale, 'message')} opened under keys outside their dates at the time of the capture`;
  const advice =
    'radios still use the old key, or have the new one too early; or the clock of the machine that captured is off';
  found.push(diagnosis('warning', 'keys.not-active', message, advice, evidence));
  return found;
}

/** Milliseconds from a capture to the window of a key: above 0 where the window is later, 0 where they meet. */
function distance({ notBefore, notAfter }: PgkEpoch, earliest: number, latest: number): number {
  if (latest < notBefore) return notBefore - latest;
  return earliest >= notAfter ? notAfter - earliest : 0;
}

function nameOf({ idText, name }: Group): string {
  return name === idText ? `group ${idText}` : `group ${idText} (${name})`;
}
