#!/usr/bin/env node
// The executable. It is all that node compiles at each start: the command (command.ts) is in a chunk with code that is kept
// (scripts/bundle.mjs).

import { startThreadAhead } from './thread-ahead.ts';

const ahead = startThreadAhead(process.argv.slice(2));
// Loaded behind that. No `await` outside of a function: the bundle is loaded by require(), which is sooner done.
void import('./command.ts').then(({ runCommand }) => runCommand(ahead));
