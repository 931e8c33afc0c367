// The daemon's state of grants between those who keep it: a change goes on record in the vault first, then into the state
// file, then beside the journal. At each start all three are held against each other, and where the state was set back
// nobody is let in until the operator says that it is to count (docs/operations.md).

import type { EnginePort } from '../engine-process/engine-port.ts';
import { ExitCode, SidescopeError } from '../errors.ts';
import { judgeState, type Revocation, readChange, type StateChange, type StatePoint } from '../relay/relay-state.ts';
import type { Revocations } from '../relay/revocations.ts';
import type { StateCopy } from '../relay/state-copy.ts';
import type { Alarms } from './alarms.ts';
import type { Logger } from './log.ts';

// We chose: name of the alarm, and characters of a reason.
const ALARM = 'relay.state-set-back';
const REASON_MOST = 500;

/** What it works with. */
export interface GrantStateParts {
  readonly revocations: Revocations;
  readonly copy: StateCopy;
  readonly engine: Pick<EnginePort, 'relayState' | 'keepRelayState'>;
  /** Public key of the daemon. */
  readonly daemon: string;
  readonly alarms: Pick<Alarms, 'raise' | 'clear'>;
  readonly log: Logger;
  /** Wall clock, milliseconds since 1970. */
  readonly now: () => number;
  /** What is granted has changed: connections are to be looked at. */
  readonly changed: () => void;
}

/** What is revoked, by whom and why. */
export interface RevokeOrder {
  readonly kind: Revocation['kind'];
  readonly name: string;
  readonly reason: string;
  readonly by: string;
  /** End of the capability where it is known, seconds since 1970. */
  readonly until?: number;
}

/** See the head of the file. Changes are made one after the other. */
export class GrantState {
  readonly #parts: GrantStateParts;
  /** Highest epoch that somebody testified to at the start. */
  #seen = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: GrantStateParts) {
    this.#parts = parts;
  }

  /** For status. */
  get standing(): StatePoint & { readonly isSetBack: boolean } {
    const { point, isSetBack } = this.#parts.revocations;
    return { ...point, isSetBack };
  }

  /**
   * Holds the state against vault and journal; once, when the engine runs and before anybody is let in. What a crash left
   * half done is finished.
   *
   * @throws SidescopeError where the vault cannot be asked or written to
   */
  async settle(): Promise<void> {
    const { revocations, engine, daemon, copy, log } = this.#parts;
    const recorded = readChange(await engine.relayState(), daemon);
    let copied: StatePoint | null = null;
    try {
      copied = copy.read();
    } catch (error) {
      if (!(error instanceof SidescopeError)) throw error;
      this.#seen = Math.max(recorded?.epoch ?? 0, revocations.point.epoch);
      this.#setBack(error.message);
      return;
    }
    this.#seen = Math.max(recorded?.epoch ?? 0, copied?.epoch ?? 0);
    const standing = judgeState(revocations.account, recorded, copied);
    switch (standing.kind) {
      case 'set-back': {
        const witness = standing.witness === 'journal' ? `the copy ${copy.path}` : 'the audit log of the vault';
        const { epoch } = revocations.point;
        this.#setBack(`the state of grants is at change ${epoch}, and ${witness} knows change ${standing.epoch}`);
        return;
      }
      case 'interrupted':
        log.warn({ event: 'relay.state-finished', epoch: standing.change.epoch }, 'an interrupted change is made now');
        await this.#finish(standing.change);
        return;
      case 'good':
        if (revocations.point.epoch === 0) return;
        if (recorded?.head === revocations.point.head && copied?.head === revocations.point.head) return;
        if (!this.#confirm()) return;
        if (recorded?.head !== revocations.point.head) await this.#recordAnew();
        this.#copy();
    }
  }

  /** Revokes: on record, durable and in force when it resolves. @throws RelayError, VaultError, SidescopeError */
  revoke({ kind, name, reason, by, until }: RevokeOrder): Promise<Revocation> {
    return this.#next(async () => {
      if (this.#parts.revocations.isSetBack) throw setBackError();
      const row = await this.#revoke({ kind, name, reason, by, ...(until === undefined ? {} : { until }) });
      this.#copy();
      return row;
    });
  }

  /**
   * Takes a state that was set back as it is, but for what is revoked with it: what was revoked since is forgotten, and others
   * may come in again.
   *
   * @param above an epoch that subscribers have seen, so that they believe the daemon again
   * @param orders what is revoked before anybody is let in
   * @throws SidescopeError `grant.not-set-back`, and as `revoke` does
   */
  accept(reason: string, by: string, above: number, orders: readonly RevokeOrder[] = []): Promise<StatePoint> {
    return this.#next(async () => {
      const { revocations, alarms } = this.#parts;
      if (!revocations.isSetBack && above < revocations.point.epoch) {
        const hint = `With --above EPOCH it counts on from an epoch that a subscriber has seen; it is at ${revocations.point.epoch}`;
        throw new SidescopeError('grant.not-set-back', 'the state of grants was not set back', hint, ExitCode.usage);
      }
      const from = revocations.point.epoch;
      // Not beside the journal yet: until all of it is done, the next start is to find the state set back.
      for (const order of orders) await this.#revoke(order);
      const change = revocations.accepting(Math.max(this.#seen, above));
      await this.#make(change, 'grant.rollback_accepted', { reason: reason.slice(0, REASON_MOST), by, from });
      this.#copy();
      revocations.isSetBack = false;
      alarms.clear(ALARM);
      return revocations.point;
    });
  }

  async #revoke({ kind, name, reason, by, until }: RevokeOrder): Promise<Revocation> {
    const { revocations, now } = this.#parts;
    const why = reason.slice(0, REASON_MOST);
    const change = revocations.revoking(kind, name, Math.floor(now() / 1000), why, until);
    await this.#make(change, 'grant.revoked', { kind, name, reason: why, by });
    return change.row;
  }

  async #make(change: StateChange, type: string, data: Readonly<Record<string, unknown>>): Promise<void> {
    const { revocations, engine, changed } = this.#parts;
    const { epoch, head } = change;
    await engine.keepRelayState(JSON.stringify(change), type, { ...data, epoch, head });
    try {
      revocations.make(change);
    } finally {
      // Also where the disk did not confirm what is in force.
      changed();
    }
  }

  /** Makes a change that is on record already; as one of its own where the state went on without it. */
  async #finish(change: StateChange): Promise<void> {
    const { revocations } = this.#parts;
    const { row, previous, epoch } = change;
    if (previous === revocations.point.head) {
      revocations.make(change);
    } else if (row === null) {
      await this.#make(revocations.accepting(epoch), 'grant.rollback_accepted', { finished: epoch });
    } else {
      const { kind, name, at, reason, until } = row;
      const again = revocations.revoking(kind, name, at, reason, until);
      await this.#make(again, 'grant.revoked', { kind, name, reason, finished: epoch });
    }
    this.#copy();
  }

  /** Changes were made while no daemon ran, or the vault is a new one: it learns where the state stands. */
  async #recordAnew(): Promise<void> {
    const { revocations, engine, daemon } = this.#parts;
    const { epoch, head } = revocations.point;
    const { trail } = revocations.account;
    const change: StateChange = { daemon, epoch, head, previous: trail.at(-2)?.head ?? head, row: null };
    await engine.keepRelayState(JSON.stringify(change), 'grant.state', { epoch, head });
  }

  /** Whether the state file is surely what it is. Where it is not, nobody else is told of it: the next change or start is. */
  #confirm(): boolean {
    const { revocations, log } = this.#parts;
    try {
      revocations.confirm();
      return true;
    } catch (error) {
      log.warn({ event: 'relay.state-not-confirmed', err: error }, 'the state of grants could not be written again');
      return false;
    }
  }

  /** The copy may lag behind, where the disk refuses it: the next change or start writes it. */
  #copy(): void {
    const { copy, revocations, log } = this.#parts;
    try {
      copy.write(revocations.point);
    } catch (error) {
      log.warn({ event: 'relay.state-not-copied', err: error }, 'the journal does not know the last change of grants');
    }
  }

  #setBack(message: string): void {
    this.#parts.revocations.isSetBack = true;
    this.#parts.alarms.raise(ALARM, 'critical', `${message}; nobody is let in`, SET_BACK_HINT);
  }

  #next<Value>(run: () => Promise<Value>): Promise<Value> {
    const result = this.#last.then(run, run);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

const SET_BACK_HINT =
  'find out who put files back; bring back the newest state, or `sidescope grant accept-rollback --reason WHY --revoke NAME ...` with what `grant.revoked` in the audit log names';

function setBackError(): SidescopeError {
  const message = 'the state of grants was set back: nobody is let in, and nothing can be revoked';
  return new SidescopeError('grant.set-back', message, SET_BACK_HINT, ExitCode.refused);
}
