// The names that somebody probably meant: edit distance, and names that hold what was written.

/** Constants we chose. */
/** Characters of a wrong name that are looked at: no field name is longer, and the work grows with the square. */
const NAME_CHARACTERS = 64;
/** Names that are offered. */
const OFFERED = 3;

/**
 * Damerau-Levenshtein distance (restricted: no letter is edited twice): insertions, deletions, substitutions and swaps
 * of neighbours that turn one text into the other.
 */
export function editDistance(left: string, right: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1];
      let best = Math.min(previous[column] + 1, current[column - 1] + 1, previous[column - 1] + (same ? 0 : 1));
      if (row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]) {
        best = Math.min(best, beforePrevious[column - 2] + 1);
      }
      current.push(best);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[right.length];
}

/**
 * Up to three of `names` that are near to `wrong`, the nearest first: at most a third of its letters wrong (two at
 * least), or ending in it after a dot or dash. Empty where nothing comes near.
 */
export function nearestNames(wrong: string, names: Iterable<string>): string[] {
  const text = wrong.slice(0, NAME_CHARACTERS).toLowerCase();
  if (text === '') return [];
  const limit = Math.max(2, Math.floor(text.length / 3));
  const found: { name: string; distance: number }[] = [];
  for (const name of names) {
    const lower = name.toLowerCase();
    const isTail = text.length >= 2 && (lower.endsWith(`.${text}`) || lower.endsWith(`-${text}`));
    const far = Math.abs(lower.length - text.length) > limit;
    const distance = isTail ? 1 : far ? limit + 1 : editDistance(text, lower);
    // A word of two letters is two edits away from every other one.
    if (distance <= limit && (isTail || distance < text.length)) found.push({ name, distance });
  }
  found.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return [...new Set(found.map((entry) => entry.name))].slice(0, OFFERED);
}
