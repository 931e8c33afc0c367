// Text from packets made safe for a terminal without losing readable letters: names in any script stay, everything a
// terminal would obey becomes an escape.

/**
 * C0, DEL, C1; format characters (bidirectional controls, zero-width ones, tags), and places among them that are not given
 * away yet, which show as little; line and paragraph separators; lone surrogates.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u2065\u{e0000}-\u{e007f}]/gu;

const UNSAFE_ONCE = new RegExp(UNSAFE.source, 'u');

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`;
}

/**
 * Text with every character that a terminal obeys, or that reorders or hides other text, written as `\x1b` or
 * `\u202e`. A backslash that is there already stays single: the result is for people, not for parsing.
 */
export function printable(text: string): string {
  return UNSAFE_ONCE.test(text) ? text.replace(UNSAFE, escaped) : text;
}

/**
 * Octets as UTF-8 text that is safe to print. Each octet of an invalid sequence (overlong forms and surrogates too)
 * becomes `\x..`.
 */
export function printableUtf8(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const length = utf8Length(bytes, at);
    if (length === 0) {
      text += `\\x${bytes[at].toString(16).padStart(2, '0')}`;
      at += 1;
    } else {
      text += decoder.decode(bytes.subarray(at, at + length));
      at += length;
    }
  }
  return printable(text);
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Octets of the well-formed UTF-8 sequence that begins here (RFC 3629 4), or 0 where none does. */
function utf8Length(bytes: Uint8Array, at: number): number {
  const first = bytes[at];
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || at + length > bytes.length) return 0;
  for (let index = 1; index < length; index++) if ((bytes[at + index] & 0xc0) !== 0x80) return 0;
  const second = bytes[at + 1];
  if ((first === 0xe0 && second < 0xa0) || (first === 0xed && second > 0x9f)) return 0;
  if ((first === 0xf0 && second < 0x90) || (first === 0xf4 && second > 0x8f)) return 0;
  return length;
}

/** JSON of a value in which no character reaches a terminal as a control: what `printable` escapes becomes `\uXXXX`. */
export function printableJson(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, null, indent);
  // Line breaks and blanks of the layout itself are the only controls that JSON.stringify leaves below 0x20.
  return text.replace(UNSAFE, (character) => {
    if (character === '\n') return character;
    let units = '';
    for (let index = 0; index < character.length; index++) {
      units += `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`;
    }
    return units;
  });
}
