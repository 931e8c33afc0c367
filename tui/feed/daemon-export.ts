// What a daemon sends for a file: records or frames. What it deciphered is left out unless it is asked for.

import type { FileHandle } from 'node:fs/promises';
import { type ClientSubscription, DECIPHERED_INTERFACE } from '../../daemon/relay/client.ts';

// The specification says (draft-ietf-opsawg-pcapng 4.1 to 4.3; little endian, as the relay writes it).
const SECTION_HEADER = 0x0a0d_0d0a;
const INTERFACE = 1;
const ENHANCED_PACKET = 6;
const LEAST_BLOCK = 12;
const INTERFACE_OPTIONS = 16;
const INTERFACE_NAME = 2;

/**
 * Writes what comes until all of the past was told.
 *
 * @param payload deciphered SDUs go in
 * @returns messages, or frames, that were written
 */
export async function writeItems(
  subscription: ClientSubscription,
  file: FileHandle,
  payload: boolean,
): Promise<number> {
  const frames = new CapturedFrames(payload);
  let count = 0;
  for await (const items of subscription) {
    for (const item of items) {
      if (item.kind === 'live') return count;
      if (item.kind === 'pcapng') {
        const taken = frames.take(item.octets);
        await file.write(taken.octets);
        count += taken.frames;
      } else if (item.kind === 'record') {
        const { payload: _deciphered, ...record } = item.record as typeof item.record & { readonly payload?: string };
        await file.write(`${JSON.stringify(payload ? item.record : record)}\n`);
        count++;
      }
    }
  }
  return count;
}

/** Takes deciphered packets out of whole pcapng blocks, which come in pieces. */
export class CapturedFrames {
  readonly #payload: boolean;
  /** Interfaces of the section so far, and those of deciphered packets among them. */
  #interfaces = 0;
  readonly #deciphered = new Set<number>();

  /** @param payload they stay */
  constructor(payload: boolean) {
    this.#payload = payload;
  }

  /** @returns blocks for the file, and how many frames are among them */
  take(octets: Uint8Array): { readonly octets: Uint8Array; readonly frames: number } {
    const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
    const kept: Uint8Array[] = [];
    let frames = 0;
    for (let at = 0; at + LEAST_BLOCK <= octets.length; ) {
      const length = Math.max(LEAST_BLOCK, view.getUint32(at + 4, true));
      const block = octets.subarray(at, at + length);
      if (this.#stays(block)) {
        kept.push(block);
        if (view.getUint32(at, true) === ENHANCED_PACKET) frames++;
      }
      at += length;
    }
    return { octets: Buffer.concat(kept), frames };
  }

  #stays(block: Uint8Array): boolean {
    const view = new DataView(block.buffer, block.byteOffset, block.length);
    const type = view.getUint32(0, true);
    if (type === SECTION_HEADER) {
      this.#interfaces = 0;
      this.#deciphered.clear();
    } else if (type === INTERFACE) {
      if (interfaceName(block, view) === DECIPHERED_INTERFACE) this.#deciphered.add(this.#interfaces);
      this.#interfaces++;
    } else if (type === ENHANCED_PACKET) return this.#payload || !this.#deciphered.has(view.getUint32(8, true));
    return true;
  }
}

/** Name of an interface block, or null. */
function interfaceName(block: Uint8Array, view: DataView): string | null {
  for (let at = INTERFACE_OPTIONS; at + 4 <= block.length - 4; ) {
    const code = view.getUint16(at, true);
    const length = view.getUint16(at + 2, true);
    if (code === 0) return null;
    if (code === INTERFACE_NAME) return Buffer.from(block.subarray(at + 4, at + 4 + length)).toString('utf8');
    at += 4 + Math.ceil(length / 4) * 4;
  }
  return null;
}
