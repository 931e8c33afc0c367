// The one table of keys: which key does what, where. Dispatch, footers, the help page and docs/tui.md all read it.

import { EPOCHS_KEYS } from './keys/epochs-keys.ts';
import { FINDINGS_KEYS } from './keys/findings-keys.ts';
import { FLOW_KEYS } from './keys/flow-keys.ts';
import { GENERAL_KEYS } from './keys/general-keys.ts';
import type { KeyBinding } from './keys/key-binding.ts';
import { VIEW_KEYS } from './keys/view-keys.ts';

export type { Command, Context, KeyBinding } from './keys/key-binding.ts';

/** Every binding. Of two that fit, that of the innermost context counts. */
export const KEY_TABLE: readonly KeyBinding[] = [
  ...GENERAL_KEYS,
  ...VIEW_KEYS,
  ...FLOW_KEYS,
  ...EPOCHS_KEYS,
  ...FINDINGS_KEYS,
];

/** Names of keys for people: `ctrl-f` as it is, `g g` as `gg`, `m *` as `m` and a letter. */
export function keyText(keys: string): string {
  const named: Readonly<Record<string, string>> = {
    enter: 'Enter',
    escape: 'Esc',
    space: 'Space',
    tab: 'Tab',
    'shift-tab': 'Shift-Tab',
    up: '↑',
    down: '↓',
    left: '←',
    right: '→',
    pageup: 'PgUp',
    pagedown: 'PgDn',
    home: 'Home',
    end: 'End',
    backspace: 'Backspace',
    delete: 'Del',
    '*': 'a-z',
  };
  return keys
    .split(' ')
    .map((key) => named[key] ?? key.replace(/^ctrl-/, 'Ctrl-').replace(/^alt-/, 'Alt-'))
    .join('');
}
