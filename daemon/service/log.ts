// The daemon's log: one JSON object a line on standard error, for journald and friends. No key, token or plaintext goes in:
// what is logged are our own codes, numbers and names that were checked.

import { type Logger, pino } from 'pino';
import { printable } from '../../dissectors/printable.ts';
import type { DaemonConfig } from './config.ts';

export type { Logger } from 'pino';

/** Members that would be a mistake to log, whoever passes them: they are written as `[withheld]`. */
const WITHHELD = ['payload', 'plain', 'sealed', 'capability', 'key', 'octets', 'passphrase', 'token'];

/**
 * Makes the log.
 *
 * @param write takes whole lines; default standard error, synchronously, so that the last line before a crash is there
 */
export function openLog(level: DaemonConfig['log']['level'], write?: (line: string) => void): Logger {
  const options = {
    level,
    base: { pid: process.pid },
    timestamp: (): string => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string): { level: string } => ({ level: label }) },
    redact: { paths: [...WITHHELD, ...WITHHELD.map((name) => `*.${name}`)], censor: '[withheld]' },
    serializers: { err: briefError },
  };
  if (write !== undefined) return pino(options, { write });
  return pino(options, pino.destination({ dest: 2, sync: true }));
}

/** An error as it may be logged. Only our own errors are known to quote nothing. */
function briefError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { name: typeof error };
  const { code } = error as NodeJS.ErrnoException;
  const isOurs = error.name === 'SidescopeError' || error.name === 'VaultError' || error.name === 'AuditError';
  const place = error.stack?.split('\n')[1]?.trim();
  return {
    name: error.name,
    ...(code === undefined ? {} : { code }),
    ...(isOurs ? { message: printable(error.message) } : {}),
    ...(place === undefined || isOurs ? {} : { place }),
  };
}
