// Text that comes out of packets, made safe to print: attackers choose it, terminals and logs obey it.

/** Constants we chose. */
/** Characters of a summary. Longer ones are cut and end in `...`: one line of a wide terminal, and bounded memory. */
export const SUMMARY_CHARACTERS = 200;
/** Octets of packet text that `safeText` looks at when the caller says nothing. */
export const TEXT_OCTETS = 80;

const CUT_MARK = '...';

/** Decimal text of every octet, so that addresses are put together without number formatting. */
const OCTET_TEXT: readonly string[] = Array.from({ length: 256 }, (_, value) => String(value));

/** Hex text of every octet, two digits. */
const OCTET_HEX: readonly string[] = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, '0'));

/**
 * Octets as text of printable ASCII only (0x20 to 0x7e). Every other octet (C0 and C1 controls, ESC, DEL, and all of
 * UTF-8 beyond ASCII, so bidirectional controls and invalid sequences too) becomes `.`.
 *
 * @param limit most octets shown; what is cut off is marked by `...`
 */
export function safeText(bytes: Uint8Array, at: number, end: number, limit: number = TEXT_OCTETS): string {
  const last = Math.min(end, bytes.length, at + limit);
  let text = '';
  for (let index = at; index < last; index++) {
    const octet = bytes[index];
    text += octet >= 0x20 && octet <= 0x7e ? String.fromCharCode(octet) : '.';
  }
  return last < Math.min(end, bytes.length) ? text + CUT_MARK : text;
}

/**
 * A string with every UTF-16 unit that is not printable ASCII replaced by `.`, cut to `limit` characters (the mark
 * `...` counts). For text that was a string already, e.g. names of a capture file.
 */
export function safeString(text: string, limit: number = SUMMARY_CHARACTERS): string {
  const clean = /^[\x20-\x7e]*$/.test(text) ? text : text.replace(/[^\x20-\x7e]/g, '.');
  return clean.length <= limit ? clean : clean.slice(0, Math.max(0, limit - CUT_MARK.length)) + CUT_MARK;
}

/** Lower case hex of octets, cut to `limit` octets with the mark `...`. */
export function hexText(bytes: Uint8Array, at: number, end: number, limit: number = TEXT_OCTETS): string {
  const last = Math.min(end, bytes.length, at + limit);
  let text = '';
  for (let index = at; index < last; index++) text += OCTET_HEX[bytes[index]];
  return last < Math.min(end, bytes.length) ? text + CUT_MARK : text;
}

/** Four octets as dotted decimal. The caller has checked that they are there. */
export function ipv4Text(bytes: Uint8Array, at: number): string {
  return `${OCTET_TEXT[bytes[at]]}.${OCTET_TEXT[bytes[at + 1]]}.${OCTET_TEXT[bytes[at + 2]]}.${OCTET_TEXT[bytes[at + 3]]}`;
}

/** Sixteen octets in the canonical form of RFC 5952 4. The caller has checked that they are there. */
export function ipv6Text(bytes: Uint8Array, at: number): string {
  let zerosAt = -1;
  let zeros = 1;
  for (let group = 0; group < 8; ) {
    let run = group;
    while (run < 8 && bytes[at + 2 * run] === 0 && bytes[at + 2 * run + 1] === 0) run++;
    if (run - group > zeros) {
      zeros = run - group;
      zerosAt = group;
    }
    group = run + 1;
  }
  let text = '';
  for (let group = 0; group < 8; group++) {
    if (group === zerosAt) {
      text += '::';
      group += zeros - 1;
      continue;
    }
    if (text !== '' && !text.endsWith(':')) text += ':';
    text += ((bytes[at + 2 * group] << 8) | bytes[at + 2 * group + 1]).toString(16);
  }
  return text;
}

/** Six octets as a hardware address, e.g. `02:00:5e:00:00:01`. The caller has checked that they are there. */
export function etherText(bytes: Uint8Array, at: number): string {
  let text = OCTET_HEX[bytes[at]];
  for (let index = 1; index < 6; index++) text += `:${OCTET_HEX[bytes[at + index]]}`;
  return text;
}
