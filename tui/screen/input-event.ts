// What a person does at a terminal.

/**
 * One key. Names: a character as it is (`a`, `A`, `?`, `é`), or `enter`, `escape`, `tab`, `backspace`, `space`, `up`,
 * `down`, `left`, `right`, `home`, `end`, `pageup`, `pagedown`, `insert`, `delete`, `f1` to `f12`; with modifiers in
 * front, in this order: `ctrl-`, `alt-`, `shift-` (`ctrl-c`, `alt-x`, `shift-tab`).
 */
export interface KeyInput {
  readonly kind: 'key';
  readonly key: string;
}

/** What a mouse did. Cells count from 0. */
export interface MouseInput {
  readonly kind: 'mouse';
  readonly action: 'press' | 'release' | 'drag' | 'wheel-up' | 'wheel-down';
  /** Of a press, a release and a drag. */
  readonly button: 'left' | 'middle' | 'right' | 'none';
  readonly x: number;
  readonly y: number;
}

/** Text that was pasted. */
export interface PasteInput {
  readonly kind: 'paste';
  readonly text: string;
}

/** Anything a person did. */
export type InputEvent = KeyInput | MouseInput | PasteInput;
