// Severities that an operator chose: `{"ctr.gap": "low", "capture.duplicate": "off"}`, as Wireshark and Zeek allow.

import { ExitCode, SidescopeError } from '../errors.ts';
import { SEVERITIES, type Severity } from '../events.ts';
import { nearestName } from '../keyring/nearest-name.ts';
import { FINDING_NAMES, type FindingName, findingNumber, isFindingName, severityLevel } from './finding-names.ts';

/** A severity for every occurrence of a finding, or `off`: it is neither told nor counted. */
export type SeverityOverrides = Readonly<Record<string, Severity | 'off'>>;

/** In a table of overrides: the rule's own severity counts. */
export const AS_RULED = -1;
/** In a table of overrides: the finding is switched off. */
export const SWITCHED_OFF = -2;

/** Overrides as a column by the number of the finding. */
export function overrideColumn(overrides: SeverityOverrides): Int8Array {
  const column = new Int8Array(FINDING_NAMES.length).fill(AS_RULED);
  for (const [name, severity] of Object.entries(overrides)) {
    column[findingNumber(name as FindingName)] = severity === 'off' ? SWITCHED_OFF : severityLevel(severity);
  }
  return column;
}

/**
 * Checks overrides that came from a configuration file.
 *
 * @throws SidescopeError `findings.unknown-name`, `findings.unknown-severity`
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
      throw wrong('findings.unknown-severity', `${name} has no such severity`, `use ${SEVERITIES.join(', ')} or off`);
    }
  }
  return value as SeverityOverrides;
}

function wrong(code: string, message: string, hint: string): SidescopeError {
  return new SidescopeError(code, message, hint, ExitCode.usage);
}
