// `npm start`: the shipped sample of an attacked group in the terminal program; printed where there is none to draw on.

import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../captures/samples/attacked/', import.meta.url));
const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true && process.env.TERM !== 'dumb';
process.argv.push(isTerminal ? 'tui' : 'read', `${folder}capture.pcapng`, '--keyring', `${folder}keyring.json`);
await import('../dist/cli/main.js');
