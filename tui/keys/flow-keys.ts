// Keys of the flow view.

import type { KeyBinding } from './key-binding.ts';

const FLOW = ['flow'] as const;
const COMPARE = ['compare'] as const;

/** See the head of the file. */
export const FLOW_KEYS: readonly KeyBinding[] = [
  { keys: ['enter'], command: 'open', contexts: FLOW, about: 'this message', footer: 'message' },
  {
    keys: ['o'],
    command: 'fold',
    contexts: FLOW,
    about: 'unfold what is said without a pause, or fold it',
    footer: 'unfold',
  },
  { keys: ['C'], command: 'fold-all', contexts: FLOW, about: 'fold all again' },
  { keys: ['O'], command: 'unfold-all', contexts: FLOW, about: 'every message in a row of its own' },
  { keys: ['+'], command: 'zoom-in', contexts: FLOW, about: 'closer: shorter pauses end a row', footer: 'zoom' },
  { keys: ['-'], command: 'zoom-out', contexts: FLOW, about: 'further off: longer pauses stay in a row' },
  { keys: ['space'], command: 'mark', contexts: FLOW, about: 'mark for a comparison', footer: 'mark' },
  { keys: ['d'], command: 'diff', contexts: FLOW, about: 'compare two marked messages', footer: 'compare' },
  { keys: ['s', '>'], command: 'sort', contexts: FLOW, about: 'next group', footer: 'group' },
  { keys: ['S', '<'], command: 'reverse', contexts: FLOW, about: 'group before' },
  { keys: ['f'], command: 'filter-on-this', contexts: FLOW, about: 'only messages of this sender in this group' },
  { keys: ['E'], command: 'show-epochs', contexts: FLOW, about: 'keys of this group' },
  { keys: ['!'], command: 'show-findings', contexts: FLOW, about: 'findings of this group' },

  { keys: ['escape', 'd'], command: 'back', contexts: COMPARE, about: 'back to the flow', footer: 'flow' },
];
