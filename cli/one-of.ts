// Options with a fixed set of words: a wrong one is told the nearest right one.

import { InvalidArgumentError } from 'commander';
import { nearestName } from '../daemon/keyring/nearest-name.ts';

/**
 * Reads one of these words for commander.
 *
 * @returns a reader that throws InvalidArgumentError with all of them, and the nearest
 */
export function oneOf<Word extends string>(words: readonly Word[]): (value: string) => Word {
  return (value) => {
    const found = words.find((word) => word === value);
    if (found !== undefined) return found;
    const near = nearestName(value, words);
    const meant = near === null ? '' : ` Did you mean ${near}?`;
    throw new InvalidArgumentError(`It is one of: ${words.join(', ')}.${meant}`);
  };
}
