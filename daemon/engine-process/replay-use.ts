// How often replays used each key in this life of the engine. It is shown beside the use counters of the vault and not added
// to them: those are a budget of what was sent under a key on the air, and a replay sends nothing.

import type { VaultKeyRow } from '../keyring/vault.ts';
import type { TrackUse } from './track-analysis.ts';

/** A key as a running daemon lists it. */
export interface ListedKeyRow extends VaultKeyRow {
  /** Messages and octets that replays deciphered under it since the engine began; absent where none did. */
  readonly replayed?: { readonly frames: number; readonly octets: number };
}

/** See the head of the file. As many entries as there are keys. */
export class ReplayUse {
  readonly #use = new Map<string, { readonly frames: number; readonly octets: number }>();

  add({ epoch, frames, octets }: TrackUse): void {
    const name = nameOf(epoch.group.idText, epoch.id, epoch.notBefore);
    const before = this.#use.get(name) ?? { frames: 0, octets: 0 };
    this.#use.set(name, { frames: before.frames + frames, octets: before.octets + octets });
  }

  /** Rows with what replays did. */
  beside(rows: readonly VaultKeyRow[]): ListedKeyRow[] {
    return rows.map((row) => {
      const replayed = this.#use.get(nameOf(row.group, row.pgkId, Date.parse(row.notBefore)));
      return replayed === undefined ? row : { ...row, replayed };
    });
  }
}

function nameOf(group: string, pgkId: number, notBefore: number): string {
  return `${group}/${pgkId}@${Math.floor(notBefore / 1000)}`;
}
