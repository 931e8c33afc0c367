// docs/security.md names every code that vault and audit log refuse with, and no other.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { AUDIT_ERROR_CODES } from '../../../daemon/audit/audit-error.ts';
import { VAULT_ERROR_CODES } from '../../../daemon/keyring/vault/vault-error.ts';

test('docs/security.md lists the codes that there are', () => {
  const text = readFileSync(new URL('../../../docs/security.md', import.meta.url), 'utf8');
  const table = text.slice(text.indexOf('## When something is refused'), text.indexOf('## Giving keys'));
  const listed = [...table.matchAll(/`((?:vault|audit)\.[a-z-]+)`/g)].map((match) => match[1]).sort();
  const known = [
    ...VAULT_ERROR_CODES.map((code) => `vault.${code}`),
    ...AUDIT_ERROR_CODES.map((code) => `audit.${code}`),
  ];
  expect(listed).toEqual(known.sort());
});
