// Which files belong to a rotating set, and in what order they are read.

/** One file of the set. */
export interface ListedFile {
  readonly name: string;
  /** Device and inode. */
  readonly identity: string;
  readonly size: number;
  /** When it was last written, milliseconds since 1970. */
  readonly writtenAt: number;
  /** When anything about it changed last, its permissions among that, milliseconds since 1970. */
  readonly changedAt: number;
}

/** A test for names: `*` stands for any characters, `?` for one; a leading dot must be written. */
export function namePattern(pattern: string): (name: string) => boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replaceAll('?', '.');
  const expression = new RegExp(`^${source}$`, 's');
  return (name) => expression.test(name) && (!name.startsWith('.') || pattern.startsWith('.'));
}

/** Compares names with the numbers in them as numbers: `ring_9` before `ring_10`, `cap` before `cap1`. */
export function compareNames(left: string, right: string): number {
  const lefts = left.match(/\d+|\D+/g) ?? [];
  const rights = right.match(/\d+|\D+/g) ?? [];
  for (let at = 0; at < Math.min(lefts.length, rights.length); at++) {
    const compared = compareParts(lefts[at], rights[at]);
    if (compared !== 0) return compared;
  }
  return lefts.length - rights.length || (left < right ? -1 : left > right ? 1 : 0);
}

function compareParts(left: string, right: string): number {
  if (/^\d/.test(left) && /^\d/.test(right)) {
    const difference = BigInt(left) - BigInt(right);
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
  }
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Compares by when they were last written, then by name. */
export function compareTimes(left: ListedFile, right: ListedFile): number {
  return left.writtenAt - right.writtenAt || compareNames(left.name, right.name);
}
