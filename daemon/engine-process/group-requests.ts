// Requests about groups from the control socket: the group manager on the daemon's own vault. Messages go out to whoever asked
// before anything is saved, and the change is saved when they say that the messages are safe (docs/groups.md).

import { LKH_ARITIES } from '../../dissectors/keying/lkh-rekey.ts';
import { CIPHER_ALGORITHMS } from '../../dissectors/security/traffic-cipher.ts';
import { ExitCode, SidescopeError } from '../errors.ts';
import { type Bearer, GroupDesk, type GroupRequest } from '../keying/group-desk.ts';
import { GroupError } from '../keying/group-error.ts';
import { type GroupPolicy, SCHEMES } from '../keying/group-state.ts';
import type { Keyring } from '../keyring/keyring.ts';
import { parseKeyrings } from '../keyring/keyring-file.ts';
import type { Vault } from '../keyring/vault.ts';
import type { KeysRequest } from './engine-port.ts';
import type { RequestOpener, SecretArguments } from './sealed-request.ts';

// We chose.
/** Members of an operation, of the group and asked for together: more would hold up the judging of frames for too long. */
const MEMBERS_MOST = 20_000;
const REASON_MOST = 500;
const NAME_MOST = 64;
const RATE_MOST = 1e10;
/** Milliseconds that a prepared operation waits for whoever asked. Its keys lie in memory meanwhile. */
const PREPARED_MS = 60_000;

const OPERATIONS = ['create', 'add', 'remove', 'rotate'] as const;

/** See the head of the file. */
export class GroupRequests {
  readonly #desk: GroupDesk;
  readonly #opener: RequestOpener;
  #prepared = 0;
  #expiry: NodeJS.Timeout | null = null;

  constructor(vault: Vault, opener: RequestOpener) {
    this.#desk = new GroupDesk(vault);
    this.#opener = opener;
  }

  /** Carries a request out; gives what `sidescope group` prints. @throws SidescopeError, VaultError, AuditError */
  carryOut({ verb, by, arguments: given, sealed }: KeysRequest): unknown {
    const name = verb.replace(/^group\./, '');
    switch (name) {
      case 'show':
        return this.#desk.show();
      case 'costs':
        return this.#desk.costs(wholeOf(given.group), bearerOf(given));
      case 'plan':
      case 'prepare': {
        const keyring = keyringOf(this.#opener.open(sealed, name));
        try {
          return this.#reckon(name, readRequest(given, by), keyring);
        } finally {
          keyring.wipe();
        }
      }
      case 'commit':
        this.#mustBe(given.token);
        this.#forget();
        this.#desk.commit();
        return null;
      case 'discard':
        this.#mustBe(given.token);
        this.#forget();
        this.#desk.discard();
        return null;
      default:
        throw new SidescopeError(
          'group.unknown-verb',
          'the engine has no such request about groups',
          'look into `sidescope group --help`',
          ExitCode.usage,
        );
    }
  }

  /** Overwrites keys of what was prepared. */
  close(): void {
    this.#forget();
    this.#desk.discard();
  }

  #reckon(name: 'plan' | 'prepare', request: GroupRequest, keyring: Keyring): unknown {
    if (this.#desk.size(request.group) + request.members.length > MEMBERS_MOST) {
      const hint = 'Stop the daemon and run the command then, or keep the vault of the group manager apart';
      throw new GroupError('too-large', `a running daemon takes groups of up to ${MEMBERS_MOST} members`, hint);
    }
    if (name === 'plan') return this.#desk.plan(request, keyring);
    this.#forget();
    const { messages, addresses, ...plan } = this.#desk.prepare(request, keyring);
    this.#prepared++;
    this.#expiry = setTimeout(() => this.#desk.discard(), PREPARED_MS).unref();
    return {
      ...plan,
      token: this.#prepared,
      messages: messages.map(({ octets, ...rest }) => ({ ...rest, octets: Buffer.from(octets).toString('base64') })),
      addresses: addresses.map((address) => (address === null ? null : [...address])),
    };
  }

  /** @throws GroupError `stale` where somebody else prepared something meanwhile */
  #mustBe(token: unknown): void {
    if (token === this.#prepared) return;
    throw new GroupError('stale', 'meanwhile something else was prepared; nothing was done', 'Run the command again');
  }

  #forget(): void {
    if (this.#expiry !== null) clearTimeout(this.#expiry);
    this.#expiry = null;
  }
}

function keyringOf({ files = [] }: SecretArguments): Keyring {
  const read = files.map(({ name, octets }) => ({ name, octets: new Uint8Array(Buffer.from(octets, 'base64')) }));
  try {
    return parseKeyrings(read);
  } finally {
    for (const { octets } of read) octets.fill(0);
  }
}

/** The request as it came over the socket. @throws SidescopeError `group.request` */
function readRequest(given: Readonly<Record<string, unknown>>, by: string): GroupRequest {
  const { operation, members = [], reason, name, algorithm, policy, hidePast, renews, extend } = given;
  const known = OPERATIONS.find((each) => each === operation);
  if (known === undefined) throw wrong('operation');
  if (!Array.isArray(members) || members.length > MEMBERS_MOST) throw wrong('members');
  const why = typeof reason === 'string' && reason !== '' ? reason.slice(0, REASON_MOST) : 'none given';
  if (name !== undefined && (typeof name !== 'string' || name.length > NAME_MOST)) throw wrong('name');
  const cipher = algorithm === undefined ? undefined : CIPHER_ALGORITHMS.find((each) => each === algorithm);
  if (algorithm !== undefined && cipher === undefined) throw wrong('algorithm');
  return {
    ...bearerOf(given),
    operation: known,
    group: wholeOf(given.group),
    members: members.map(wholeOf),
    reason: `${why} (asked for by ${by.slice(0, REASON_MOST)})`,
    ...(name === undefined ? {} : { name }),
    ...(cipher === undefined ? {} : { algorithm: cipher }),
    ...(known === 'create' ? { policy: policyOf(policy) } : {}),
    ...{ hidePast: hidePast === true, renews: renews !== false, extend: extend === true },
  };
}

function policyOf(value: unknown): GroupPolicy {
  const { scheme, arity, period, overlap, ahead } = (value ?? {}) as Record<string, unknown>;
  const known = SCHEMES.find((each) => each === scheme);
  if (known === undefined || !LKH_ARITIES.some((each) => each === arity)) throw wrong('policy');
  return {
    ...{ scheme: known, arity: wholeOf(arity) },
    ...{ period: wholeOf(period), overlap: wholeOf(overlap), ahead: wholeOf(ahead) },
  };
}

function bearerOf({ rate, changeover }: Readonly<Record<string, unknown>>): Bearer {
  if (typeof rate !== 'number' || !(rate >= 1 && rate <= RATE_MOST)) throw wrong('rate');
  return { rate, ...(changeover === undefined ? {} : { changeover: wholeOf(changeover) }) };
}

function wholeOf(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw wrong('a number');
}

function wrong(what: string): SidescopeError {
  const message = `a request about groups has ${what} that it cannot have`;
  return new SidescopeError('group.request', message, 'Do both programs have one version?', ExitCode.usage);
}
