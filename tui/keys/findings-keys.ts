// Keys of the findings view.

import type { KeyBinding } from './key-binding.ts';

const FINDINGS = ['findings'] as const;

/** See the head of the file. */
export const FINDINGS_KEYS: readonly KeyBinding[] = [
  { keys: ['enter'], command: 'open', contexts: FINDINGS, about: 'to its first frame', footer: 'frames' },
  { keys: ['s'], command: 'sort', contexts: FINDINGS, about: 'sort by the next column', footer: 'sort' },
  { keys: ['S'], command: 'reverse', contexts: FINDINGS, about: 'turn the order round' },
  { keys: ['f'], command: 'filter-on-this', contexts: FINDINGS, about: 'only its frames', footer: 'only this' },
  { keys: ['M'], command: 'show-messages', contexts: FINDINGS, about: 'its frames as messages' },
  { keys: ['L'], command: 'show-flow', contexts: FINDINGS, about: 'the flow of its group' },
  { keys: ['E'], command: 'show-epochs', contexts: FINDINGS, about: 'keys of its group' },
  { keys: ['!'], command: 'show-findings', contexts: FINDINGS, about: 'only findings of its group' },
  { keys: ['escape'], command: 'back', contexts: FINDINGS, about: 'findings of all groups again' },
  { keys: ['z'], command: 'maximise', contexts: FINDINGS, about: 'more room for the explanation', footer: 'explain' },
  { keys: ['+'], command: 'wider', contexts: FINDINGS, about: 'explanation a line further' },
  { keys: ['-'], command: 'narrower', contexts: FINDINGS, about: 'explanation a line back' },
];
