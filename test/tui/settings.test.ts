// The configuration file: what it says, what is wrong with it, and that a change leaves the rest of it alone.

import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
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
  const start = readSettings(TEXT).settings;
  expect(changedSettings(TEXT, settings, start)).toBe(TEXT);
  settings.view = 'findings';
  const changed = changedSettings(TEXT, settings, start);
  expect(changed).toContain('// My colours.');
  expect(readSettings(changed).settings).toEqual(settings);
});

test('what somebody else wrote meanwhile stays, and a text that is no JSON is not touched', () => {
  const { settings } = readSettings(TEXT);
  const start = readSettings(TEXT).settings;
  settings.view = 'flow';
  settings.filters.set('mine', 'rtp');
  settings.filters.delete('bad ones');
  const edited = TEXT.replace('"light"', '"colour-blind"').replace('{ "bad ones"', '{ "theirs": "udp", "bad ones"');
  const after = readSettings(changedSettings(edited, settings, start)).settings;
  expect([after.theme, after.view]).toEqual(['colour-blind', 'flow']);
  expect([...after.filters]).toEqual([
    ['theirs', 'udp'],
    ['mine', 'rtp'],
  ]);
  const broken = TEXT.replace('"keys": {', '"keys": ');
  expect(changedSettings(broken, start, start)).toBe(broken);
  expect(() => changedSettings(broken, settings, start)).toThrow(/^line \d/);
});

test('two runs at a time: each writes what was changed in it', () => {
  const home = mkdtempSync(join(folder, 'two-'));
  const runs = [0, 1].map(() => {
    const files = new SettingsFiles({ HOME: home });
    return { files, settings: files.read().settings };
  });
  runs[0].settings.theme = 'light';
  runs[0].settings.filters.set('one', 'rtp');
  runs[0].settings.filterHistory.push('rtp');
  runs[1].settings.filters.set('two', 'udp');
  runs[1].settings.filterHistory.push('udp');
  for (const { files, settings } of runs) files.write(settings);
  const { settings } = new SettingsFiles({ HOME: home }).read();
  expect(settings.theme).toBe('light');
  expect([...settings.filters.keys()]).toEqual(['one', 'two']);
  expect(settings.filterHistory).toEqual(['rtp', 'udp']);
});

test('a configuration file that is a link stays one, with its permissions; one that cannot be read is left alone', () => {
  const home = mkdtempSync(join(folder, 'link-'));
  const own = join(home, 'dotfiles.json');
  writeFileSync(own, TEXT, { mode: 0o640 });
  mkdirSync(join(home, '.config', 'sidescope'), { recursive: true });
  symlinkSync(own, join(home, '.config', 'sidescope', 'tui.json'));
  const files = new SettingsFiles({ HOME: home });
  const { settings } = files.read();
  settings.theme = 'dark';
  const path = files.write(settings);
  expect(lstatSync(path).isSymbolicLink()).toBe(true);
  expect(readFileSync(own, 'utf8')).toContain('// My colours.\n  "theme": "dark"');
  expect(statSync(own).mode & 0o777).toBe(0o640);
  const large = `${TEXT}${' '.repeat(1 << 20)}`;
  writeFileSync(own, large);
  expect(new SettingsFiles({ HOME: home }).read().problems).toEqual(['it has more than a mebioctet']);
  settings.theme = 'light';
  expect(() => files.write(settings)).toThrow('mebioctet');
  expect(readFileSync(own, 'utf8')).toBe(large);
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
