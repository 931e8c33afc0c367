// What can be asked over the control socket, and who answers it. Requests about keys go to the engine's process as they
// are: what is secret in them is sealed to it.

import { ExitCode, SidescopeError } from '../errors.ts';
import type { ControlRequest } from './control-protocol.ts';
import type { ControlHandler } from './control-server.ts';
import type { Daemon } from './daemon.ts';
import { daemonStatus } from './daemon-status.ts';

// We chose: characters of a reason.
const REASON_MOST = 500;

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
      'grant.list': () => ({ revoked: daemon.relay.revocations(), subscribers: daemon.relay.subscribers() }),
    };
  }

  /** Carries a request out. */
  readonly handler: ControlHandler = async (request) => {
    const { verb } = request;
    if (verb.startsWith('keys.')) return this.#keys(request);
    const handler = Object.hasOwn(this.#verbs, verb) ? this.#verbs[verb] : undefined;
    if (handler !== undefined) return await handler(request);
    const hint = `It knows ${Object.keys(this.#verbs).join(', ')} and keys.*`;
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
    const { kind, name, reason, until } = given;
    if ((kind !== 'capability' && kind !== 'subject') || typeof name !== 'string' || name === '' || name.length > 256) {
      const hint = 'Give the jti of a capability, or the public key of a subscriber';
      throw new SidescopeError('grant.name', 'no grant was named', hint, ExitCode.usage);
    }
    const why = typeof reason === 'string' && reason !== '' ? reason.slice(0, REASON_MOST) : 'none given';
    await this.#daemon.engine.audit('grant.revoked', { kind, name, reason: why, by });
    return this.#daemon.relay.revoke(kind, name, why, typeof until === 'number' ? until : undefined);
  }
}
