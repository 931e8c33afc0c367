// What parent and child say to each other as JSON. Frames go down as batches (pipe-batch.ts), records come up as blocks
// (pipe-records.ts); requests that need frames
// carry them as further parts of the message.

import type { AuditEntry } from '../audit/record.ts';
import { ExitCode } from '../errors.ts';
import type { Reach } from '../relay/access.ts';
import type { AlarmRecord, EngineRecord, PlainPart } from '../relay/relay-record.ts';
import type { GroupRow, KeyRow, KeysAnswer, KeysRequest, Track, TreeAnswer } from './engine-port.ts';

/** An error as it crosses the pipe: that of `SidescopeError`. */
export interface PipedError {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly exitCode: number;
}

/** What the child is told at its start: where its keys are. No secret: the child reads those itself. */
export interface EngineSettings {
  /** Path of the vault; null where there are plain keyrings. */
  readonly vault: string | null;
  /** Where its anchor stands; null: where the vault says. */
  readonly anchor: string | null;
  /** File with the passphrase, `-` for standard input; null: the credential of systemd, else the terminal. */
  readonly passphraseFile: string | null;
  /** X25519 private key (PEM) that opens the vault in place of a passphrase. */
  readonly identity: string | null;
  /** Plain keyring files, for laboratories. */
  readonly keyrings: readonly string[];
  /** Severities of findings that the operator chose, by name. */
  readonly severities: Readonly<Record<string, string>>;
  /** Stores PGKs that MIKEY messages on wall-clock tracks deliver in the vault. */
  readonly keepDelivered: boolean;
  /** Who acts, for the audit log. */
  readonly by: string;
}

/** Parent to child. */
export type DownMessage =
  | { readonly say: 'open'; readonly settings: EngineSettings }
  | { readonly say: 'tracks'; readonly tracks: readonly Track[] }
  | { readonly say: 'demand'; readonly demand: readonly (readonly [string, 'plain' | 'forensic'])[] }
  | { readonly say: 'tell-from'; readonly frame: number }
  /** From now on each frame is announced before it is judged: one of them killed the child before. */
  | { readonly say: 'announce'; readonly on: boolean }
  | { readonly say: 'ask'; readonly id: number; readonly question: Question };

/** What the parent asks; the child answers in the order of the questions. */
export type Question =
  | { readonly about: 'ping' }
  | { readonly about: 'finish' }
  | { readonly about: 'stop' }
  | {
      readonly about: 'retell';
      readonly records: readonly EngineRecord[];
      readonly view: 'plain' | 'forensic';
      readonly reason: string | null;
    }
  | { readonly about: 'tree'; readonly reach: readonly Reach[] }
  | { readonly about: 'keys'; readonly request: KeysRequest }
  | { readonly about: 'audit'; readonly entries: readonly AuditEntry[] }
  | { readonly about: 'relay-state' }
  | { readonly about: 'keep-relay-state'; readonly text: string; readonly entries: readonly AuditEntry[] };

/** Answers by question. */
export interface Answers {
  readonly ping: { readonly memoryOctets: number };
  readonly finish: null;
  readonly stop: null;
  readonly retell: readonly (PlainPart | null)[];
  readonly tree: TreeAnswer | null;
  readonly keys: KeysAnswer;
  readonly audit: null;
  readonly 'relay-state': string | null;
  readonly 'keep-relay-state': null;
}

/** Child to parent. */
export type UpMessage =
  | { readonly say: 'opened' }
  | { readonly say: 'refused'; readonly error: PipedError }
  | { readonly say: 'keys'; readonly keys: readonly KeyRow[]; readonly groups: readonly GroupRow[] }
  | { readonly say: 'announced'; readonly frame: number }
  | { readonly say: 'reply'; readonly id: number; readonly answer: unknown }
  | { readonly say: 'failed'; readonly id: number; readonly error: PipedError }
  | { readonly say: 'alarm'; readonly alarm: Omit<AlarmRecord, 'time'> };

/** The exit code of an error that came over the pipe. */
export function pipedExitCode(code: number): ExitCode {
  return Object.values(ExitCode).find((known) => known === code) ?? ExitCode.finding;
}
