// `sidescope grant`: who may subscribe to a daemon, and to what. The operator signs with a key that the daemon never has;
// the daemon is told what no longer holds.

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { ExitCode, SidescopeError } from '../daemon/errors.ts';
import { parseInstant } from '../daemon/keyring/rfc3339.ts';
import {
  CAPABILITY_GROUPS,
  type GroupGrant,
  isGroupPattern,
  issueCapability,
  LONGEST_ATTENDED,
  LONGEST_UNATTENDED,
  VIEWS,
  type View,
} from '../daemon/relay/capability.ts';
import { isPublicHex } from '../daemon/relay/ed25519.ts';
import { createKeyFile, type KeyKind, readKeyFile } from '../daemon/relay/key-files.ts';
import { RelayError } from '../daemon/relay/relay-error.ts';
import { judgeState, type Revocation, type StatePoint } from '../daemon/relay/relay-state.ts';
import { LATEST_START, Revocations } from '../daemon/relay/revocations.ts';
import { StateCopy } from '../daemon/relay/state-copy.ts';
import { askDaemon } from '../daemon/service/control-client.ts';
import { DAEMON_KEY, REVOCATIONS, stateCopyPath } from '../daemon/service/daemon-files.ts';
import { printableJson } from '../dissectors/printable.ts';
import { readCapabilityFile, readPublicKey } from './grant-files.ts';
import { type GrantList, grantText } from './grant-text.ts';
import { writeNewFile } from './keys-files.ts';
import { oneOf } from './one-of.ts';
import { reasonOption } from './reason.ts';
import { writeOutput } from './stdout.ts';
import { answerUnknownVerb } from './unknown-verb.ts';
import { actor } from './vault-options.ts';

const VERBS = ['identity', 'issue', 'revoke', 'list', 'accept-rollback'] as const;
const KINDS: readonly KeyKind[] = ['subscriber', 'operator', 'daemon'];
const TYPES = ['text', 'json'] as const;
const HOUR = 3600;

interface IdentityArguments {
  readonly out?: string;
  readonly show?: string;
  readonly kind: KeyKind;
}

interface IssueArguments {
  readonly operator: string;
  readonly daemon: string;
  readonly subject: string;
  readonly group: readonly { readonly gid: string; readonly view: View | null }[];
  readonly view: View;
  readonly hours?: number;
  readonly from?: number;
  readonly unattended?: boolean;
  readonly rate: number;
  readonly connections: number;
  readonly out?: string;
}

interface DaemonArguments {
  readonly config?: string;
  readonly control?: string;
  readonly state?: string;
  readonly reason: string;
  readonly type: string;
}

/** Adds the verbs below `grant`. */
export function configure(command: Command): void {
  command
    .command('identity')
    .description('make the key pair of a subscriber, and print its public half: the operator needs that')
    .option('-o, --out <file>', 'file to write, for its owner alone; it must not exist')
    .option('--show <file>', 'print the public half of a key that is there')
    .option('--kind <kind>', `what the key is for: ${KINDS.join(', ')}`, oneOf(KINDS), 'subscriber')
    .action(identity);
  command
    .command('issue')
    .description('sign what a subscriber may see: a capability')
    .requiredOption('--operator <file>', "the operator's private key")
    .requiredOption('--daemon <key>', "the daemon's public key: 64 hex digits, or a file that holds them")
    .requiredOption('--subject <key>', "the subscriber's public key: 64 hex digits, or a file that holds them")
    .requiredOption(
      '--group <id[=view]>',
      'group: 6 hex digits, f000?? for groups known by 16 bits only, * for all; repeatable',
      gatherGroups,
    )
    .option(
      '--view <view>',
      'the most that may be seen of groups without a view: meta, plain, forensic',
      oneOf(VIEWS),
      'meta',
    )
    .option('--hours <count>', 'how long it holds; default 12, which is the most without --unattended', positive)
    .option('--from <time>', 'from when it holds, RFC 3339 in UTC; default now', instantOption)
    .option('--unattended', 'for a subscriber with nobody beside it: up to 720 hours')
    .option('--rate <records>', 'records a second at most; 0 for no limit', whole, 0)
    .option('--connections <count>', 'connections at once', positive, 4)
    .option('-o, --out <file>', 'file to write, which must not exist; default standard output')
    .action(issue);
  daemonVerb(command, 'revoke', 'no longer let a capability, or a subscriber, see anything', '<grant>')
    .option('--reason <text>', 'why, for the audit log', reasonOption, 'none given')
    .addHelpText(
      'after',
      '\nA grant is the file of a capability, its name (jti, 32 hex digits), or the public key of a subscriber (64), whose\n' +
        'capabilities of today all end then.',
    )
    .action(revoke);
  daemonVerb(command, 'accept-rollback', "let subscribers in again although the daemon's state was set back", '')
    .requiredOption('--reason <text>', 'why, for the audit log', reasonOption)
    .option(
      '--revoke <grant>',
      'revoke this before anybody is let in, as `grant revoke` names it; repeatable',
      gather,
      [],
    )
    .option('--above <epoch>', 'count on above this, which a subscriber says it has seen', whole, 0)
    .action(acceptRollback);
  daemonVerb(command, 'list', 'show who is connected, and what is revoked', '')
    .option('-T, --type <type>', `form of the output: ${TYPES.join(', ')}`, oneOf(TYPES), 'text')
    .action(list);
  answerUnknownVerb(command, VERBS);
}

function daemonVerb(parent: Command, name: string, about: string, argument: string): Command {
  const command = parent.command(name).description(about);
  if (argument !== '') command.argument(argument);
  return command
    .option('--control <socket>', 'control socket of the daemon')
    .option('--config <file>', "the daemon's configuration, which says where its control socket and its state are")
    .option('--state <folder>', 'state folder of a daemon that does not run');
}

function identity({ out, show, kind }: IdentityArguments): void {
  if ((out === undefined) === (show === undefined)) {
    throw usage(
      'identity',
      'say which file',
      'give --out FILE to make a key, or --show FILE to see the public half of one',
    );
  }
  const { publicKey } = show === undefined ? createKeyFile(out as string, kind) : readKeyFile(show, kind);
  writeOutput(`${publicKey}\n`);
}

function issue(options: IssueArguments): void {
  const { unattended, rate, connections, out } = options;
  const now = Math.floor(Date.now() / 1000);
  const nbf = options.from ?? now;
  const seconds = (options.hours ?? 12) * HOUR;
  const most = unattended === true ? LONGEST_UNATTENDED : LONGEST_ATTENDED;
  if (seconds > most) {
    const hint = unattended === true ? 'issue a new one in time' : 'with --unattended it may hold up to 720 hours';
    throw usage('hours', `a capability holds ${most / HOUR} hours at most`, hint);
  }
  if (nbf > now + LATEST_START) throw usage('from', 'it would begin more than 30 days from now', 'issue it later');
  if (nbf + seconds <= now) throw usage('from', 'it would have ended already', 'check --from and --hours');
  const groups = grants(options);
  const { key } = readKeyFile(options.operator, 'operator');
  const capability = issueCapability(key, {
    aud: readPublicKey('--daemon', options.daemon, 'daemon'),
    jti: randomBytes(16).toString('hex'),
    sub: readPublicKey('--subject', options.subject, 'subscriber'),
    nbf,
    exp: nbf + seconds,
    groups,
    rate,
    maxConn: connections,
    ...(unattended === true ? { unattended } : {}),
  });
  if (out === undefined) writeOutput(`${capability}\n`);
  else writeNewFile(out, Buffer.from(`${capability}\n`));
}

/** Grants in the order of their groups; a view means the lesser ones too. */
function grants({ group, view }: IssueArguments): GroupGrant[] {
  const byGroup = new Map<string, number>();
  for (const { gid, view: own } of group) {
    byGroup.set(gid, Math.max(byGroup.get(gid) ?? 0, VIEWS.indexOf(own ?? view)));
  }
  if (byGroup.size > CAPABILITY_GROUPS) {
    throw usage('group', `a capability names ${CAPABILITY_GROUPS} groups at most`, 'issue several, or grant *');
  }
  return Array.from(byGroup, ([gid, most]) => ({ gid, views: VIEWS.slice(0, most + 1) })).sort((a, b) =>
    a.gid < b.gid ? -1 : 1,
  );
}

async function revoke(grant: string, options: DaemonArguments): Promise<void> {
  const { kind, name, until } = grantName(grant);
  const { reason } = options;
  const row = await atDaemon<Revocation>(
    options,
    { verb: 'grant.revoke', arguments: { kind, name, reason, ...(until === undefined ? {} : { until }) } },
    (revocations, now, copy) =>
      revokeOffline(revocations, copy, () => revocations.revoke(kind, name, now, reason, until)),
  );
  writeOutput(`revoked ${row.kind} ${row.name}\n`);
}

async function acceptRollback(
  options: DaemonArguments & { readonly above: number; readonly revoke: readonly string[] },
): Promise<void> {
  const { reason, above } = options;
  const revoke = options.revoke.map((grant) => ({ ...grantName(grant), reason }));
  const { control } = await whereabouts(options);
  if (control === null) {
    throw usage('daemon', 'a daemon has to run for this', 'give --control SOCKET or --config FILE');
  }
  const asked = { verb: 'grant.accept-rollback', arguments: { reason, above, revoke } };
  const point = (await askDaemon(control, { ...asked, by: actor('grant accept-rollback') })) as StatePoint;
  writeOutput(`accepted; the state of grants is at change ${point.epoch}\n`);
}

async function list(options: DaemonArguments): Promise<void> {
  const grantList = await atDaemon<GrantList>(options, { verb: 'grant.list', arguments: {} }, (revocations, now) => ({
    revoked: revocations.list(now),
    subscribers: null,
  }));
  writeOutput(options.type === 'json' ? `${printableJson(grantList, 2)}\n` : grantText(grantList));
}

/** Revokes while no daemon runs, and leaves word of it beside the journal where that is known. */
function revokeOffline(revocations: Revocations, copy: StateCopy | null, revoke: () => Revocation): Revocation {
  const copied = copy?.read() ?? null;
  if (judgeState(revocations.account, null, copied).kind === 'set-back') {
    const message = `the state of grants was set back: it is at change ${revocations.point.epoch}, and ${copy?.path} knows more`;
    throw new RelayError('state', message, 'Start the daemon, which says what to do');
  }
  const row = revoke();
  copy?.write(revocations.point);
  return row;
}

function grantName(text: string): { kind: Revocation['kind']; name: string; until?: number } {
  if (/^[0-9a-f]{32}$/.test(text)) return { kind: 'capability', name: text };
  if (isPublicHex(text)) return { kind: 'subject', name: text };
  const { claims } = readCapabilityFile(text);
  return { kind: 'capability', name: claims.jti, until: claims.exp };
}

/** Asks the daemon where one runs; works on its state where none does. */
async function atDaemon<Answer>(
  options: DaemonArguments,
  asked: { readonly verb: string; readonly arguments: Readonly<Record<string, unknown>> },
  offline: (revocations: Revocations, now: number, copy: StateCopy | null) => Answer,
): Promise<Answer> {
  const { control, state, copy } = await whereabouts(options);
  if (control !== null) {
    try {
      return (await askDaemon(control, { ...asked, by: actor(asked.verb.replace('.', ' ')) })) as Answer;
    } catch (error) {
      // A daemon that does not run will read its state when it starts.
      if (state === null || !(error instanceof SidescopeError) || error.code !== 'control.unreachable') throw error;
    }
  }
  const folder = state as string;
  const { key } = readKeyFile(join(folder, DAEMON_KEY), 'daemon');
  const beside = copy === null || !existsSync(dirname(copy)) ? null : new StateCopy(copy, key);
  return offline(new Revocations(join(folder, REVOCATIONS), key), Math.floor(Date.now() / 1000), beside);
}

async function whereabouts({ config, control, state }: Pick<DaemonArguments, 'config' | 'control' | 'state'>): Promise<{
  control: string | null;
  state: string | null;
  /** Where the copy of the state's epoch is, as far as a configuration says so. */
  copy: string | null;
}> {
  if (config !== undefined) {
    const { readDaemonConfig } = await import('../daemon/service/config-reader.ts');
    const read = readDaemonConfig(config);
    return { control: control ?? read.control, state: state ?? read.state, copy: stateCopyPath(read) };
  }
  if (control === undefined && state === undefined) {
    throw usage(
      'daemon',
      'no daemon was named',
      'give --control SOCKET, --config FILE, or --state FOLDER where none runs',
    );
  }
  return { control: control ?? null, state: state ?? null, copy: null };
}

function usage(code: string, message: string, hint: string): SidescopeError {
  return new SidescopeError(`usage.${code}`, message, hint, ExitCode.usage);
}

function gather(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function gatherGroups(value: string, before: IssueArguments['group'] | undefined): IssueArguments['group'] {
  const [gid, view = null, more] = value.split('=');
  if (!isGroupPattern(gid) || more !== undefined) {
    throw new InvalidArgumentError('A group is 6 hex digits, f000?? or *.');
  }
  return [...(before ?? []), { gid, view: view === null ? null : oneOf(VIEWS)(view) }];
}

function whole(value: string): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number > 1_000_000) throw new InvalidArgumentError('It is a whole number up to 1000000.');
  return number;
}

function positive(value: string): number {
  const number = whole(value);
  if (number < 1) throw new InvalidArgumentError('It is 1 at least.');
  return number;
}

function instantOption(value: string): number {
  const time = parseInstant(value);
  if (typeof time === 'number') return Math.floor(time / 1000);
  throw new InvalidArgumentError('It is a time like 2026-05-01T10:00:00Z.');
}
