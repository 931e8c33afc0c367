// The real program after its state was set back: it lets nobody in, says why, and goes on when the operator accepts it.

import { execFile } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { DaemonFolder, MAIN, type RunningDaemon } from './daemon-folder.ts';

const run = promisify(execFile);
const KEYRING = fileURLToPath(new URL('../../../captures/samples/attacked/keyring.json', import.meta.url));

let folder: DaemonFolder | null = null;
const daemons: RunningDaemon[] = [];
afterEach(async () => {
  await Promise.all(daemons.splice(0).map((daemon) => daemon.end()));
  folder?.remove();
  folder = null;
});

async function started(of: DaemonFolder): Promise<RunningDaemon> {
  const daemon = await of.start();
  daemons.push(daemon);
  return daemon;
}

interface Failure {
  readonly code: number;
  readonly stderr: string;
}

const sidescope = (...args: string[]): Promise<{ stdout: string; stderr: string }> =>
  run(process.execPath, [MAIN, ...args]);
const failing = (...args: string[]): Promise<Failure> =>
  sidescope(...args).then(
    () => expect.unreachable('it should have failed'),
    (error: unknown) => error as Failure,
  );

describe('a state that was set back', { timeout: 120_000 }, () => {
  test.each([true, false])('with a vault: %s', async (vault) => {
    folder = await DaemonFolder.make({ sources: [], keyring: KEYRING, vault });
    const { config } = folder;
    const state = join(folder.path, 'state', 'revocations');
    const lost = folder.subscriber([{ gid: '*', views: ['meta'] }]);
    const good = folder.subscriber([{ gid: '*', views: ['meta'] }]);
    const files = ['--identity', join(folder.path, 'subscriber-2.key'), '--capability', join(folder.path, 'good.cap')];
    writeFileSync(join(folder.path, 'good.cap'), good.capability);
    const first = await started(folder);
    await sidescope('grant', 'revoke', 'cd'.repeat(16), '--config', config, '--reason', 'first');
    const old = readFileSync(state);
    await sidescope('grant', 'revoke', lost.jti, '--config', config, '--reason', 'radio lost');
    await sidescope('grant', 'revoke', 'ab'.repeat(16), '--config', config, '--reason', 'another');
    expect((await folder.status()).relay.state).toMatchObject({ epoch: 3, isSetBack: false });
    const client = folder.client(good);
    expect((await client.ready()).state.epoch).toBe(3);
    client.close();
    await first.end();

    writeFileSync(state, old, { mode: 0o600 });
    const second = await started(folder);
    const status = await folder.status();
    expect(status.relay.state).toMatchObject({ epoch: 1, isSetBack: true });
    expect(status.alarms).toMatchObject([
      ...(vault ? [] : [{ name: 'engine.plain-keyring' }]),
      { name: 'relay.state-set-back', severity: 'critical' },
    ]);
    // Neither the one whose revocation was undone, nor anybody else.
    for (const subscriber of [lost, good]) {
      await expect(folder.client(subscriber).ready()).rejects.toMatchObject({ code: 'relay.rolled-back' });
    }
    const tapped = await failing('tap', folder.relay, ...files, '--no-reconnect');
    expect(tapped.code).toBe(4);
    expect(tapped.stderr).toContain("the daemon lets nobody in: the daemon's state was set back [relay.rolled-back]");
    const revoked = await failing('grant', 'revoke', lost.jti, '--config', config);
    expect(revoked.stderr).toContain('grant.set-back');
    const { stdout } = await sidescope(
      'grant',
      'accept-rollback',
      '--config',
      config,
      '--reason',
      'restored from tape',
      '--revoke',
      lost.jti,
    );
    expect(stdout).toBe('accepted; the state of grants is at change 4\n');
    await expect(folder.client(lost).ready()).rejects.toMatchObject({ code: 'relay.grant-ended' });
    const again = folder.client(good);
    expect((await again.ready()).state.epoch).toBe(4);
    again.close();
    expect((await folder.status()).alarms.map(({ name }) => name)).toEqual(vault ? [] : ['engine.plain-keyring']);
    await second.end();

    // Taken away altogether, and noticed without a daemon too.
    rmSync(state);
    const offline = await failing('grant', 'revoke', lost.jti, '--config', config);
    expect(offline.stderr).toContain('relay.state');
    const third = await started(folder);
    expect((await folder.status()).relay.state).toMatchObject({ epoch: 0, isSetBack: true });
    await third.end();
  });

  test('everything put back together: a subscriber that has seen more says so, and --above makes it believe again', async () => {
    folder = await DaemonFolder.make({ sources: [], keyring: KEYRING });
    const { config, relay } = folder;
    const good = folder.subscriber([{ gid: '*', views: ['meta'] }]);
    writeFileSync(join(folder.path, 'good.cap'), good.capability);
    const who = ['--identity', join(folder.path, 'subscriber-1.key'), '--capability', join(folder.path, 'good.cap')];
    const tap = ['tap', relay, ...who, '--since', '0', '-c', '1', '--no-reconnect', '-T', 'ndjson'];
    const places = [join(folder.path, 'state', 'revocations'), join(folder.path, 'journal', 'relay.epoch')];
    let daemon = await started(folder);
    await sidescope('grant', 'revoke', 'ab'.repeat(16), '--config', config);
    const old = places.map((place) => readFileSync(place));
    await sidescope('grant', 'revoke', 'cd'.repeat(16), '--config', config);
    const first = run(process.execPath, [MAIN, ...tap], { timeout: 4000 }).catch((error: unknown) => error as Failure);
    await first;
    await daemon.end();
    for (const [index, place] of places.entries()) writeFileSync(place, old[index], { mode: 0o600 });
    daemon = await started(folder);
    expect((await folder.status()).relay.state).toMatchObject({ epoch: 1, isSetBack: false });
    const refused = await failing(...tap);
    expect(refused.code).toBe(4);
    expect(refused.stderr).toContain(
      "the daemon's state of grants was set back: it was at change 2, and now it says 1 [relay.rolled-back]",
    );
    expect(refused.stderr).toContain('--above 2');
    await sidescope('grant', 'accept-rollback', '--config', config, '--reason', 'restored', '--above', '2');
    expect((await folder.status()).relay.state).toMatchObject({ epoch: 3, isSetBack: false });
    const client = folder.client(good);
    expect((await client.ready()).state.epoch).toBe(3);
    client.close();
    await daemon.end();
  });
});
