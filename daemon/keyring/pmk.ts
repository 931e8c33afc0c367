// The keys that MIKEY messages are opened with.

/** What the standards leave open about MIKEY messages of one PMK (interfaces 2). */
export interface MikeyProfile {
  /** PRF for every message, whatever its header says; null: as the header says. */
  readonly prf: 'sha1' | 'sha256' | null;
  /** Type of the general extension that names group, PGK id and end of validity. */
  readonly extensionType: number;
  /** Type of the key data that holds the PGK (RFC 3830 6.13): 0 TGK, 1 TGK+SALT, 2 TEK, 3 TEK+SALT. */
  readonly keyDataType: number;
  /** Whether IDr carries the PMK id or the identity of the UE. */
  readonly idr: 'pmk-id' | 'ue';
}

/** The profile at the end of captures/labelled/README.md. */
export const DEFAULT_MIKEY_PROFILE: MikeyProfile = { prf: null, extensionType: 241, keyDataType: 0, idr: 'pmk-id' };

/** A key shared by one UE and the key management function. */
export class Pmk {
  readonly id: Uint8Array;
  /** Layer-2 id of the UE, or null where nobody said. */
  readonly member: number | null;
  #profile: MikeyProfile;
  readonly #octets: Uint8Array;

  /** @param octets 32 octets; kept, not copied */
  constructor(id: Uint8Array, octets: Uint8Array, member: number | null, profile: MikeyProfile) {
    this.id = id;
    this.member = member;
    this.#profile = profile;
    this.#octets = octets;
  }

  get profile(): MikeyProfile {
    return this.#profile;
  }

  /** The profile was corrected: messages are read by it from now on. What was accepted under this PMK stays its own. */
  describe(profile: MikeyProfile): void {
    this.#profile = profile;
  }

  /** 32 octets, not to be changed or kept. */
  get octets(): Uint8Array {
    return this.#octets;
  }
}
