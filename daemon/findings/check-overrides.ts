// Severities of findings in a configuration file (severity-overrides.ts): whether they are what they should be.

import { ExitCode, SidescopeError } from '../errors.ts';
import { SEVERITIES, type Severity } from '../events.ts';
import { nearestName } from '../keyring/nearest-name.ts';
import { FINDING_NAMES, isFindingName } from './finding-names.ts';
import type { SeverityOverrides } from './severity-overrides.ts';

/**
 * Checks overrides that came from a configuration file.
 *
 * @throws SidescopeError `findings.no-table`, `findings.unknown-name`, `findings.unknown-severity`
 */
export function checkOverrides(value: unknown): SeverityOverrides {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrong('findings.no-table', 'the severities of findings are no object', 'write {"ctr.gap": "low"}');
  }
  for (const [name, severity] of Object.entries(value)) {
    if (!isFindingName(name)) {
      const near = nearestName(name, FINDING_NAMES);
      const hint = near === null ? 'see `sidescope findings`' : `did you mean ${near}?`;
      throw wrong('findings.unknown-name', `there is no finding ${JSON.stringify(name.slice(0, 64))}`, hint);
    }
    if (severity !== 'off' && !SEVERITIES.includes(severity as Severity)) {
      const near = typeof severity === 'string' ? nearestName(severity, [...SEVERITIES, 'off']) : null;
      const hint = near === null ? `use ${SEVERITIES.join(', ')} or off` : `did you mean ${near}?`;
      throw wrong('findings.unknown-severity', `${name} has no such severity`, hint);
    }
  }
  return value as SeverityOverrides;
}

function wrong(code: string, message: string, hint: string): SidescopeError {
  return new SidescopeError(code, message, hint, ExitCode.usage);
}
