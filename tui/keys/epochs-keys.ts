// Keys of the epochs view.

import type { KeyBinding } from './key-binding.ts';

const EPOCHS = ['epochs'] as const;

/** See the head of the file. */
export const EPOCHS_KEYS: readonly KeyBinding[] = [
  { keys: ['enter'], command: 'open', contexts: EPOCHS, about: 'messages under this key', footer: 'messages' },
  {
    keys: ['o', 'space'],
    command: 'fold',
    contexts: EPOCHS,
    about: 'PTK ids under this PGK, or fold them',
    footer: 'PTKs',
  },
  { keys: ['C'], command: 'fold-all', contexts: EPOCHS, about: 'fold all' },
  { keys: ['O'], command: 'unfold-all', contexts: EPOCHS, about: 'PTK ids under every PGK' },
  {
    keys: ['+'],
    command: 'zoom-in',
    contexts: EPOCHS,
    about: 'closer, around the time cursor or now, where it is in sight',
    footer: 'zoom',
  },
  { keys: ['-'], command: 'zoom-out', contexts: EPOCHS, about: 'further off' },
  { keys: ['h', 'left'], command: 'left', contexts: EPOCHS, about: 'earlier', footer: 'earlier' },
  { keys: ['l', 'right'], command: 'right', contexts: EPOCHS, about: 'later' },
  { keys: ['z'], command: 'maximise', contexts: EPOCHS, about: 'all of time, or only the capture', footer: 'capture' },
  { keys: ['s', '>'], command: 'sort', contexts: EPOCHS, about: 'next group' },
  { keys: ['S', '<'], command: 'reverse', contexts: EPOCHS, about: 'group before' },
  {
    keys: ['f'],
    command: 'filter-on-this',
    contexts: EPOCHS,
    about: 'only messages under this key',
    footer: 'only this',
  },
  { keys: ['['], command: 'time-earlier', contexts: EPOCHS, about: 'time cursor: a cell earlier, first from now' },
  { keys: [']'], command: 'time-later', contexts: EPOCHS, about: 'time cursor: a cell later', footer: 'cursor' },
  { keys: ['escape'], command: 'back', contexts: EPOCHS, about: 'take the time cursor away' },
  { keys: ['L'], command: 'show-flow', contexts: EPOCHS, about: 'the flow of this group' },
  { keys: ['!'], command: 'show-findings', contexts: EPOCHS, about: 'findings of this group' },
];
