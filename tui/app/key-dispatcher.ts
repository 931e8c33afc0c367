// From keys to commands, by the key table and the operator's own keys.

import { type Command, type Context, KEY_TABLE, type KeyBinding } from '../keys.ts';

/** What a key asks for. */
export interface Invocation {
  readonly command: Command;
  readonly argument: string;
}

/** Own keys for a command: they replace those of the table. */
export type KeyMap = ReadonlyMap<Command, readonly string[]>;

/** Remembers keys that begin a sequence. */
export class KeyDispatcher {
  readonly #table: readonly KeyBinding[];
  #begun: string[] = [];

  constructor(own: KeyMap = new Map()) {
    this.#table = withOwnKeys(KEY_TABLE, own);
  }

  /** The table in force. */
  get table(): readonly KeyBinding[] {
    return this.#table;
  }

  /** Keys that were pressed and wait for more. */
  get begun(): string {
    return this.#begun.join(' ');
  }

  /**
   * Takes a key.
   *
   * @param contexts where it was pressed, the innermost first
   * @returns what it asks for; null where it asks for nothing, or more keys must follow
   */
  press(key: string, contexts: readonly Context[]): Invocation | null {
    const pressed = [...this.#begun, key];
    this.#begun = [];
    for (const context of contexts) {
      for (const binding of this.#table) {
        if (!binding.contexts.includes(context)) continue;
        for (const keys of binding.keys) {
          const wanted = keys.split(' ');
          if (wanted.length !== pressed.length || !fits(wanted, pressed)) continue;
          const argument = wanted.at(-1) === '*' ? key : (binding.argument ?? '');
          return { command: binding.command, argument };
        }
      }
    }
    if (this.#begins(pressed, contexts)) {
      this.#begun = pressed;
      return null;
    }
    // A sequence that leads nowhere: its last key may mean something by itself.
    return pressed.length > 1 && key !== 'escape' ? this.press(key, contexts) : null;
  }

  #begins(pressed: readonly string[], contexts: readonly Context[]): boolean {
    return this.#table.some(
      (binding) =>
        binding.contexts.some((context) => contexts.includes(context)) &&
        binding.keys.some((keys) => {
          const wanted = keys.split(' ');
          return wanted.length > pressed.length && fits(wanted.slice(0, pressed.length), pressed);
        }),
    );
  }
}

function fits(wanted: readonly string[], pressed: readonly string[]): boolean {
  return wanted.every((key, at) => key === pressed[at] || (key === '*' && [...pressed[at]].length === 1));
}

function withOwnKeys(table: readonly KeyBinding[], own: KeyMap): readonly KeyBinding[] {
  if (own.size === 0) return table;
  return table.map((binding) => {
    const keys = own.get(binding.command);
    return keys === undefined || binding.argument !== undefined ? binding : { ...binding, keys };
  });
}
