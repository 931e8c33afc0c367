// The layer tree that a daemon answers with, as the message view shows it.

import type { DetailRow, FrameDetails } from '../../daemon/inspection/contract.ts';

interface TreeAnswer {
  readonly frame: number;
  readonly octets: readonly { readonly name: string; readonly hex: string }[];
  readonly rows: readonly {
    readonly depth: number;
    readonly text: string;
    readonly source: number;
    readonly start: number;
    readonly length: number;
  }[];
}

/** @param answer as the relay gave it; null where the frame is not kept */
export function detailsOf(answer: unknown): FrameDetails | null {
  if (typeof answer !== 'object' || answer === null || !('rows' in answer)) return null;
  const { frame, octets, rows } = answer as TreeAnswer;
  return {
    frame,
    sources: octets.map(({ name, hex }) => ({ name, bytes: Uint8Array.from(Buffer.from(hex, 'hex')) })),
    rows: rows.map((row, index): DetailRow => {
      const hasChildren = (rows[index + 1]?.depth ?? 0) > row.depth;
      const kind = row.depth === 0 ? 'layer' : hasChildren ? 'group' : 'field';
      return { ...row, kind, field: null, filter: null };
    }),
  };
}
