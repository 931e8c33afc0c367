// The configuration file of `read`: what an operator chose once and does not want to type again.

import { readFileSync } from 'node:fs';
import { ExitCode, SidescopeError } from '../daemon/errors.ts';
import { checkOverrides } from '../daemon/findings/check-overrides.ts';
import type { SeverityOverrides } from '../daemon/findings/severity-overrides.ts';
import { nearestName } from '../daemon/keyring/nearest-name.ts';

/** What the file may hold. */
export interface ReadConfig {
  /** Severities of findings: `{"ctr.gap": "low", "capture.duplicate": "off"}`. */
  readonly severities?: SeverityOverrides;
}

const MEMBERS = ['severities'];

/**
 * Reads and checks a configuration file, e.g. `{"severities": {"ctr.gap": "low"}}`.
 *
 * @throws SidescopeError `config.*`, `findings.*`: exit code 2
 */
export function readConfig(path: string): ReadConfig {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw wrong('config.unreadable', `the configuration ${path} cannot be read (${code})`, 'check its name', error);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw wrong('config.not-json', `the configuration ${path} is no JSON`, 'write {"severities": {}}', error);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrong('config.no-object', `the configuration ${path} is no object`, 'write {"severities": {}}');
  }
  for (const name of Object.keys(value)) {
    if (MEMBERS.includes(name)) continue;
    const near = nearestName(name, MEMBERS);
    const hint = near === null ? `it may hold: ${MEMBERS.join(', ')}` : `did you mean ${near}?`;
    throw wrong('config.unknown-member', `the configuration ${path} has an unknown member ${name.slice(0, 64)}`, hint);
  }
  const { severities } = value as { severities?: unknown };
  return severities === undefined ? {} : { severities: checkOverrides(severities) };
}

function wrong(code: string, message: string, hint: string, cause?: unknown): SidescopeError {
  return new SidescopeError(code, message, hint, ExitCode.usage, { cause });
}
