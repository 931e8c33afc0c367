// The configuration file: what it says, what is wrong with it, and that a change leaves the rest of it alone.

import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { SettingsFiles } from '../../tui/config/settings-files.ts';
import { changedSettings, readSettings } from '../../tui/config/settings-text.ts';

const folder = mkdtempSync(join(tmpdir(), 'sidescope-settings-'));
afterAll(() => rmSync(folder, { recursive: true }));

const TEXT = `{
  // My colours.
  "theme": "light",
  "columns": ["frame", "time", "what"],
  "filters": { "bad ones": "slrb.verdict == forged" },
  "keys": { "quit": ["Q"], },
}
`;

test('settings, filters and keys', () => {
  const { settings, ownKeys, problems } = readSettings(TEXT);
  expect(problems).toEqual([]);
  expect(settings.theme).toBe('light');
  expect(settings.columns).toEqual(['frame', 'time', 'what']);
  expect(settings.filters.get('bad ones')).toBe('slrb.verdict == forged');
  expect(ownKeys.get('quit')).toEqual(['Q']);
});

test('what is wrong is said, and the rest holds', () => {
  const { settings, problems } = readSettings(
    '{"theme": "pink", "view": "messages", "columns": ["colour"], "keys": {"fly": ["f"]}, "colour": 1, "listShare": 7}',
  );
  expect(settings.theme).toBe('dark');
  expect(settings.view).toBe('messages');
  expect(problems).toHaveLength(5);
  expect(readSettings('{"theme": "light"').problems[0]).toMatch(/^line 1/);
  expect(readSettings('[]').problems).toEqual(['it is no JSON object']);
});

test('a change leaves what the operator wrote', () => {
  const { settings } = readSettings(TEXT);
  expect(changedSettings(TEXT, settings)).toBe(TEXT);
  settings.view = 'findings';
  const changed = changedSettings(TEXT, settings);
  expect(changed).toContain('// My colours.');
  expect(readSettings(changed).settings).toEqual(settings);
});

test('files: written for their owner, whole, and only where something changed', () => {
  const files = new SettingsFiles({ HOME: folder });
  expect(files.path).toBe(join(folder, '.config', 'sidescope', 'tui.json'));
  const { settings } = files.read();
  settings.theme = 'high-contrast';
  settings.filterHistory.push('rtp');
  const path = files.write(settings);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ theme: 'high-contrast' });
  expect(statSync(join(folder, '.local', 'state', 'sidescope', 'tui-history.json')).mode & 0o777).toBe(0o600);
  expect(files.read().settings).toEqual(settings);
  expect(new SettingsFiles({}).path).toBeNull();
});
