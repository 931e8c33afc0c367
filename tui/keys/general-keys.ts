// Keys that hold in every view, in every list, in every prompt.

import type { KeyBinding } from './key-binding.ts';

const EVERYWHERE = ['everywhere'] as const;
const LIST = ['list'] as const;
const PROMPT = ['prompt'] as const;

/** See the head of the file. */
export const GENERAL_KEYS: readonly KeyBinding[] = [
  { keys: ['1'], command: 'view', argument: 'groups', contexts: EVERYWHERE, about: 'groups' },
  { keys: ['2'], command: 'view', argument: 'flow', contexts: EVERYWHERE, about: 'flow of one group' },
  { keys: ['3'], command: 'view', argument: 'epochs', contexts: EVERYWHERE, about: 'keys and their epochs' },
  { keys: ['4'], command: 'view', argument: 'findings', contexts: EVERYWHERE, about: 'findings' },
  { keys: ['5'], command: 'view', argument: 'messages', contexts: EVERYWHERE, about: 'messages' },
  { keys: ['6'], command: 'view', argument: 'status', contexts: EVERYWHERE, about: 'status' },
  { keys: ['tab'], command: 'next-view', contexts: EVERYWHERE, about: 'next view' },
  { keys: ['shift-tab'], command: 'previous-view', contexts: EVERYWHERE, about: 'previous view' },
  { keys: ['/'], command: 'filter', contexts: EVERYWHERE, about: 'type a display filter', footer: 'filter' },
  { keys: ['\\'], command: 'clear-filter', contexts: EVERYWHERE, about: 'take the display filter away' },
  { keys: ['f3'], command: 'saved-filters', contexts: EVERYWHERE, about: 'choose a saved filter' },
  { keys: [':'], command: 'command-line', contexts: EVERYWHERE, about: 'type a command (:help lists them)' },
  { keys: ['ctrl-f'], command: 'search', contexts: EVERYWHERE, about: 'search for a text in the list' },
  { keys: ['n'], command: 'search-next', contexts: EVERYWHERE, about: 'next place where the text stands' },
  { keys: ['N'], command: 'search-previous', contexts: EVERYWHERE, about: 'previous place where the text stands' },
  { keys: ['F'], command: 'follow', contexts: EVERYWHERE, about: 'follow the newest message, or stop to' },
  { keys: ['p'], command: 'pause', contexts: EVERYWHERE, about: 'hold the screen still, or go on; nothing is lost' },
  {
    keys: ['y'],
    command: 'copy',
    contexts: EVERYWHERE,
    about: 'copy what is selected to the clipboard of the terminal',
  },
  {
    keys: ['e'],
    command: 'export',
    contexts: EVERYWHERE,
    about: 'write the messages that are shown into a file',
    footer: 'export',
  },
  { keys: ['T'], command: 'theme', contexts: EVERYWHERE, about: 'next theme' },
  { keys: ['?', 'f1'], command: 'help', contexts: EVERYWHERE, about: 'this page', footer: 'help' },
  { keys: ['ctrl-z'], command: 'suspend', contexts: EVERYWHERE, about: 'back to the shell; `fg` returns here' },
  { keys: ['ctrl-l'], command: 'redraw', contexts: EVERYWHERE, about: 'draw the screen anew' },
  { keys: ['q', 'ctrl-c', 'Z Z'], command: 'quit', contexts: EVERYWHERE, about: 'end', footer: 'quit' },

  { keys: ['j', 'down'], command: 'down', contexts: LIST, about: 'one row down' },
  { keys: ['k', 'up'], command: 'up', contexts: LIST, about: 'one row up' },
  { keys: ['ctrl-d'], command: 'half-page-down', contexts: LIST, about: 'half a page down' },
  { keys: ['ctrl-u'], command: 'half-page-up', contexts: LIST, about: 'half a page up' },
  { keys: ['pagedown', 'ctrl-n'], command: 'page-down', contexts: LIST, about: 'a page down' },
  { keys: ['pageup', 'ctrl-b'], command: 'page-up', contexts: LIST, about: 'a page up' },
  { keys: ['g g', 'home'], command: 'top', contexts: LIST, about: 'first row' },
  { keys: ['G', 'end'], command: 'bottom', contexts: LIST, about: 'last row' },
  { keys: ['h', 'left'], command: 'left', contexts: LIST, about: 'to the left, or fold' },
  { keys: ['l', 'right'], command: 'right', contexts: LIST, about: 'to the right, or unfold' },

  { keys: ['enter'], command: 'accept', contexts: PROMPT, about: 'take what was typed' },
  { keys: ['escape', 'ctrl-c', 'ctrl-g'], command: 'cancel', contexts: PROMPT, about: 'leave it as it was' },
  { keys: ['tab'], command: 'complete', contexts: PROMPT, about: 'next suggestion' },
  { keys: ['shift-tab'], command: 'complete-back', contexts: PROMPT, about: 'previous suggestion' },
  { keys: ['up', 'ctrl-p'], command: 'older', contexts: PROMPT, about: 'what was typed before' },
  { keys: ['down', 'ctrl-n'], command: 'newer', contexts: PROMPT, about: 'what was typed after that' },

  { keys: ['j', 'down'], command: 'down', contexts: ['help'], about: 'one row down' },
  { keys: ['k', 'up'], command: 'up', contexts: ['help'], about: 'one row up' },
  { keys: ['space', 'pagedown'], command: 'page-down', contexts: ['help'], about: 'a page down', footer: 'further' },
  { keys: ['pageup'], command: 'page-up', contexts: ['help'], about: 'a page up' },
  {
    keys: ['escape', 'q', '?', 'f1', 'enter', 'ctrl-c'],
    command: 'cancel',
    contexts: ['help'],
    about: 'close this page',
    footer: 'close',
  },
];
