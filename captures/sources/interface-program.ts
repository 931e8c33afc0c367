// Which program captures on an interface, and how it is told what to capture.

import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

import type { ChildProgram } from './child-attempt.ts';
import { SourceFailure } from './source-attempt.ts';
import { DEFAULT_SNAP_LENGTH, type InterfaceDescription } from './source-description.ts';
import { sourceProblem } from './source-problems.ts';

/** We chose: folders that are searched behind those of PATH. A service's PATH often lacks them. */
const SYSTEM_FOLDERS = ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin', '/sbin'];

/** Where an executable of this name is, or null. */
export function findProgram(name: string, path = process.env.PATH ?? ''): string | null {
  for (const folder of [...path.split(delimiter), ...SYSTEM_FOLDERS]) {
    if (!folder.startsWith('/')) continue;
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      if (statSync(file).isFile()) return file;
    } catch {
      // Not here.
    }
  }
  return null;
}

/** The program for an interface. @throws SourceFailure where there is none */
export function interfaceProgram(
  described: InterfaceDescription,
  find: (name: string) => string | null = findProgram,
): ChildProgram & { readonly called: 'dumpcap' | 'tcpdump' } {
  const { program = 'auto' } = described;
  for (const called of ['dumpcap', 'tcpdump'] as const) {
    const file = program === 'auto' || program === called ? find(called) : null;
    if (file !== null) {
      const tcpdump = called === 'tcpdump';
      const args = tcpdump ? tcpdumpArguments(described) : dumpcapArguments(described);
      return { command: [file, ...args], countsOnSignal: tcpdump, called };
    }
  }
  const sentence = program === 'auto' ? 'there is neither dumpcap nor tcpdump' : `there is no ${program}`;
  throw new SourceFailure(sourceProblem('source.no-capture-program', sentence));
}

function dumpcapArguments(described: InterfaceDescription): string[] {
  const { snapLength = DEFAULT_SNAP_LENGTH, filter, bufferMiB } = described;
  return [
    '-q',
    ...['-i', described.interface],
    ...['-s', `${snapLength}`],
    ...(filter === undefined ? [] : ['-f', filter]),
    ...(bufferMiB === undefined ? [] : ['-B', `${bufferMiB}`]),
    ...(described.promiscuous === false ? ['-p'] : []),
    ...(described.monitor === true ? ['-I'] : []),
    ...['-w', '-'],
  ];
}

function tcpdumpArguments(described: InterfaceDescription): string[] {
  const { snapLength = DEFAULT_SNAP_LENGTH, filter, bufferMiB } = described;
  return [
    // Each frame as it comes: otherwise the kernel holds them back for up to a second, and tcpdump until 4 KiB are full.
    ...['--immediate-mode', '-U', '-n'],
    ...['-i', described.interface],
    ...['-s', `${snapLength}`],
    ...(bufferMiB === undefined ? [] : ['-B', `${bufferMiB * 1024}`]),
    ...(described.promiscuous === false ? ['-p'] : []),
    ...(described.monitor === true ? ['-I'] : []),
    ...['-w', '-'],
    ...(filter === undefined ? [] : ['--', filter]),
  ];
}
