// `sidescope group`: the group manager. What a verb does lies in daemon/keying/group-manager.ts, what is kept in the vault.

import type { Command } from 'commander';
import { ExitCode, SidescopeError } from '../daemon/errors.ts';
import { groupCapture } from '../daemon/keying/group-capture.ts';
import type { Bearer, GroupPlan, GroupRequest, PreparedOperation } from '../daemon/keying/group-desk.ts';
import { noSuchGroup } from '../daemon/keying/group-error.ts';
import { SCHEMES, type Scheme } from '../daemon/keying/group-state.ts';
import type { GroupView, ManagerView } from '../daemon/keying/group-view.ts';
import { DEFAULT_BEARER, type GroupOperation } from '../daemon/keying/rekey-plan.ts';
import { layer2IdText } from '../daemon/keyring/keyring.ts';
import { CIPHER_ALGORITHMS, type CipherAlgorithm } from '../dissectors/security/traffic-cipher.ts';
import { type Desk, openDesk } from './group-desks.ts';
import { type PendingMessages, pendingCapture, pendingFolder } from './group-files.ts';
import { arityOption, countOption, durationOption, gather, gatherIds, layer2Id, rateOption } from './group-options.ts';
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
import { oneOf } from './one-of.ts';
import { reasonOption } from './reason.ts';
import { reportWarning } from './report-error.ts';
import { writeOutput } from './stdout.ts';
import { answerUnknownVerb } from './unknown-verb.ts';
import { addVaultOptions, type VaultArguments, vaultPath } from './vault-options.ts';

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

// We chose.

const TYPES = ['text', 'json'] as const;
const VERBS = ['create', 'add', 'remove', 'rotate', 'plan', 'show'] as const;
/** After the reference, security B.3. */
const PERIOD = '7d';
const OVERLAP = '2h';

/** Adds the verbs below `group`. */
export function configure(command: Command): void {
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
  answerUnknownVerb(command, VERBS);
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
  await withDesk(`group ${operation}`, options, async (desk) => {
    const prepared = await desk.prepare(requestOf(operation, group, members, options));
    let pending: PendingMessages | null = null;
    try {
      if (prepared.messages.length > 0 && options.write === undefined && options.files === undefined) {
        const hint = 'give --write FILE or --files FOLDER; `sidescope group plan` only reckons';
        throw new SidescopeError('usage.no-output', 'the messages have nowhere to go', hint, ExitCode.usage);
      }
      pending = pendingMessages(prepared, options);
    } catch (error) {
      await desk.discard();
      throw error;
    }
    try {
      await desk.commit();
    } catch (error) {
      // Where it is not known whether the change was made, the messages are kept: they may be needed.
      if (!isInDoubt(error)) pending?.discard();
      else if (pending !== null) reportWarning('group.unsent', `the messages are in ${pending.place}`, UNSENT_HINT);
      throw error;
    }
    pending?.publish();
    writePlan(prepared, options, true);
  });
}

async function plan(group: number, options: GroupArguments): Promise<void> {
  const { add, remove, rotate } = options;
  const asked = [add.length > 0, remove.length > 0, rotate === true].filter(Boolean).length;
  if (asked > 1) {
    const hint = 'give one of --add, --remove and --rotate, or none for all';
    throw new SidescopeError('usage.two-plans', 'several operations were named', hint, ExitCode.usage);
  }
  await withDesk('group plan', options, async (desk) => {
    const reckon = async (operation: GroupOperation, members: readonly number[]): Promise<void> =>
      writePlan(await desk.plan(requestOf(operation, group, members, { ...options, rotate: true })), options, false);
    if (add.length > 0) await reckon('add', add);
    else if (remove.length > 0) await reckon('remove', remove);
    else if (rotate === true) await reckon('rotate', []);
    else await writeCosts(desk, group, options);
  });
}

/** Rotation, removal of one and hiding the past from one, by both schemes. */
async function writeCosts(desk: Desk, id: number, options: GroupArguments): Promise<void> {
  const costs = await desk.costs(id, bearerOf(options));
  const group = groupIn(await desk.show(), id);
  if (options.type === 'json') {
    const operations = costs.plans.map(({ name, plan: each }) => ({ name, costs: planObject(each).costs }));
    writeOutput(jsonText('group-costs', { group: layer2IdText(id), members: group.members.length, operations }));
  } else writeOutput(costsText(group, costs));
}

async function show(id: number | undefined, options: GroupArguments): Promise<void> {
  await withDesk('group show', options, async (desk) => {
    const view = await desk.show();
    const { groups, now } = view;
    const named = id === undefined ? groups : [groupIn(view, id)];
    if (options.type === 'json') {
      const objects = named.map((group) => groupObject(group, now));
      writeOutput(jsonText('groups', { manager: managerObject(view), groups: objects }));
    } else writeOutput(id === undefined ? groupsText(view) : groupText(named[0], now));
  });
}

/** @throws GroupError `no-such-group` */
function groupIn({ groups }: ManagerView, id: number): GroupView {
  return (
    groups.find((group) => group.id === id) ??
    noSuchGroup(
      id,
      groups.map((group) => group.id),
    )
  );
}

function requestOf(
  operation: GroupOperation,
  group: number,
  members: readonly number[],
  options: GroupArguments,
): GroupRequest {
  const { name, algorithm, scheme, arity, period, overlap, ahead, hidePast, rotate, extend, reason } = options;
  const request = { ...bearerOf(options), operation, group, reason: reason ?? '' };
  switch (operation) {
    case 'create':
      return {
        ...request,
        members: options.member,
        policy: { scheme, arity, period, overlap, ahead },
        ...(name === undefined ? {} : { name }),
        ...(algorithm === undefined ? {} : { algorithm }),
      };
    case 'add':
      return { ...request, members, hidePast: hidePast ?? false };
    case 'remove':
      return { ...request, members, renews: rotate ?? true };
    case 'rotate':
      return { ...request, members, extend: extend === true };
  }
}

function bearerOf({ rate, changeover }: GroupArguments): Bearer {
  return { rate: rate ?? DEFAULT_BEARER, ...(changeover === undefined ? {} : { changeover }) };
}

function pendingMessages(prepared: PreparedOperation, { files, write }: GroupArguments): PendingMessages | null {
  const { messages, addresses, plan: made } = prepared;
  if (messages.length === 0) return null;
  if (files !== undefined) return pendingFolder(files, messages);
  return write === undefined ? null : pendingCapture(write, groupCapture(messages, made.messages, made.at, addresses));
}

function writePlan(made: GroupPlan, options: GroupArguments, isDone: boolean): void {
  if (options.type === 'json') writeOutput(jsonText('rekey-plan', { done: isDone, ...planObject(made.plan) }));
  else writeOutput(planText(made, isDone));
}

async function withDesk(what: string, options: GroupArguments, use: (desk: Desk) => Promise<void>): Promise<void> {
  const desk = await openDesk(vaultPath(options), what, options.keyring ?? [], options);
  try {
    await use(desk);
  } finally {
    desk.close();
  }
}

const UNSENT_HINT =
  'look whether `sidescope group show` has the new PGKs: if so give it its name and send it, else remove it';

/** Whether the change may have been made although nobody said so. */
function isInDoubt(error: unknown): boolean {
  return error instanceof SidescopeError && IN_DOUBT.has(error.code);
}

const IN_DOUBT: ReadonlySet<string> = new Set(['vault.in-doubt', 'control.lost', 'control.silent', 'engine.down']);
