#!/usr/bin/env node
// The executable. It is all that node compiles at each start: the command (command.ts) is in a chunk with code that is kept
// (scripts/bundle.mjs).

import { runCommand } from './command.ts';

// No `await` outside of a function: the bundle is loaded by require(), which is sooner done.
void runCommand();
