// The next message of a context, where it opens as the one before did. Nearly every message does, and judge.ts would ask for
// the groups of its destination, find the key that it knows already, and prove the context once more. Here the same comes out
// of what the context remembers; everything else goes the long way. A test holds both equal.

import { type Evidence, PLAUSIBLE_TENTHS, Shape } from './evidence.ts';
import type { AddressesByGroup } from './group-addresses.ts';
import type { JudgeTools } from './judge.ts';
import { giveKeyVerdict } from './key-verdict.ts';
import { MessageFlag, type MessageTable } from './message-table.ts';

// The specification says (TS 36.323 Table 6.3.14.1).
const SDU_IP = 0;

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
   * Judges a message that was deciphered ahead and opens under the key of its context. That key is one of a group that the
   * destination can mean, as it is configured: other contexts remember how they opened.
   *
   * @returns false where it is another one; then nothing is written
   */
  judge(table: MessageTable, row: number): boolean {
    if (table.deciphered[row] === 0 || table.sduType[row] !== SDU_IP) return false;
    const { wires, traffic, index, allowStale } = this.#tools;
    const wire = table.context[row];
    const slot = table.traffic[row];
    const serial = table.epoch[row];
    const { destination, version, source, pgkIndex, ptkId } = table;
    // Contexts and keys may have changed since it was deciphered.
    if (!wires.opensWith(wire, serial, slot)) return false;
    if (traffic.slots.generation[slot] !== wires.trafficGeneration[wire]) return false;
    if (!wires.holds(wire, destination[row], version[row], source[row], pgkIndex[row], ptkId[row])) return false;
    const epoch = index.epoch(serial);
    const { group } = epoch;
    if (epoch.octets === null) return false;
    const evidence = this.#evidence;
    const at = table.plainWord[row] * 4;
    evidence.weigh(table.plain, table.words, at, table.length[row], SDU_IP, this.#addresses.of(group), table.sum[row]);
    if (evidence.tenths < PLAUSIBLE_TENTHS || evidence.failed !== 0) return false;
    if (evidence.shape !== Shape.ipv4 || evidence.fragment) return false;
    wires.touch(wire);
    traffic.slots.touch(slot);
    table.group[row] = group.index;
    table.evidence[row] = evidence.tenths;
    table.passed[row] = evidence.passed;
    table.flags[row] |= MessageFlag.opened;
    giveKeyVerdict(table, row, epoch, allowStale);
    return true;
  }
}
