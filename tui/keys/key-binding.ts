// What a line of the key table says.

/**
 * Where a key holds. `list`: wherever there are rows; `compare`: two messages of the flow side by side; `tree` and `octets`:
 * parts of the message view; `prompt`: while a line is being typed; `help`: on the help page; `everywhere` but in prompt
 * and help.
 */
export type Context =
  | 'everywhere'
  | 'list'
  | 'groups'
  | 'flow'
  | 'compare'
  | 'epochs'
  | 'findings'
  | 'messages'
  | 'status'
  | 'tree'
  | 'octets'
  | 'prompt'
  | 'help';

/** What a key, a command line or a mouse can ask for. */
export type Command =
  | 'quit'
  | 'help'
  | 'view'
  | 'next-view'
  | 'previous-view'
  | 'filter'
  | 'clear-filter'
  | 'saved-filters'
  | 'command-line'
  | 'search'
  | 'search-next'
  | 'search-previous'
  | 'suspend'
  | 'redraw'
  | 'follow'
  | 'pause'
  | 'theme'
  | 'copy'
  | 'export'
  | 'up'
  | 'down'
  | 'page-up'
  | 'page-down'
  | 'half-page-up'
  | 'half-page-down'
  | 'top'
  | 'bottom'
  | 'left'
  | 'right'
  | 'open'
  | 'back'
  | 'mark'
  | 'mark-letter'
  | 'go-to-mark'
  | 'next-mark'
  | 'previous-mark'
  | 'next-finding'
  | 'previous-finding'
  | 'sort'
  | 'reverse'
  | 'filter-on-this'
  | 'next-pane'
  | 'previous-pane'
  | 'maximise'
  | 'fold'
  | 'fold-all'
  | 'unfold-all'
  | 'zoom-in'
  | 'zoom-out'
  | 'time-earlier'
  | 'time-later'
  | 'diff'
  | 'wider'
  | 'narrower'
  | 'show-messages'
  | 'show-flow'
  | 'show-epochs'
  | 'show-findings'
  | 'columns'
  | 'accept'
  | 'cancel'
  | 'complete'
  | 'complete-back'
  | 'older'
  | 'newer';

/** One line of the key table. */
export interface KeyBinding {
  /** Keys of screen/input-event.ts; several with blanks between are pressed in turn; `*` is any one character. */
  readonly keys: readonly string[];
  readonly command: Command;
  /** What goes with the command, e.g. the view; `*` in `keys` gives what was pressed. */
  readonly argument?: string;
  readonly contexts: readonly Context[];
  /** A sentence for the help page. */
  readonly about: string;
  /** A word for the footer; without it the footer does not show it. */
  readonly footer?: string;
}
