// Verbs below a verb, such as `keys list`: help where none is named, the nearest where there is none of that name.

import type { Command } from 'commander';
import { ExitCode, SidescopeError } from '../daemon/errors.ts';
import { nearestName } from '../daemon/keyring/nearest-name.ts';
import { writeOutput } from './stdout.ts';

/** We chose: what is longer is no misspelt verb, and may be what nobody shall read. */
const VERB_MOST = 32;

/**
 * Says what happens where none of the verbs below a command is named. To be called when they have been added: they take
 * no more arguments than they have, and this takes whatever there is, so that it is not an option of the verb that was
 * meant which is called unknown.
 *
 * @param verbs names of those below
 */
export function answerUnknownVerb(command: Command, verbs: readonly string[]): void {
  command
    .argument('[verb]')
    .usage('<verb> [options]')
    .allowUnknownOption()
    .allowExcessArguments()
    .action((verb?: string) => {
      if (verb === undefined) writeOutput(command.helpInformation());
      else throw unknown(command.name(), verb, verbs);
    });
}

function unknown(name: string, verb: string, verbs: readonly string[]): SidescopeError {
  const nearest = nearestName(verb, verbs);
  const hint =
    nearest === null ? `the verbs are ${verbs.join(', ')}` : `did you mean \`sidescope ${name} ${nearest}\`?`;
  const named = verb.length > VERB_MOST ? 'such verb' : `verb "${verb}"`;
  const message = verb.startsWith('-') ? `${name} wants a verb before its options` : `${name} has no ${named}`;
  return new SidescopeError('usage.unknown-verb', message, hint, ExitCode.usage);
}
