// What can be asked over the control socket, and who answers it. Requests about keys go to the engine's process as they
// are: what is secret in them is sealed to it.

import { ExitCode, SidescopeError } from '../errors.ts';
import type { ControlRequest } from './control-protocol.ts';
import type { ControlHandler } from './control-server.ts';
import type { Daemon } from './daemon.ts';
import { daemonStatus } from './daemon-status.ts';
import type { RevokeOrder } from './grant-state.ts';

// We chose.
/** Revocations in one request: more than any state keeps. */
const ORDERS_MOST = 4096;
/** Epochs are below it: numbers stay whole however often a state is accepted. */
const EPOCH_END = 2 ** 48;

/** See the head of the file. */
export class ControlVerbs {
  readonly #daemon: Daemon;
  readonly #verbs: Readonly<Record<string, ControlHandler>>;

  constructor(daemon: Daemon) {
    this.#daemon = daemon;
    this.#verbs = {
      status: () => daemonStatus(daemon),
      reload: () => daemon.reload(),
      stop: () => {
        setImmediate(daemon.around.stopAsked);
        return { stopping: true };
      },
      'grant.revoke': (request) => this.#revokeGrant(request),
      'grant.accept-rollback': (request) => this.#acceptRollback(request),
      'grant.list': () => ({ revoked: daemon.relay.revocations(), subscribers: daemon.relay.subscribers() }),
    };
  }

  /** Carries a request out. */
  readonly handler: ControlHandler = async (request) => {
    const { verb } = request;
    if (verb.startsWith('keys.') || verb.startsWith('group.')) return this.#keys(request);
    const handler = Object.hasOwn(this.#verbs, verb) ? this.#verbs[verb] : undefined;
    if (handler !== undefined) return await handler(request);
    const hint = `It knows ${Object.keys(this.#verbs).join(', ')} keys.* and group.*`;
    throw new SidescopeError('control.unknown-verb', 'the daemon has no such verb', hint, ExitCode.usage);
  };

  async #keys({ verb, by, arguments: given, sealed }: ControlRequest): Promise<unknown> {
    const request = { verb, by, arguments: given, ...(sealed === undefined ? {} : { sealed }) };
    const answer = await this.#daemon.engine.keys(request);
    if (answer.ok) return answer.data;
    const known = Object.values(ExitCode).find((code) => code === answer.exitCode);
    throw new SidescopeError(answer.code, answer.message, answer.hint, known ?? ExitCode.refused);
  }

  /** On record in the audit log before it is in force. */
  async #revokeGrant({ by, arguments: given }: ControlRequest): Promise<unknown> {
    return await this.#daemon.grants.revoke(revokeOrder(given, by));
  }

  async #acceptRollback({ by, arguments: given }: ControlRequest): Promise<unknown> {
    const { reason, above = 0, revoke = [] } = given;
    if (typeof reason !== 'string' || reason.trim() === '' || !isEpoch(above) || !Array.isArray(revoke)) {
      const hint = 'Say why in a few words; it is put on record';
      throw new SidescopeError(
        'grant.reason',
        'accepting a state that was set back wants a reason',
        hint,
        ExitCode.usage,
      );
    }
    const orders = revoke.slice(0, ORDERS_MOST).map((each) => revokeOrder(each as Record<string, unknown>, by));
    return await this.#daemon.grants.accept(reason, by, above, orders);
  }
}

function isEpoch(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value < EPOCH_END;
}

/** @throws SidescopeError `grant.name` */
function revokeOrder(given: Readonly<Record<string, unknown>>, by: string): RevokeOrder {
  const { kind, name, reason, until } = given;
  if ((kind !== 'capability' && kind !== 'subject') || typeof name !== 'string' || name === '' || name.length > 256) {
    const hint = 'Give the jti of a capability, or the public key of a subscriber';
    throw new SidescopeError('grant.name', 'no grant was named', hint, ExitCode.usage);
  }
  const why = typeof reason === 'string' && reason !== '' ? reason : 'none given';
  return { kind, name, reason: why, by, ...(typeof until === 'number' ? { until } : {}) };
}
