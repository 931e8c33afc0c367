// The next message of a context, where it opens as the one before did. Nearly every message does, and judge.ts would ask for
// the groups of its destination, find the key that it knows already, and prove the context once more. Here the same comes out
// of what the context remembers; everything else goes the long way. A test holds both equal. Where threads share memory, a
// kernel takes those of them that are usual datagrams (kernel-judging.ts).

import { type Evidence, PLAUSIBLE_TENTHS, Shape } from './evidence.ts';
import type { AddressesByGroup } from './group-addresses.ts';
import type { JudgeTools } from './judge.ts';
import { giveKeyVerdict } from './key-verdict.ts';
import { MessageFlag, type MessageTable } from './message-table.ts';

// The specification says (TS 36.323 Table 6.3.14.1).
const SDU_IP = 0;

/** We chose: messages that are judged here when the kernel has stopped at one, before it is called again: a call costs what one does. */
const ROWS_BETWEEN_CALLS = 8;

/** See the head of the file. */
export class NextMessages {
  readonly #tools: JudgeTools;
  readonly #evidence: Evidence;
  readonly #addresses: AddressesByGroup;

  constructor(tools: JudgeTools, evidence: Evidence, addresses: AddressesByGroup) {
    this.#tools = tools;
    this.#evidence = evidence;
    this.#addresses = addresses;
  }

  /**
   * Judges messages from row `from` on and before row `until`, up to the first that is another one: such that were deciphered
   * ahead and open under the key of their context. That key is one of a group that the destination can mean, as it is
   * configured: other contexts remember how they opened.
   *
   * @returns the row of the first that is another one, of which nothing is written; `until` where there is none
   */
  judge(table: MessageTable, from: number, until: number): number {
    const { usual } = this.#tools;
    if (usual === null || !usual.has(table)) return this.#inTurn(table, from, until);
    let row = from;
    for (;;) {
      row = usual.judge(table, row, until);
      const end = Math.min(until, row + ROWS_BETWEEN_CALLS);
      row = this.#inTurn(table, row, end);
      if (row < end || row === until) return row;
    }
  }

  #inTurn(table: MessageTable, from: number, until: number): number {
    const { wires, traffic, index, allowStale } = this.#tools;
    const evidence = this.#evidence;
    const {
      deciphered,
      sduType,
      context,
      traffic: slots,
      epoch: serials,
      plainWord,
      length,
      sum,
      plain,
      words,
    } = table;
    const { destination, version, source, pgkIndex, ptkId, group: groups, evidence: tenths, passed, flags } = table;
    const { generation } = traffic;
    let row = from;
    for (; row < until; row++) {
      if (deciphered[row] === 0 || sduType[row] !== SDU_IP) break;
      const wire = context[row];
      const slot = slots[row];
      const serial = serials[row];
      // Contexts and keys may have changed since it was deciphered.
      if (!wires.opensWith(wire, serial, slot) || generation[slot] !== wires.trafficGeneration[wire]) break;
      if (!wires.holds(wire, destination[row], version[row], source[row], pgkIndex[row], ptkId[row])) break;
      const epoch = index.epoch(serial);
      const { group } = epoch;
      if (!epoch.isHeld) break;
      evidence.weigh(plain, words, plainWord[row] * 4, length[row], SDU_IP, this.#addresses.of(group), sum[row]);
      if (evidence.tenths < PLAUSIBLE_TENTHS || evidence.failed !== 0) break;
      if (evidence.shape !== Shape.ipv4 || evidence.fragment) break;
      wires.touch(wire);
      traffic.slots.touch(slot);
      groups[row] = group.index;
      tenths[row] = evidence.tenths;
      passed[row] = evidence.passed;
      flags[row] |= MessageFlag.opened;
      giveKeyVerdict(table, row, epoch, allowStale);
    }
    return row;
  }
}
