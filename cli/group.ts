// `sidescope group`: the group manager. What a verb does lies in daemon/keying/group-manager.ts, what is kept in the vault.

import type { Command } from 'commander';
import { ExitCode, SidescopeError } from '../daemon/errors.ts';
import { groupCapture } from '../daemon/keying/group-capture.ts';
import { GroupManager, type GroupOutcome, type MemberToAdd } from '../daemon/keying/group-manager.ts';
import { type GroupState, groupOf, SCHEMES, type Scheme } from '../daemon/keying/group-state.ts';
import { type GroupRecord, loadGroups, saveGroups, wipeGroupState } from '../daemon/keying/group-store.ts';
import { DEFAULT_BEARER, type GroupOperation } from '../daemon/keying/rekey-plan.ts';
import { emptyKeyring, type Keyring, layer2IdText } from '../daemon/keyring/keyring.ts';
import { loadKeyrings } from '../daemon/keyring/keyring-file.ts';
import { nearestName } from '../daemon/keyring/nearest-name.ts';
import { systemRandomness } from '../daemon/keyring/vault/sealing.ts';
import { openVault, type Vault } from '../daemon/keyring/vault.ts';
import { ALGORITHM_ID, CIPHER_ALGORITHMS, type CipherAlgorithm } from '../dissectors/security/traffic-cipher.ts';
import { type PendingMessages, pendingCapture, pendingFolder } from './group-files.ts';
import {
  arityOption,
  countOption,
  durationOption,
  gather,
  gatherIds,
  layer2Id,
  oneOf,
  rateOption,
  reasonOption,
} from './group-options.ts';
import {
  costsText,
  groupObject,
  groupsText,
  groupText,
  jsonText,
  managerObject,
  planObject,
  planText,
} from './group-text.ts';
import { DaemonKeys, daemonRuns } from './keys-daemon.ts';
import { reportWarning } from './report-error.ts';
import { writeOutput } from './stdout.ts';
import { actor, addVaultOptions, unlockSource, type VaultArguments, vaultPath } from './vault-options.ts';

/** What the options give, after commander has read them; each verb has some of these. */
interface GroupArguments extends VaultArguments {
  readonly type: string;
  readonly reason: string;
  readonly rate: number;
  readonly changeover?: number;
  readonly write?: string;
  readonly files?: string;
  readonly keyring: readonly string[];
  readonly name?: string;
  readonly algorithm?: CipherAlgorithm;
  readonly scheme: Scheme;
  readonly arity: number;
  readonly period: number;
  readonly overlap: number;
  readonly ahead: number;
  readonly member: readonly number[];
  readonly hidePast?: boolean;
  readonly rotate?: boolean;
  readonly extend?: boolean;
  readonly resend: readonly number[];
  readonly add: readonly number[];
  readonly remove: readonly number[];
}

/** What a verb works with. */
interface Session {
  readonly vault: Vault;
  readonly state: GroupState;
  readonly manager: GroupManager;
  /** Where members and their PMKs are looked up: what was given, then the vault. */
  readonly keyrings: readonly Keyring[];
  readonly options: GroupArguments;
}

// We chose.

const TYPES = ['text', 'json'] as const;
const VERBS = ['create', 'add', 'remove', 'rotate', 'plan', 'show'] as const;
/** Octets of an IPv4 address: MIKEY and rekey messages go out over IPv4. */
const IPV4_OCTETS = 4;
/** After the reference, security B.3. */
const PERIOD = '7d';
const OVERLAP = '2h';

/** Adds the verbs below `group`. */
export function configure(command: Command): void {
  command
    .argument('[verb]')
    .usage('<verb> [options]')
    .action((verb?: string) => unknownVerb(command, verb));
  const create = sending(verb(command, 'create', 'make a group and give its members their first PGKs', '<group>'));
  withMembers(create)
    .option('--member <id>', 'a member; repeatable; else those of the group in the keyring', gatherIds, [])
    .option('--name <name>', 'name of the group; else as the keyring or the vault has it')
    .option('--algorithm <name>', `one of ${CIPHER_ALGORITHMS.join(', ')}`, oneOf(CIPHER_ALGORITHMS))
    .option('--scheme <scheme>', `how PGKs reach the members: ${SCHEMES.join(', ')}`, oneOf(SCHEMES), 'individual')
    .option('--arity <number>', 'children of a node of the key tree: 2 or 4', arityOption, 2)
    .option('--period <time>', 'from one PGK to the next, such as 7d or 12h', durationOption, durationOption(PERIOD))
    .option('--overlap <time>', 'how long a PGK outlives that', durationOption, durationOption(OVERLAP))
    .option('--ahead <number>', 'PGKs that members hold ahead: so much longer a removed one reads', countOption, 0)
    .action((group: number, options: GroupArguments) => act('create', group, [], options));
  withMembers(sending(verb(command, 'add', 'add members', '<group>').argument('<member...>', '', gatherIds)))
    .option('--hide-past', 'give the group new PGKs first, so that the new members cannot read what was sent before')
    .action((group: number, members: readonly number[], options: GroupArguments) =>
      act('add', group, members, options),
    );
  sending(verb(command, 'remove', 'remove members', '<group>').argument('<member...>', '', gatherIds))
    .option('--no-rotate', 'give the others no new PGKs: the removed read on until theirs end')
    .action((group: number, members: readonly number[], options: GroupArguments) => {
      return act('remove', group, members, options);
    });
  sending(verb(command, 'rotate', 'give a group new PGKs', '<group>'))
    .option('--extend', 'replace none: only add PGKs ahead, as many as the group should have')
    .option('--resend <member>', 'make none: send a member what it should hold; repeatable', gatherIds, [])
    .action((group: number, options: GroupArguments) => act('rotate', group, options.resend, options));
  withMembers(planning(verb(command, 'plan', 'say what an operation would cost, by both schemes', '<group>')))
    .option('--add <member>', 'plan to add a member; repeatable', gatherIds, [])
    .option('--hide-past', 'with --add: and to hide the past from it')
    .option('--remove <member>', 'plan to remove a member; repeatable', gatherIds, [])
    .option('--rotate', 'plan to rotate')
    .action(plan);
  verb(command, 'show', 'show groups, their PGKs and members; never a key', '[group]').action(show);
}

function verb(parent: Command, name: (typeof VERBS)[number], about: string, argument: string): Command {
  const command = parent.command(name).description(about).argument(argument, 'Layer-2 id, 6 hex digits', layer2Id);
  return addVaultOptions(command).option(
    '-T, --type <type>',
    `form of the output: ${TYPES.join(', ')}`,
    oneOf(TYPES),
    'text',
  );
}

function planning(command: Command): Command {
  return command
    .option('--rate <bits>', 'bits a second of the bearer, for times', rateOption, DEFAULT_BEARER)
    .option('--changeover <time>', 'when new PGKs come into use; else when all can have heard of it', durationOption);
}

function sending(command: Command): Command {
  return planning(command)
    .option('-w, --write <file>', 'write the messages as a pcap of UDP datagrams')
    .option('--files <folder>', 'write the messages as files, one each')
    .option('--reason <text>', 'why, for the audit log', reasonOption, 'none given');
}

function withMembers(command: Command): Command {
  return command.option('--keyring <file>', 'keyring with "pmks" (and names) of members; repeatable', gather, []);
}

/** Carries out an operation: messages under another name, audit log, vault, and only then the messages. */
async function act(
  operation: GroupOperation,
  group: number,
  members: readonly number[],
  options: GroupArguments,
): Promise<void> {
  if (options.write !== undefined && options.files !== undefined) {
    throw new SidescopeError('usage.two-outputs', '--write and --files were both given', 'give one', ExitCode.usage);
  }
  await withSession(`group ${operation}`, options, (session) => {
    const { outcome, record } = carryOut(operation, group, members, session);
    if (outcome.messages.length > 0 && options.write === undefined && options.files === undefined) {
      const hint = 'give --write FILE or --files FOLDER; `sidescope group plan` only reckons';
      throw new SidescopeError('usage.no-output', 'the messages have nowhere to go', hint, ExitCode.usage);
    }
    const pending = pendingMessages(session, outcome);
    try {
      saveGroups(session.vault, session.state, outcome, record);
    } catch (error) {
      // Where it is not known whether the change was made, the messages are kept: they may be needed.
      if (!isInDoubt(error)) pending?.discard();
      throw error;
    }
    pending?.publish();
    writePlan(session, outcome, true);
  });
}

async function plan(group: number, options: GroupArguments): Promise<void> {
  const { add, remove, rotate } = options;
  const asked = [add.length > 0, remove.length > 0, rotate === true].filter(Boolean).length;
  if (asked > 1) {
    const hint = 'give one of --add, --remove and --rotate, or none for all';
    throw new SidescopeError('usage.two-plans', 'several operations were named', hint, ExitCode.usage);
  }
  // One session each: planning changes the state in memory, and nothing of that is kept.
  await withSession('group plan', options, (session) => {
    if (add.length > 0) writePlan(session, carryOut('add', group, add, session).outcome, false);
    else if (remove.length > 0) writePlan(session, carryOut('remove', group, remove, session).outcome, false);
    else if (rotate === true) writePlan(session, carryOut('rotate', group, [], session).outcome, false);
    else writeCosts(session, group);
  });
}

/** Rotation, removal of one and hiding the past from one, by both schemes. */
function writeCosts(session: Session, id: number): void {
  const { vault, options } = session;
  const state = (): GroupState => loadGroups(vault);
  const group = groupOf(session.state, id);
  const [first] = group.members.keys();
  const plans: (readonly [string, GroupOutcome['plan']])[] = [];
  const reckon = (name: string, operation: (manager: GroupManager, fresh: GroupState) => GroupOutcome): void => {
    const fresh = state();
    plans.push([name, operation(managerOf(vault, fresh, options), fresh).plan]);
    wipeGroupState(fresh);
  };
  if (first !== undefined) {
    reckon('rotate', (manager) => manager.rotate(id));
    reckon('remove one', (manager) => manager.remove(id, [first], true));
  }
  reckon('add one, past hidden', (manager, fresh) => manager.add(id, [somebody(fresh, id)], true));
  reckon('add one', (manager, fresh) => manager.add(id, [somebody(fresh, id)], false));
  if (options.type === 'json') {
    const operations = plans.map(([name, each]) => ({ name, costs: planObject(each).costs }));
    writeOutput(jsonText('group-costs', { group: layer2IdText(id), members: group.members.size, operations }));
  } else writeOutput(costsText(group, plans));
}

/** Somebody who is not in the group, to reckon with: with a PMK id as long as those of the others. */
function somebody(state: GroupState, group: number): MemberToAdd {
  const members = groupOf(state, group).members;
  let id = 1;
  while (members.has(id) || state.members.has(id)) id++;
  const [other] = state.members.values();
  const profile = other?.profile ?? { prf: null, extensionType: 241, keyDataType: 0, idr: 'pmk-id' };
  const pmk = { id: new Uint8Array(other?.pmkId.length ?? 8), octets: new Uint8Array(32), profile };
  return { id, name: '', pmk, address: null };
}

async function show(id: number | undefined, options: GroupArguments): Promise<void> {
  await withSession('group show', options, ({ vault, state }) => {
    const now = vault.now();
    if (options.type === 'json') {
      const groups = id === undefined ? [...state.groups.values()] : [groupOf(state, id)];
      writeOutput(
        jsonText('groups', { manager: managerObject(state), groups: groups.map((g) => groupObject(state, g, now)) }),
      );
    } else if (id === undefined) writeOutput(groupsText(state, now));
    else writeOutput(groupText(state, groupOf(state, id), now));
  });
}

function carryOut(
  operation: GroupOperation,
  group: number,
  members: readonly number[],
  session: Session,
): { outcome: GroupOutcome; record: GroupRecord } {
  const { manager, options } = session;
  const record = { members, reason: options.reason ?? '', details: {} };
  switch (operation) {
    case 'create': {
      const wanted = groupToCreate(group, session);
      const ids = wanted.members.map((member) => member.id);
      return { outcome: manager.create(wanted), record: { ...record, members: ids } };
    }
    case 'add': {
      const hidePast = options.hidePast ?? false;
      const people = members.map((id) => memberToAdd(id, session));
      return { outcome: manager.add(group, people, hidePast), record: { ...record, details: { hidePast } } };
    }
    case 'remove': {
      // `plan` has --rotate for something else, and always reckons with new PGKs.
      const rotate = options.rotate ?? true;
      return { outcome: manager.remove(group, members, rotate), record: { ...record, details: { rotate } } };
    }
    case 'rotate': {
      if (members.length > 0) {
        return { outcome: manager.resend(group, members), record: { ...record, details: { how: 'resend' } } };
      }
      const outcome = options.extend === true ? manager.extend(group) : manager.rotate(group);
      return { outcome, record: { ...record, details: { how: options.extend === true ? 'extend' : 'rotate' } } };
    }
  }
}

function groupToCreate(id: number, session: Session) {
  const { keyrings, options } = session;
  const known = keyrings.map((keyring) => keyring.groupById(id)).find((group) => group !== undefined);
  const listed = options.member.length > 0 ? options.member : (known?.members ?? []).map((member) => member.id);
  if (listed.length === 0) {
    const hint = 'give --member ID, or --keyring FILE with the group and its members';
    throw new SidescopeError('usage.no-members', 'a group needs members', hint, ExitCode.usage);
  }
  const { scheme, arity, period, overlap, ahead } = options;
  const multicast = known?.multicast.find((address) => address.length === IPV4_OCTETS) ?? null;
  return {
    id,
    name: options.name ?? known?.name ?? layer2IdText(id),
    algorithm: options.algorithm === undefined ? (known?.algorithm ?? 2) : ALGORITHM_ID[options.algorithm],
    policy: { scheme, arity, period, overlap, ahead },
    multicast,
    members: [...new Set(listed)].map((member) => memberToAdd(member, session)),
  };
}

/** A member with its PMK out of the keyring or the vault; null where the manager may know it already. */
function memberToAdd(id: number, { keyrings }: Session): MemberToAdd {
  const pmk = keyrings.flatMap((keyring) => keyring.pmks).find((each) => each.member === id);
  const stays = keyrings.flatMap((keyring) => keyring.groups).flatMap((group) => group.membersWithId(id));
  const address = stays.flatMap((stay) => stay.addresses).find((each) => each.length === IPV4_OCTETS) ?? null;
  return {
    id,
    name: stays[0]?.name ?? layer2IdText(id),
    pmk: pmk === undefined ? null : { id: pmk.id, octets: pmk.octets, profile: pmk.profile },
    address,
  };
}

function pendingMessages({ state, options }: Session, { plan: made, messages }: GroupOutcome): PendingMessages | null {
  if (messages.length === 0) return null;
  if (options.files !== undefined) return pendingFolder(options.files, messages);
  if (options.write === undefined) return null;
  const group = groupOf(state, made.group);
  const member = (id: number): Uint8Array | null => state.members.get(id)?.address ?? null;
  return pendingCapture(
    options.write,
    groupCapture(messages, made.messages, made.at, { member, group: group.multicast }),
  );
}

function writePlan({ state, options }: Session, { plan: made }: GroupOutcome, isDone: boolean): void {
  if (options.type === 'json') writeOutput(jsonText('rekey-plan', { done: isDone, ...planObject(made) }));
  else writeOutput(planText(state, made, isDone));
}

async function withSession(what: string, options: GroupArguments, use: (session: Session) => void): Promise<void> {
  const path = vaultPath(options);
  const daemon = await DaemonKeys.find(path, what);
  if (daemon !== null) {
    daemon.close();
    throw daemonRuns('make or change groups');
  }
  const files = options.keyring ?? [];
  // Read first, so that nobody types a passphrase for files that are wrong.
  const given = files.length === 0 ? emptyKeyring() : await loadKeyrings(files);
  const vault = await openVault(path, unlockSource(options, path), { by: actor(what), anchorPath: options.anchor });
  for (const text of vault.accepted) reportWarning('vault.accepted', text, 'what is shown may be out of date');
  const { keyring: held } = vault.keyring(null);
  let state: GroupState | null = null;
  try {
    state = loadGroups(vault);
    use({ vault, state, manager: managerOf(vault, state, options), keyrings: [given, held], options });
  } finally {
    if (state !== null) wipeGroupState(state);
    given.wipe();
    held.wipe();
    vault.close();
  }
}

function managerOf(vault: Vault, state: GroupState, { rate, changeover }: GroupArguments): GroupManager {
  const when = changeover === undefined ? {} : { changeover };
  return new GroupManager(state, { random: systemRandomness, now: vault.now(), rate: rate ?? DEFAULT_BEARER, ...when });
}

function isInDoubt(error: unknown): boolean {
  return error instanceof SidescopeError && error.code === 'vault.in-doubt';
}

function unknownVerb(command: Command, verb: string | undefined): void {
  if (verb === undefined) {
    writeOutput(command.helpInformation());
    return;
  }
  const nearest = nearestName(verb, VERBS);
  const hint = nearest === null ? `the verbs are ${VERBS.join(', ')}` : `did you mean \`sidescope group ${nearest}\`?`;
  throw new SidescopeError('usage.unknown-verb', 'group has no such verb', hint, ExitCode.usage);
}
