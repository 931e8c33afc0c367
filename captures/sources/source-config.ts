// The sources of the daemon, made from what its configuration says of them.

import { spawn } from 'node:child_process';
import { basename, join } from 'node:path';
import type { Readable } from 'node:stream';

import { beginReplay, beginStdin } from './capture-attempt.ts';
import { beginChild, type ChildHost } from './child-attempt.ts';
import { ChildGuard } from './child-guard.ts';
import { FileAttempt } from './file-attempt.ts';
import { FilesAttempt } from './files-attempt.ts';
import { findProgram, interfaceProgram } from './interface-program.ts';
import type { LiveSource, SourceStatus } from './live-source.ts';
import type { ReplayClock } from './replay.ts';
import type { RestartTimes } from './restart-policy.ts';
import { realTiming, type SourceTiming } from './source-clock.ts';
import { DEFAULT_PATTERN, GSMTAP_PORT, type SourceDescription } from './source-description.ts';
import { type SourceParts, SupervisedSource } from './supervised-source.ts';
import { beginUdp, endpointText, type UdpAttempt, type UdpHost } from './udp-attempt.ts';

export * from './source-description.ts';

/** What sources take from the machine and the process; each has its real one as default. */
export interface SourceHost {
  readonly timing?: SourceTiming;
  readonly spawn?: ChildHost['spawn'];
  readonly guard?: ChildGuard;
  /** Where an executable of this name is, or null. */
  readonly findProgram?: (name: string) => string | null;
  readonly standardInput?: Readable;
  readonly createSocket?: UdpHost['createSocket'];
  readonly kernelDrops?: UdpHost['kernelDrops'];
  readonly restart?: RestartTimes;
  /** Told of every change of state of a source. */
  readonly changed?: (status: SourceStatus) => void;
}

/** One guard for all children of this process. */
let processGuard: ChildGuard | null = null;

/**
 * Makes a source. Nothing is opened or started before `run`; from then on whatever fails is in its status and is tried
 * again.
 * @param described checked: names unlike each other, numbers in their ranges
 */
export function makeLiveSource(described: SourceDescription, host: SourceHost = {}): LiveSource {
  const timing = host.timing ?? realTiming();
  const { name, clock = described.kind === 'replay' ? 'capture' : 'wall' } = described;
  const parts = { name, clock, ...startOf(described, host, timing) };
  return new SupervisedSource({ ...parts, restart: host.restart, changed: host.changed }, timing);
}

type Start = Pick<SourceParts, 'kind' | 'defaultInterface' | 'begin'>;

function startOf(described: SourceDescription, host: SourceHost, timing: SourceTiming): Start {
  const children = (): ChildHost => {
    processGuard ??= new ChildGuard();
    return { spawn: host.spawn ?? spawn, guard: host.guard ?? processGuard };
  };
  switch (described.kind) {
    case 'interface': {
      let through = described.program ?? 'auto';
      return {
        kind: () => `interface ${described.interface}${through === 'auto' ? '' : ` through ${through}`}`,
        defaultInterface: described.interface,
        begin: async () => {
          const program = interfaceProgram(described, host.findProgram ?? findProgram);
          through = program.called;
          return beginChild(program, children());
        },
      };
    }
    case 'command': {
      const { command, folder, environment, restart = 'always' } = described;
      const program = { command, folder, environment, mayFinish: restart === 'failure' };
      return {
        // Its arguments may hold secrets.
        kind: () => `command ${basename(command[0])}`,
        defaultInterface: described.name,
        begin: async () => beginChild(program, children()),
      };
    }
    case 'stdin': {
      const begin = () => beginStdin(host.standardInput ?? process.stdin);
      return { kind: () => 'standard input', defaultInterface: described.name, begin };
    }
    case 'file':
      return {
        kind: () => `file ${described.path}, followed`,
        defaultInterface: described.name,
        begin: () => new FileAttempt(described, () => timing.elapsed()),
      };
    case 'files': {
      const { folder, pattern = DEFAULT_PATTERN } = described;
      return {
        kind: () => `files ${join(folder, pattern)}, followed`,
        defaultInterface: described.name,
        begin: () => new FilesAttempt(described, timing),
      };
    }
    case 'udp':
      return udpStart(described, {
        wallTime: () => timing.wallTime(),
        elapsed: () => timing.elapsed(),
        createSocket: host.createSocket,
        kernelDrops: host.kernelDrops,
      });
    case 'replay': {
      const { path, speed = 1, loop = false } = described;
      const pace = speed === 'full' ? 'at full speed' : `at ${speed}x`;
      const clock: ReplayClock = {
        now: () => timing.elapsed(),
        wait: async (milliseconds, signal) => timing.wait(milliseconds, signal),
      };
      return {
        kind: () => `replay of ${path} ${pace}${loop ? ', again and again' : ''}`,
        defaultInterface: described.name,
        begin: async (signal) => beginReplay(described, clock, signal),
      };
    }
  }
}

function udpStart(described: Extract<SourceDescription, { kind: 'udp' }>, host: UdpHost): Start {
  const { address = '127.0.0.1', port = GSMTAP_PORT, format = 'auto' } = described;
  let attempt: UdpAttempt | null = null;
  const what = format === 'gsmtap' ? ' gsmtap' : '';
  return {
    kind: () => `udp ${endpointText(address, attempt?.port ?? port)}${what}`,
    defaultInterface: described.name,
    begin: async () => {
      attempt = await beginUdp(described, host);
      return attempt;
    },
  };
}
