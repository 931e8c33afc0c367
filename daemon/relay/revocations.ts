// What was revoked, in the daemon's own state file, with where that file stands (relay-state.ts). A changed file is refused:
// a daemon that forgot a revocation would relay to whom it must not.

import type { KeyObject } from 'node:crypto';
import type { JsonObject, JsonValue } from '../audit/canonical-json.ts';
import { type FileSystem, nodeFileSystem } from '../keyring/vault/file-system.ts';
import { VaultError } from '../keyring/vault/vault-error.ts';
import type { Capability } from './capability.ts';
import { publicHex } from './ed25519.ts';
import { RelayError } from './relay-error.ts';
import {
  FIRST_POINT,
  headOf,
  type Revocation,
  type StateAccount,
  type StateChange,
  type StatePoint,
} from './relay-state.ts';
import { StateFile } from './state-file.ts';

// We chose.
const FORMAT = 'sidescope-relay-state/2';
/** Revocations kept. They end by themselves; above this many, a new one is refused and a new operator key is the answer. */
const MOST_REVOCATIONS = 4096;
/** Points kept of where the state was. What somebody saw before the oldest of them is believed. */
const TRAIL_POINTS = 64;
/**
 * Seconds after which every capability that existed at a revocation has ended: `issue` looks at most 30 days ahead, and none
 * lasts longer than 30.
 */
export const LONGEST_LIFE = 60 * 86_400;
/** Seconds from now at which a capability may begin at the latest; `issue` keeps to it. */
export const LATEST_START = 30 * 86_400;
const REASON_LENGTH = 256;

const CHANGED_HINT = 'Bring back a copy you trust: without it the daemon does not know what was revoked';

/** The revocations of one daemon. */
export class Revocations {
  readonly #file: StateFile;
  readonly #daemon: string;
  readonly #most: number;
  #rows = new Map<string, Revocation>();
  #trail: readonly StatePoint[] = [FIRST_POINT];
  /** The disk did not confirm the last change: it is written again before the next. */
  #isInDoubt = false;

  /** The state was set back and nobody has accepted that: nobody is let in. */
  isSetBack = false;

  /**
   * Reads the file; one that is not there is an empty one.
   *
   * @param daemon the daemon's private key
   * @param most revocations kept
   * @throws RelayError `state` where the file was changed or cannot be read
   */
  constructor(path: string, daemon: KeyObject, fs: FileSystem = nodeFileSystem, most = MOST_REVOCATIONS) {
    this.#file = new StateFile(path, 'the state file', daemon, fs);
    this.#daemon = publicHex(daemon);
    this.#most = most;
    this.#take(this.#file.read(FORMAT, CHANGED_HINT));
  }

  /** Where the state stands. */
  get point(): StatePoint {
    return this.#trail[this.#trail.length - 1];
  }

  /** What the state says of where it was. */
  get account(): StateAccount {
    return { point: this.point, trail: this.#trail };
  }

  /** Whether a capability must not be used any more. */
  isRevoked(capability: Pick<Capability, 'jti' | 'sub'>): boolean {
    return this.#rows.has(`capability ${capability.jti}`) || this.#rows.has(`subject ${capability.sub}`);
  }

  /** All that still matter, the oldest first. */
  list(now: number): Revocation[] {
    return [...this.#rows.values()].filter((row) => row.until > now).sort((a, b) => a.at - b.at);
  }

  /**
   * Revokes. Durable when it returns.
   *
   * @param until end of the capability where it is known; else all that exist now have ended by then
   * @throws RelayError `state-full`; VaultError `not-written`, `in-doubt`
   */
  revoke(kind: Revocation['kind'], name: string, now: number, reason: string, until?: number): Revocation {
    const change = this.revoking(kind, name, now, reason, until);
    this.make(change);
    return change.row;
  }

  /**
   * The change that `revoke` makes, so that it can be put on record first. Nothing is changed yet.
   *
   * @throws as `revoke`
   */
  revoking(
    kind: Revocation['kind'],
    name: string,
    now: number,
    reason: string,
    until = now + LONGEST_LIFE,
  ): StateChange & { readonly row: Revocation } {
    this.#prepare();
    const row = { kind, name, at: now, until: Math.max(until, now + 1), reason: reason.slice(0, REASON_LENGTH) };
    if (this.#with(row).size > this.#most) {
      throw new RelayError(
        'state-full',
        `${this.#most} revocations are kept already`,
        'Make a new operator key: everything that the old one granted ends with it',
      );
    }
    return this.#change(this.point.epoch + 1, row);
  }

  /**
   * The change by which a state that was set back is accepted as it is.
   *
   * @param above the highest epoch that anybody has seen
   */
  accepting(above: number): StateChange {
    this.#prepare();
    return this.#change(Math.max(above, this.point.epoch) + 1, null);
  }

  /** Makes a change that follows the state as it is. Durable when it returns. @throws VaultError `not-written`, `in-doubt` */
  make(change: StateChange): void {
    const { epoch, head, previous, row } = change;
    if (previous !== this.point.head || epoch <= this.point.epoch || head !== headOf(change)) {
      throw new RangeError('a change that does not follow the state');
    }
    const rows = row === null ? this.#rows : this.#with(row);
    const point = { epoch, head };
    // What was seen of a state before it was set back is no longer held against it once that was accepted.
    const trail = row === null ? [point] : [...this.#trail, point].slice(-TRAIL_POINTS);
    try {
      this.#write(rows, trail);
    } catch (error) {
      if (!(error instanceof VaultError) || error.code !== 'vault.in-doubt') throw error;
      // The new file is in its place, and only a crash could take it back: it is in force.
      this.#isInDoubt = true;
      this.#rows = rows;
      this.#trail = trail;
      throw error;
    }
    this.#rows = rows;
    this.#trail = trail;
  }

  /**
   * Writes the file again as it is: a process before this one may have died before the disk confirmed it, and whoever testifies to
   * it must not know more than a crash leaves.
   *
   * @throws VaultError `not-written`, `in-doubt`
   */
  confirm(): void {
    this.#write(this.#rows, this.#trail);
    this.#isInDoubt = false;
  }

  /** Rows with one more, without those that have ended by its time. */
  #with(row: Revocation): Map<string, Revocation> {
    const rows = new Map([...this.#rows].filter(([, each]) => each.until > row.at));
    const known = rows.get(keyOf(row));
    // A second revocation may only say that it lasts longer.
    rows.set(keyOf(row), known !== undefined && known.until > row.until ? { ...row, until: known.until } : row);
    return rows;
  }

  #change<Row extends Revocation | null>(epoch: number, row: Row): StateChange & { readonly row: Row } {
    const fields = { daemon: this.#daemon, epoch, previous: this.point.head, row };
    return { ...fields, head: headOf(fields) };
  }

  #take(value: JsonObject | null): void {
    if (value === null) return;
    const rows = value.revocations as unknown as readonly Revocation[];
    this.#rows = new Map(rows.map((row) => [keyOf(row), row]));
    this.#trail = value.trail as unknown as readonly StatePoint[];
  }

  /**
   * Takes over what somebody else revoked in the file meanwhile (`grant revoke --state` beside a daemon that runs). A file that
   * does not go on from what is known here is not believed, and is written over.
   */
  #catchUp(): void {
    let value: JsonObject | null = null;
    try {
      value = this.#file.read(FORMAT, CHANGED_HINT);
    } catch (error) {
      if (!(error instanceof RelayError)) throw error;
    }
    const { epoch, head } = this.point;
    const trail = (value?.trail ?? []) as unknown as readonly StatePoint[];
    if (trail.at(-1)?.head !== head && trail.some((each) => each.epoch === epoch && each.head === head))
      this.#take(value);
  }

  /** Two changes that the disk did not confirm would be one more than a crash may take back. */
  #prepare(): void {
    if (this.#isInDoubt) this.confirm();
    else this.#catchUp();
  }

  #write(rows: ReadonlyMap<string, Revocation>, trail: readonly StatePoint[]): void {
    const list = [...rows.values()] as unknown as readonly JsonValue[];
    const value = { format: FORMAT, trail: trail as unknown as readonly JsonValue[], revocations: list };
    this.#file.write(value satisfies JsonObject);
  }
}

function keyOf(row: Pick<Revocation, 'kind' | 'name'>): string {
  return `${row.kind} ${row.name}`;
}
