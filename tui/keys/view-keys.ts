// Keys of single views and of their parts.

import type { KeyBinding } from './key-binding.ts';

const GROUPS = ['groups'] as const;
const MESSAGES = ['messages'] as const;
const TREE = ['tree'] as const;
const OCTETS = ['octets'] as const;

/** See the head of the file. */
export const VIEW_KEYS: readonly KeyBinding[] = [
  { keys: ['enter'], command: 'open', contexts: GROUPS, about: 'flow of this group', footer: 'open' },
  { keys: ['s'], command: 'sort', contexts: GROUPS, about: 'sort by the next column', footer: 'sort' },
  { keys: ['S'], command: 'reverse', contexts: GROUPS, about: 'turn the order round' },
  {
    keys: ['f'],
    command: 'filter-on-this',
    contexts: GROUPS,
    about: 'only messages of this group',
    footer: 'only this',
  },
  { keys: ['M'], command: 'show-messages', contexts: GROUPS, about: 'messages of this group' },
  { keys: ['E'], command: 'show-epochs', contexts: GROUPS, about: 'keys of this group' },
  { keys: ['!'], command: 'show-findings', contexts: GROUPS, about: 'findings of this group' },

  { keys: ['enter'], command: 'open', contexts: MESSAGES, about: 'into the layers of this message', footer: 'layers' },
  {
    keys: ['space'],
    command: 'mark',
    contexts: MESSAGES,
    about: 'mark this message, or take the mark away',
    footer: 'mark',
  },
  { keys: ['m *'], command: 'mark-letter', contexts: MESSAGES, about: 'give this message a letter' },
  { keys: ["' *"], command: 'go-to-mark', contexts: MESSAGES, about: 'to the message with that letter' },
  { keys: [']'], command: 'next-mark', contexts: MESSAGES, about: 'next marked message' },
  { keys: ['['], command: 'previous-mark', contexts: MESSAGES, about: 'previous marked message' },
  {
    keys: ['}', ')'],
    command: 'next-finding',
    contexts: MESSAGES,
    about: 'next message with a finding',
    footer: 'finding',
  },
  { keys: ['{', '('], command: 'previous-finding', contexts: MESSAGES, about: 'previous message with a finding' },
  { keys: ['f'], command: 'filter-on-this', contexts: MESSAGES, about: 'only messages of this sender in this group' },
  { keys: ['L'], command: 'show-flow', contexts: MESSAGES, about: 'this message in the flow of its group' },
  {
    keys: ['w', 'ctrl-w'],
    command: 'next-pane',
    contexts: ['messages', 'tree', 'octets'],
    about: 'list, layers, octets in turn',
    footer: 'pane',
  },
  { keys: ['W'], command: 'previous-pane', contexts: ['messages', 'tree', 'octets'], about: 'the same backwards' },
  {
    keys: ['z'],
    command: 'maximise',
    contexts: ['messages', 'tree', 'octets'],
    about: 'this part alone, or all of them',
  },
  { keys: ['+'], command: 'wider', contexts: ['messages', 'tree', 'octets'], about: 'more rows for the list' },
  { keys: ['-'], command: 'narrower', contexts: ['messages', 'tree', 'octets'], about: 'fewer rows for the list' },

  { keys: ['enter', 'space'], command: 'fold', contexts: TREE, about: 'fold or unfold', footer: 'fold' },
  { keys: ['C'], command: 'fold-all', contexts: TREE, about: 'fold all layers' },
  { keys: ['O'], command: 'unfold-all', contexts: TREE, about: 'unfold all' },
  {
    keys: ['f'],
    command: 'filter-on-this',
    contexts: TREE,
    about: 'only messages with this value',
    footer: 'only this',
  },
  { keys: ['escape'], command: 'back', contexts: ['tree', 'octets'], about: 'back to the list', footer: 'list' },
  { keys: ['enter'], command: 'open', contexts: OCTETS, about: 'to the field that holds this octet', footer: 'field' },
];
