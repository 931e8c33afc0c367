// The parent holds no key: neither its memory nor its heap has a PGK, PTK or PEK, after frames were judged, plaintext was
// relayed and keys were imported through it. The search itself is proved on the child, which holds them.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { sealRequest } from '../../../daemon/engine-process/sealed-request.ts';
import type { MessageEvent } from '../../../daemon/events.ts';
import { parseKeyring } from '../../../daemon/keyring/keyring-file.ts';
import { keyNeedles, needlesInFile, needlesInProcess } from '../key-search.ts';
import { keyedCaptures } from './batches.ts';
import { settingsWith } from './linked.ts';
import { type MadeVault, makeVault } from './vault-fixture.ts';

// Processes are started here, on machines that may have much else to do (ms).
vi.setConfig({ testTimeout: 120_000 });

const PARENT = join(import.meta.dirname, 'parent-process.mjs');

let folder = '';
let vault: MadeVault;
let parent: ChildProcessWithoutNullStreams | null = null;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidescope-memory-'));
  vault = makeVault(folder);
});

afterEach(() => {
  parent?.kill('SIGKILL');
  parent = null;
  rmSync(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 });
});

interface Reply {
  readonly started?: number;
  readonly answer?: unknown;
}

test('neither its memory nor its heap', async ({ skip }) => {
  if (!existsSync('/proc/self/mem')) skip('there is no /proc to read the memory of a process from');
  const [from] = keyedCaptures();
  const settings = settingsWith({ vault: vault.path, identity: vault.identity });
  parent = spawn(process.execPath, [PARENT, JSON.stringify(settings), from.capture]);
  const lines = createInterface({ input: parent.stdout })[Symbol.asyncIterator]();
  const hear = async (): Promise<Reply> => JSON.parse((await lines.next()).value as string) as Reply;
  const ask = async (order: object): Promise<unknown> => {
    parent?.stdin.write(`${JSON.stringify(order)}\n`);
    return (await hear()).answer;
  };
  const keysAsk = async (verb: string, sealed?: string): Promise<{ ok: boolean; data: { publicKey: string } }> =>
    (await ask({ do: 'keys', request: { verb, by: 'a test', arguments: {}, sealed } })) as {
      ok: boolean;
      data: { publicKey: string };
    };
  const { started } = await hear();
  const { data } = await keysAsk('keys.identity');
  const octets = readFileSync(from.keyring).toString('base64');
  const sealed = sealRequest(data.publicKey, 'import', { files: [{ name: 'keyring.json', octets }] });
  expect(await keysAsk('keys.import', sealed)).toMatchObject({ ok: true });
  const pushed = (await ask({ do: 'push' })) as { messages: MessageEvent[]; plain: number };
  expect(pushed.plain).toBeGreaterThan(100);
  const needles = keyNeedles(parseKeyring(readFileSync(from.keyring), 'keyring.json'), pushed.messages);
  expect(needles.length).toBeGreaterThan(5);
  const child = (await ask({ do: 'child' })) as number;
  expect(needlesInProcess(child, needles).filter((name) => name.startsWith('PGK'))).not.toEqual([]);
  expect(needlesInProcess(started ?? 0, needles)).toEqual([]);
  const path = join(folder, 'heap.heapsnapshot');
  await ask({ do: 'snapshot', path });
  expect(needlesInFile(path, needles)).toEqual([]);
  parent.stdin.write(`${JSON.stringify({ do: 'stop' })}\n`);
  await once(parent, 'exit');
});
