// The scanner of JSON under `JsonReader`, by itself: only a keyring that is not plain needs it (scripts/late-modules.mjs).

import { createScanner, type JSONScanner } from 'jsonc-parser';

/** Goes through the tokens of a text, blanks and comments among them. */
export function jsonScanner(text: string): JSONScanner {
  return createScanner(text, false);
}
