// What an engine makes of traffic, column by column, so that two ways through it can be held equal.

import { vi } from 'vitest';
import type { FrameBatch } from '../../../captures/frame-batch.ts';
import { Engine } from '../../../daemon/engine/engine.ts';
import { RoundKernel } from '../../../daemon/engine/round-kernel.ts';
import { KeyIndex } from '../../../daemon/keyring/key-index.ts';
import { parseKeyring } from '../../../daemon/keyring/keyring-file.ts';
import { aesKernelFor } from '../../../dissectors/security/aes-eea2.ts';

/**
 * What each message came to, all columns of judgement and its body, and the report behind them.
 *
 * @param keys a keyring file
 * @param forgetAt messages behind which keys of the first group are forgotten
 */
export function judged(
  batches: readonly FrameBatch[],
  keys: object,
  forgetAt = Number.POSITIVE_INFINITY,
): readonly object[] {
  const held = parseKeyring(JSON.stringify(keys), 'first.json');
  const out: object[] = [];
  const engine = new Engine(
    { index: new KeyIndex(held) },
    {
      message(table, row) {
        const { verdict, evidence, passed, failed, flags, group, epoch, epochState, deciphered } = table;
        const columns = [verdict, evidence, passed, failed, flags, group, epoch, epochState, deciphered];
        const values = [...columns, table.context, table.traffic].map((column) => column[row]);
        const at = table.bodyAt(row);
        out.push([...values, Buffer.from(table.bodyBytes(row).subarray(at, at + table.length[row])).toString('hex')]);
        if (out.length === forgetAt) engine.forgetKeys(new Set([0]));
      },
    },
  );
  for (const batch of batches) engine.push(batch);
  out.push(engine.report());
  engine.close();
  return out;
}

/** Kernels are there from the second round on, until mocks are restored. */
export function buildKernelsAtOnce(): void {
  aesKernelFor(100_000);
  const waitFor: (this: RoundKernel, messages: number) => void = Reflect.get(RoundKernel.prototype, 'waitFor');
  vi.spyOn(RoundKernel.prototype, 'waitFor').mockImplementation(function (this: RoundKernel) {
    waitFor.call(this, 100_000);
  });
}
