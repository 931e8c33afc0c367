// docs/relay.md names every error, close code and member that there is.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CloseCode } from '../../../daemon/relay/protocol.ts';
import { RECORD_FIELD_NAMES } from '../../../daemon/relay/record-fields.ts';
import { RELAY_ERROR_CODES } from '../../../daemon/relay/relay-error.ts';
import { findField } from '../../../dissectors/fields.ts';

const text = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'relay.md'), 'utf8');

test('every error and every close code is explained', () => {
  expect(RELAY_ERROR_CODES.filter((code) => !text.includes(`\`relay.${code}\``))).toEqual([]);
  const quiet = new Set<number>([CloseCode.normal, CloseCode.internal]);
  expect(Object.values(CloseCode).filter((code) => !quiet.has(code) && !text.includes(`| ${code} |`))).toEqual([]);
});

test('the fields of records are fields that filters know', () => {
  expect(RECORD_FIELD_NAMES.filter((name) => findField(name) === null)).toEqual([]);
});
