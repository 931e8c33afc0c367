// What a daemon is told to do: its configuration as the rest of the daemon sees it, checked, with every path absolute.

import type { SourceDescription } from '../../captures/sources/source-description.ts';
import type { SeverityOverrides } from '../findings/severity-overrides.ts';

/** Where the keys are. A keyring is for laboratories: it lies in the clear, and nothing is on record. */
export type KeyStore =
  | {
      readonly kind: 'vault';
      readonly path: string;
      /** File with the passphrase; null: the credential `vault-pass`, else the terminal. */
      readonly passphraseFile: string | null;
      readonly anchor: string | null;
      /** X25519 private key (PEM) that opens the vault in place of a passphrase. */
      readonly identity: string | null;
      /** Whether PGKs that MIKEY messages deliver live are stored in the vault. */
      readonly keepDelivered: boolean;
    }
  | { readonly kind: 'keyring'; readonly paths: readonly string[] };

/** Where subscribers come in. */
export type RelayAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** What of the past is kept, and how. */
export interface JournalConfig {
  readonly folder: string;
  /** A new file begins after so many octets or milliseconds. */
  readonly fileOctets: number;
  readonly fileMilliseconds: number;
  /** The oldest files go when all together have more octets, or are older (milliseconds). */
  readonly keepOctets: number;
  readonly keepMilliseconds: number;
  /** Longest time that what came waits to be made durable (ms). */
  readonly commitMilliseconds: number;
}

/** Who may subscribe, and where. */
export interface RelayConfig {
  readonly listen: readonly RelayAddress[];
  /** PEM files; both or none. */
  readonly certificate: string | null;
  readonly privateKey: string | null;
  /** File with the operator's public key, by which capabilities are checked. */
  readonly operator: string;
  /** Values of Host and of Origin that are let in besides the address itself; none by default. */
  readonly hosts: readonly string[];
  readonly origins: readonly string[];
}

/** Levels of the log, from the most to the least. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;

/** See the head of the file. */
export interface DaemonConfig {
  /** The file it was read from. */
  readonly path: string;
  /** Folder of the daemon's own key and of revoked grants. */
  readonly state: string;
  readonly keys: KeyStore;
  readonly journal: JournalConfig;
  readonly sources: readonly SourceDescription[];
  readonly relay: RelayConfig;
  /** Path of the control socket. */
  readonly control: string;
  /** Where /healthz, /readyz and /metrics are; null: nowhere. */
  readonly health: { readonly host: string; readonly port: number } | null;
  readonly log: { readonly level: (typeof LOG_LEVELS)[number] };
  readonly severities: SeverityOverrides;
}
