// What `-z` asks for: names of tables, several in a list, `io` with its interval.

import { InvalidArgumentError } from 'commander';
import { nearestName } from '../daemon/keyring/nearest-name.ts';

/** We chose: the shortest and the longest interval of `io`, in seconds. Clocks of captures resolve a microsecond. */
const SHORTEST_SECONDS = 0.001;
const LONGEST_SECONDS = 1e9;

const NAMES = ['groups', 'epochs', 'findings', 'talkers', 'io'] as const;

/** How the tables are written in help and errors. */
export const TABLE_NAMES = 'groups, epochs, findings, talkers, io,SECONDS';

/** One table; `seconds` is the interval of `io`, 0 for the others. */
export interface TableRequest {
  readonly name: (typeof NAMES)[number];
  readonly seconds: number;
}

/**
 * Adds the tables of one `-z` to those before.
 *
 * @param value a name or a list with commas, such as `groups,io,10`
 * @throws InvalidArgumentError where it is no such list
 */
export function gatherTables(value: string, before: readonly TableRequest[]): readonly TableRequest[] {
  const words = value.split(',').map((word) => word.trim());
  const requests: TableRequest[] = [];
  for (let at = 0; at < words.length; at++) {
    const name = NAMES.find((known) => known === words[at]);
    if (name === undefined) {
      const near = nearestName(words[at], NAMES);
      const meant = near === null ? '' : ` Did you mean ${near}?`;
      throw new InvalidArgumentError(`${words[at]} is no table; there are: ${TABLE_NAMES}.${meant}`);
    }
    requests.push({ name, seconds: name === 'io' ? secondsOf(words[++at]) : 0 });
  }
  return [...before, ...requests];
}

/** The table as it was asked for, such as `io,10`. */
export function tableTitle(request: TableRequest): string {
  return request.name === 'io' ? `io,${request.seconds}` : request.name;
}

function secondsOf(word: string | undefined): number {
  const seconds = word !== undefined && /^\d+(\.\d+)?$/.test(word) ? Number(word) : Number.NaN;
  if (seconds >= SHORTEST_SECONDS && seconds <= LONGEST_SECONDS) return seconds;
  const range = `from ${SHORTEST_SECONDS} to ${LONGEST_SECONDS}`;
  throw new InvalidArgumentError(`io wants its interval in seconds, ${range}, behind a comma, such as io,10.`);
}
