// The strings by which UDP payloads with LTE and NR radio PDUs are told apart, on any port (reference wireshark-interop
// 1.3). NR sidelink is named and shown, never judged: it has no group keys.

import { field, type Protocol, type TreeWriter } from '../layer.ts';
import { describeNrSlSch } from '../sidelink/nr-sl-sch.ts';
import { MAC_LTE_STRING } from './mac-lte.ts';
import { describeMacNr } from './mac-nr.ts';
import { PDCP_LTE_STRING } from './pdcp-lte.ts';
import { RLC_LTE_STRING } from './rlc-lte.ts';

/** What a UDP payload begins with. */
export const StartString = { none: 0, macLte: 1, rlcLte: 2, pdcpLte: 3, newRadio: 4 } as const;

/** A value of `StartString`. */
export type StartString = (typeof StartString)[keyof typeof StartString];

const encoder = new TextEncoder();

/** The specification says (Wireshark, packet-mac-nr.h, packet-rlc-nr.h, packet-pdcp-nr.h). */
const NEW_RADIO_STRINGS: readonly string[] = ['mac-nr', 'rlc-nr', 'pdcp-nr'];

/** Start strings, with the protocol that each leads to. */
export const START_STRINGS: readonly { readonly text: string; readonly kind: StartString }[] = [
  { text: 'mac-lte', kind: StartString.macLte },
  { text: 'rlc-lte', kind: StartString.rlcLte },
  { text: 'pdcp-lte', kind: StartString.pdcpLte },
  ...NEW_RADIO_STRINGS.map((text) => ({ text, kind: StartString.newRadio })),
];

const NEW_RADIO_OCTETS = NEW_RADIO_STRINGS.map((text) => encoder.encode(text));
const LETTER_M = 0x6d;
const LETTER_R = 0x72;
const LETTER_P = 0x70;

const fields = {
  text: field('radio-udp.start', 'Start string', 'text', {
    base: 'none',
    width: 0,
    about: 'What the payload begins with.',
    clause: 'Wireshark packet-mac-lte.h',
  }),
};

/** The string in front of a radio PDU in UDP. */
export const RADIO_UDP: Protocol = {
  name: 'radio-udp',
  title: 'Radio PDU in UDP',
  about: 'A MAC, RLC or PDCP PDU of LTE or NR, told by the string in front of it.',
  clause: 'Wireshark packet-mac-lte.h',
  fields,
};

function begins(bytes: Uint8Array, at: number, available: number, text: Uint8Array): boolean {
  if (at + text.length > available) return false;
  for (let index = 0; index < text.length; index++) if (bytes[at + index] !== text[index]) return false;
  return true;
}

/** Which start string stands at an octet, if any. `available` is one behind the last octet captured. */
export function startString(bytes: Uint8Array, at: number, available: number): StartString {
  if (at >= available) return StartString.none;
  const first = bytes[at];
  if (first !== LETTER_M && first !== LETTER_R && first !== LETTER_P) return StartString.none;
  if (begins(bytes, at, available, MAC_LTE_STRING)) return StartString.macLte;
  if (begins(bytes, at, available, RLC_LTE_STRING)) return StartString.rlcLte;
  if (begins(bytes, at, available, PDCP_LTE_STRING)) return StartString.pdcpLte;
  for (const text of NEW_RADIO_OCTETS) if (begins(bytes, at, available, text)) return StartString.newRadio;
  return StartString.none;
}

/** Shows the start string. Of NR only MAC is shown further: its context, and a sidelink PDU. */
export function reportStartString(tree: TreeWriter, bytes: Uint8Array, at: number, available: number): void {
  for (const { text } of START_STRINGS) {
    if (!begins(bytes, at, available, encoder.encode(text))) continue;
    tree.begin(RADIO_UDP, at, text.length);
    tree.add(fields.text, at, text.length, text);
    tree.end();
    if (text === 'mac-nr') {
      const pduAt = describeMacNr(bytes, at, available, tree);
      if (pduAt >= 0) describeNrSlSch(bytes, pduAt, available, tree);
    }
    return;
  }
}
