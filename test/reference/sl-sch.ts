// A slow, obvious reading of an SL-SCH MAC PDU down to RLC data elements, bit by bit along TS 36.321 6.1.6 and TS 36.322
// 6.2.1.3. Knows whole PDUs only. The decoders of the product are compared with it.

/** A data element: where its octets stand in the PDU. */
export interface ReferenceElement {
  readonly lcid: number;
  readonly sn: number;
  readonly at: number;
  readonly length: number;
  readonly starts: boolean;
  readonly ends: boolean;
}

/** What a PDU holds. `fault` names the first thing that is wrong with it. */
export interface ReferencePdu {
  readonly fault: string | null;
  readonly kind: 'malformed' | 'padding-only' | 'unicast' | 'pc5-signalling' | 'data';
  readonly elements: readonly ReferenceElement[];
}

class Fault extends Error {}

class Bits {
  readonly text: string;
  at = 0;
  constructor(octets: Uint8Array) {
    this.text = [...octets].map((octet) => octet.toString(2).padStart(8, '0')).join('');
  }
  get left(): number {
    return this.text.length - this.at;
  }
  take(count: number, fault: string): number {
    if (this.left < count) throw new Fault(fault);
    this.at += count;
    return Number.parseInt(this.text.slice(this.at - count, this.at), 2);
  }
}

/** Reads one MAC PDU. */
export function referenceSlSch(pdu: Uint8Array): ReferencePdu {
  const elements: ReferenceElement[] = [];
  const faults: string[] = [];
  let kind: ReferencePdu['kind'] = 'malformed';
  try {
    kind = readPdu(pdu, elements, faults);
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    faults.push(fault.message);
  }
  return { fault: faults[0] ?? null, kind: faults.length > 0 ? 'malformed' : kind, elements };
}

function readPdu(pdu: Uint8Array, elements: ReferenceElement[], faults: string[]): ReferencePdu['kind'] {
  if (pdu.length === 0) throw new Fault('mac.empty');
  const bits = new Bits(pdu);
  const version = bits.take(4, '');
  if (![1, 2, 3].includes(version)) throw new Fault('mac.reserved-version');
  bits.take(4 + 24, 'mac.header-cut');
  bits.take(version === 3 ? 24 : 16, 'mac.header-cut');
  const subheaders: { lcid: number; length: number | null }[] = [];
  for (let more = 1; more === 1; ) {
    if (subheaders.length === 64) throw new Fault('mac.too-many-subheaders');
    bits.take(2, 'mac.subheader-cut');
    more = bits.take(1, 'mac.subheader-cut');
    const lcid = bits.take(5, 'mac.subheader-cut');
    const long = more === 1 && lcid !== 31 && bits.take(1, 'mac.subheader-cut') === 1;
    const hasLength = more === 1 && lcid !== 31;
    subheaders.push({ lcid, length: hasLength ? bits.take(long ? 15 : 7, 'mac.subheader-cut') : null });
  }
  const sdus = subheaders.filter(({ lcid }) => lcid !== 31);
  let at = bits.at / 8;
  for (const { lcid, length } of sdus) {
    const end = length === null ? pdu.length : at + length;
    if (end > pdu.length) throw new Fault('mac.length-beyond-pdu');
    const isData = lcid >= 1 && lcid <= 20;
    if (isData && version !== 2) readRlc(pdu.subarray(at, end), at, lcid, elements, faults);
    if (lcid === 0 || (lcid >= 21 && lcid <= 27)) faults.push('mac.reserved-lcid');
    at = end;
  }
  if (sdus.length === 0) return 'padding-only';
  if (version === 2) return 'unicast';
  return sdus.some(({ lcid }) => lcid >= 28) ? 'pc5-signalling' : 'data';
}

function readRlc(sdu: Uint8Array, base: number, lcid: number, elements: ReferenceElement[], faults: string[]): void {
  try {
    elements.push(...rlcElements(sdu, base, lcid));
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    faults.push(fault.message);
  }
}

function rlcElements(sdu: Uint8Array, base: number, lcid: number): ReferenceElement[] {
  const bits = new Bits(sdu);
  const continues = bits.take(1, 'rlc.header-cut') === 1;
  const continued = bits.take(1, 'rlc.header-cut') === 1;
  let more = bits.take(1, 'rlc.header-cut');
  const sn = bits.take(5, 'rlc.header-cut');
  const lengths: number[] = [];
  while (more === 1) {
    // The product reads the octets of a pair at once: a pair is cut where either octet is missing.
    more = bits.take(1, 'rlc.header-cut');
    lengths.push(bits.take(11, 'rlc.header-cut'));
    if (lengths.at(-1) === 0) throw new Fault('rlc.length-zero');
  }
  if (lengths.length % 2 === 1) bits.take(4, 'rlc.header-cut');
  const dataAt = bits.at / 8;
  const claimed = lengths.reduce((sum, length) => sum + length, 0);
  if (dataAt + claimed > sdu.length) throw new Fault('rlc.length-beyond-pdu');
  if (dataAt + claimed === sdu.length) throw new Fault('rlc.no-data');
  lengths.push(sdu.length - dataAt - claimed);
  let at = dataAt;
  return lengths.map((length, index) => {
    const element = {
      lcid,
      sn,
      at: base + at,
      length,
      starts: index > 0 || !continues,
      ends: index < lengths.length - 1 || !continued,
    };
    at += length;
    return element;
  });
}
