// The layer tree that a daemon answers with, as the message view shows it.

import type { DetailRow, FrameDetails } from '../../daemon/inspection/contract.ts';

interface TreeAnswer {
  readonly frame: number;
  readonly octets: readonly { readonly name: string; readonly hex: string }[];
  readonly rows: readonly DetailRow[];
}

/** @param answer as the relay gave it; null where the frame is not kept */
export function detailsOf(answer: unknown): FrameDetails | null {
  if (typeof answer !== 'object' || answer === null || !('rows' in answer)) return null;
  const { frame, octets, rows } = answer as TreeAnswer;
  return {
    frame,
    sources: octets.map(({ name, hex }) => ({ name, bytes: Uint8Array.from(Buffer.from(hex, 'hex')) })),
    rows,
  };
}
