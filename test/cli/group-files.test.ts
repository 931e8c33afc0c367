// Messages of `sidescope group` on their way to a folder or a pcap.

import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { pendingCapture, pendingFolder } from '../../cli/group-files.ts';
import type { BuiltMessage } from '../../daemon/keying/group-messenger.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidescope-group-files-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('a message that cannot be written takes those before it along', () => {
  const good: BuiltMessage = { to: 1, kind: 'mikey', octets: new Uint8Array(8) };
  const bad = { ...good, kind: 'no/folder' } as unknown as BuiltMessage;
  const refused = expect.objectContaining({ code: 'usage.output' });
  expect(() => pendingFolder(join(folder, 'out'), [good, bad])).toThrow(refused);
  expect(readdirSync(folder)).toEqual([]);
  pendingFolder(join(folder, 'out'), [good]).publish();
  expect(readdirSync(join(folder, 'out'))).toEqual(['00001-mikey-000001.bin']);
});

test('messages that do not get their name are told where they are, and that the change is made', () => {
  const path = join(folder, 'out.pcap');
  const pending = pendingCapture(path, new Uint8Array(8));
  expect(existsSync(pending.place)).toBe(true);
  rmSync(pending.place);
  const said = expect.objectContaining({ code: 'group.unsent', message: expect.stringContaining(pending.place) });
  expect(() => pending.publish()).toThrow(said);
});
