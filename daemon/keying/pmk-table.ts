// Finds the PMK that a MIKEY message was made with: by the octets of IDr, whatever the ID type says.

import { layer2IdText } from '../keyring/group.ts';
import type { MikeyProfile, Pmk } from '../keyring/pmk.ts';

/** PMKs by what IDr may carry for them. */
export class PmkTable {
  readonly #byIdentity = new Map<string, Pmk[]>();
  readonly #pmks: () => readonly Pmk[];
  /** What IDr carries of each PMK that is in the table, in the order of the list. */
  readonly #idrs: MikeyProfile['idr'][] = [];

  /** @param pmks gives those that are held; the list may grow at its end, and profiles may be corrected */
  constructor(pmks: () => readonly Pmk[]) {
    this.#pmks = pmks;
    this.refresh();
  }

  /** Takes in what was added or corrected since. */
  refresh(): void {
    const pmks = this.#pmks();
    if (this.#idrs.some((idr, at) => idr !== pmks[at].profile.idr)) {
      this.#byIdentity.clear();
      this.#idrs.length = 0;
    }
    for (const pmk of pmks.slice(this.#idrs.length)) {
      this.#idrs.push(pmk.profile.idr);
      for (const identity of identitiesOf(pmk)) {
        const sharing = this.#byIdentity.get(identity);
        if (sharing === undefined) this.#byIdentity.set(identity, [pmk]);
        else sharing.push(pmk);
      }
    }
  }

  /** PMKs that this IDr can mean, in the order of the keyring; a UE may have an old and a new one. */
  find(identity: Uint8Array): readonly Pmk[] {
    return this.#byIdentity.get(Buffer.from(identity).toString('hex')) ?? [];
  }
}

/**
 * With `idr` `pmk-id` the PMK's own id. With `ue` the identity of the UE, which nothing defines more closely: its Layer-2
 * id, as 3 octets or as the 6 hex digits that people write.
 */
function identitiesOf(pmk: Pmk): string[] {
  if (pmk.profile.idr === 'pmk-id' || pmk.member === null) return [Buffer.from(pmk.id).toString('hex')];
  const text = layer2IdText(pmk.member);
  return [text, Buffer.from(text).toString('hex')];
}
