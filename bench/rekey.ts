// What removing one member costs, by both schemes and for groups of several sizes: time to make the messages, messages and
// octets; and what opening a vault of 10,000 keys costs beside the passphrase work. `npm run bench:rekey`.

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GroupManager, type MemberToAdd } from '../daemon/keying/group-manager.ts';
import { type GroupState, SCHEMES, type Scheme } from '../daemon/keying/group-state.ts';
import { treeSources } from '../daemon/keying/group-tree.ts';
import { LkhTree } from '../daemon/keying/lkh.ts';
import { DEFAULT_BEARER } from '../daemon/keying/rekey-plan.ts';
import { DEFAULT_MIKEY_PROFILE, Keyring } from '../daemon/keyring/keyring.ts';
import { scryptWork } from '../daemon/keyring/vault/slots.ts';
import { createVault, Vault } from '../daemon/keyring/vault.ts';

// We chose.

const SIZES = [10, 1000, 10_000, 100_000];
const GROUP = 0xf00001;
const DAY = 86_400_000;
/** What the project aims at for 10,000 members. */
const AIMS: Readonly<Record<Scheme, string>> = { individual: 'below 2 s', lkh: 'below 20 ms and 2 kB' };
/** Keys of the vault that is opened, in groups of that many; and what the project aims at. */
const VAULT_KEYS = 10_000;
const KEYS_A_GROUP = 250;
const VAULT_AIM = 'below 300 ms';
/** Removals of which the median is taken: quick ones until the compiler has warmed up, of large individual ones a single. */
const RUNS = 5;
const RUNS_ABOVE = 10_000;
const QUICK_RUNS = 15;

const random = (octets: number): Uint8Array => {
  const made = new Uint8Array(octets);
  made.set(randomBytes(octets));
  return made;
};

function members(size: number): MemberToAdd[] {
  return Array.from({ length: size }, (_, index) => ({
    id: index + 1,
    name: '',
    pmk: { id: Buffer.from(`pmk-${index + 1}`), octets: random(32), profile: DEFAULT_MIKEY_PROFILE },
    address: null,
  }));
}

/** A group of this size, as if everybody had got the first messages; making those is not what is measured. */
function groupOf(scheme: Scheme, size: number): GroupState {
  const state: GroupState = {
    ...{ managerName: 'bench', seed: random(32), initiator: 'pkmf@example.org' },
    ...{ members: new Map(), groups: new Map() },
  };
  const policy = { scheme, arity: 2, period: 7 * DAY, overlap: 2 * 3_600_000, ahead: 0 };
  const manager = new GroupManager(state, { random, now: Date.now(), rate: DEFAULT_BEARER });
  const [first, ...others] = members(size);
  manager.create({ id: GROUP, name: 'bench', algorithm: 2, policy, multicast: null, foreign: [], members: [first] });
  const made = state.groups.get(GROUP);
  if (made === undefined) throw new Error('the group was not made');
  for (const { id, name, pmk, address } of others) {
    if (pmk === null) continue;
    state.members.set(id, { id, name, pmkId: pmk.id, pmk: pmk.octets, profile: pmk.profile, address, counter: 0 });
    made.members.set(id, 1);
  }
  const ids = [...made.members.keys()];
  const tree = scheme === 'lkh' ? LkhTree.build(policy.arity, ids, treeSources(state, GROUP, random)) : null;
  state.groups.set(GROUP, { ...made, tree });
  return state;
}

/** Milliseconds of the processor since then: other work on the machine is not counted. */
function cpuSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

process.stdout.write(
  'members  scheme      messages     octets  largest  made in ms  of which CPU  on a 100 kbit/s bearer\n',
);
for (const size of SIZES) {
  for (const scheme of SCHEMES) {
    const state = groupOf(scheme, size);
    const times: number[] = [];
    const processor: number[] = [];
    let line = '';
    let bearer = '';
    const runs = scheme === 'lkh' ? Math.min(QUICK_RUNS, size / 2) : size > RUNS_ABOVE ? 1 : RUNS;
    for (let run = 0; run < runs; run++) {
      const manager = new GroupManager(state, { random, now: Date.now(), rate: DEFAULT_BEARER });
      const victim = Math.floor(((run + 0.5) * size) / runs) + 1;
      const start = performance.now();
      const used = process.cpuUsage();
      const { plan } = manager.remove(GROUP, [victim], true);
      times.push(performance.now() - start);
      processor.push(cpuSince(used));
      // The group shrinks from run to run; what is printed is of its full size.
      if (run > 0) continue;
      const largest = plan.messages.reduce((most, message) => Math.max(most, message.octets), 0);
      const cells = [plan.cost.messages, plan.cost.octets, largest].map((cell, i) =>
        String(cell).padStart([11, 11, 9][i]),
      );
      line = cells.join('');
      bearer = `${(plan.cost.latency / 1000).toFixed(2)} s`;
    }
    const took = `${median(times).toFixed(1).padStart(10)}  ${median(processor).toFixed(1).padStart(12)}`;
    const aim = size === 10_000 ? `  (aim: ${AIMS[scheme]})` : '';
    process.stdout.write(`${String(size).padStart(7)}  ${scheme.padEnd(10)}${line}  ${took}  ${bearer}${aim}\n`);
  }
}

/** A keyring of many groups, each with a key for each day. */
function manyKeys(): Keyring {
  const groups = Array.from({ length: VAULT_KEYS / KEYS_A_GROUP }, (_, index) => ({
    ...{ id: index + 1, name: null, algorithm: 2, protection: 'required' as const, derivation: 'ts33303' as const },
    ...{ multicast: [], members: [] },
    keys: Array.from({ length: KEYS_A_GROUP }, (__, id) => ({
      ...{ id, octets: random(32), algorithm: null, notBefore: id * DAY, notAfter: (id + 1) * DAY },
      ...{ revokedAt: null, compromisedAt: null, suspendedAt: null, resumedAt: null, destroyedAt: null },
    })),
  }));
  return new Keyring({ groups, pmks: [], lkh: [], managers: [] });
}

/** Opens a real vault on disk; the passphrase work is timed and taken off. */
function openingTimes(): { whole: number; beside: number; processor: number } {
  const folder = mkdtempSync(join(tmpdir(), 'sidescope-bench-'));
  try {
    const path = join(folder, 'bench.vault');
    let work = 0;
    let workCpu = 0;
    const surroundings = {
      work: (...args: Parameters<typeof scryptWork>): ReturnType<typeof scryptWork> => {
        const start = performance.now();
        const used = process.cpuUsage();
        const octets = scryptWork(...args);
        work = performance.now() - start;
        workCpu = cpuSince(used);
        return octets;
      },
    };
    const unlock = () => ({ kind: 'passphrase', octets: Buffer.from('correct horse battery staple') }) as const;
    createVault(path, [unlock()], { by: 'bench' });
    const vault = Vault.open(path, unlock(), { by: 'bench' });
    vault.importKeyring(manyKeys(), 'bench');
    vault.close();
    const whole: number[] = [];
    const beside: number[] = [];
    const processor: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      const start = performance.now();
      const used = process.cpuUsage();
      const opened = Vault.open(path, unlock(), { by: 'bench', surroundings });
      whole.push(performance.now() - start);
      beside.push(performance.now() - start - work);
      processor.push(cpuSince(used) - workCpu);
      opened.close();
    }
    return { whole: median(whole), beside: median(beside), processor: median(processor) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const { whole, beside, processor } = openingTimes();
process.stdout.write(
  `\nvault with ${VAULT_KEYS} keys: opened in ${whole.toFixed(0)} ms, ${beside.toFixed(0)} ms beside the passphrase work` +
    ` (${processor.toFixed(0)} ms CPU)` +
    `  (aim: ${VAULT_AIM})\n`,
);
