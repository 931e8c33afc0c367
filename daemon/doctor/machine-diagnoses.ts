// Looks at this machine: whether it can capture, and whether its clock can be.

import { findProgram } from '../../captures/sources/interface-program.ts';
import { makeLiveSource, type SourceHost } from '../../captures/sources/source-config.ts';
import { formatMilliseconds } from '../time.ts';
import { type Diagnosis, diagnosis, sortedByLevel } from './diagnosis.ts';
import type { SourceLook } from './source-diagnoses.ts';

/** Constants we chose. */
/** This program is not older. */
const NOT_BEFORE = Date.UTC(2026, 0, 1);
/** A capture program that does not run after so long (ms) has said why. */
const TRY_MS = 1500;
const LOOPBACK = 'lo';

/** What keeps this machine from capturing. */
export async function examineMachine(look: Pick<SourceLook, 'now' | 'wait' | 'host'>): Promise<Diagnosis[]> {
  const found: Diagnosis[] = [];
  const now = look.now();
  if (now < NOT_BEFORE) {
    const message = `the clock of this machine is wrong: it says ${formatMilliseconds(now)}`;
    const advice = 'set it (`timedatectl set-ntp true`): whether a key may be used today goes by it';
    found.push(diagnosis('fault', 'machine.clock', message, advice));
  }
  found.push(...(await examineCapturing(look)));
  return sortedByLevel(found);
}

async function examineCapturing({ wait, host = {} }: Pick<SourceLook, 'wait' | 'host'>): Promise<Diagnosis[]> {
  const source = makeLiveSource({ name: 'loopback', kind: 'interface', interface: LOOPBACK }, host);
  const tried = new AbortController();
  const running = source.run(() => tried.abort());
  const changes = setInterval(() => {
    if (source.status().problem !== null) tried.abort();
  }, 20);
  await wait(TRY_MS, tried.signal).catch(() => {});
  clearInterval(changes);
  const { problem, kind } = source.status();
  await source.stop();
  await running;
  if (problem !== null) {
    const level = problem.code === 'source.no-such-interface' ? 'warning' : 'fault';
    return [diagnosis(level, problem.code, `interfaces cannot be captured on: ${problem.message}`, problem.hint)];
  }
  return [
    diagnosis('note', 'machine.captures', `this user may capture (${kind})`, '', { programs: programsThere(host) }),
  ];
}

function programsThere({ findProgram: find = findProgram }: SourceHost): Readonly<Record<string, string | null>> {
  return Object.fromEntries(['dumpcap', 'tcpdump', 'tshark'].map((name) => [name, find(name)]));
}
