// Looks through the rows of messages for one that is as wanted, in pieces so that keys are heard meanwhile.

import type { ViewHost } from '../app/view.ts';

/** We chose: rows looked through at once, a few ms. */
const ROWS_PER_PIECE = 4000;

/** What is looked for. */
export interface WantedRow {
  /** Row beside which it begins. */
  readonly from: number;
  readonly direction: 1 | -1;
  /** From either end it goes on at the other, back to where it began. */
  readonly isRound: boolean;
  readonly isWanted: (ordinal: number) => boolean;
  readonly found: (ordinal: number) => void;
  readonly nowhere: () => void;
}

/** See the head of the file. One search at a time: the newest. */
export class RowSearch {
  readonly #host: ViewHost;
  /** Rises with each search and each end of one. */
  #newest = 0;

  constructor(host: ViewHost) {
    this.#host = host;
  }

  end(): void {
    this.#newest++;
  }

  begin({ from, direction, isRound, isWanted, found, nowhere }: WantedRow): void {
    const own = ++this.#newest;
    let step = 1;
    const piece = (): void => {
      const { rows } = this.#host.session;
      if (own !== this.#newest) return;
      for (let looked = 0; looked < ROWS_PER_PIECE; looked++, step++) {
        const { count } = rows;
        const ahead = from + direction * step;
        if (isRound ? step > count : ahead < 0 || ahead >= count) {
          nowhere();
          return;
        }
        const ordinal = rows.ordinal(((ahead % count) + count) % count);
        if (!isWanted(ordinal)) continue;
        found(ordinal);
        return;
      }
      this.#host.later(piece);
    };
    piece();
  }
}
