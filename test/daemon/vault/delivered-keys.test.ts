// PGKs that a capture delivers under a PMK of a vault: they go by the wall clock as the vault's own do.

import { describe, expect, test } from 'vitest';
import { MikeyReceiver } from '../../../daemon/keying/mikey-receiver.ts';
import type { Keyring } from '../../../daemon/keyring/keyring.ts';
import { keyringOf as fromCopy, plainKeyring } from '../../../daemon/keyring/keyring-copy.ts';
import { NOW as DELIVERED, GROUP, HOUR, keyringWith, message, pgkOctets, receive } from '../keying/mikey-fixture.ts';
import { auditLines, recordTypes, type World, withVault, world, worldWithVault } from './fixture.ts';

const STALE = { reason: 'an exercise of March', subject: 'x.pcap' };

/** A vault without PGKs whose PMK opens the message of the fixture, on a day. */
function vaultAt(now: number): World {
  const around = worldWithVault([]);
  withVault(around, (vault) => vault.importKeyring(keyringWith(), 'pmks.json'));
  return world(around.fs, now);
}

function opened(around: World, stale: typeof STALE | null): Keyring {
  return withVault(around, (vault) => vault.keyring(stale).keyring);
}

function heldOf(keyring: Keyring): boolean[] {
  return (keyring.groupById(GROUP)?.keys ?? []).map(({ isHeld }) => isHeld);
}

const DAY_AFTER = DELIVERED + 100 * 24 * HOUR;

describe('a PGK that was delivered and is over today', () => {
  test('opens nothing, and is named', () => {
    const keyring = opened(vaultAt(DAY_AFTER), null);
    const { accepted, reason } = receive(new MikeyReceiver(keyring), message());
    expect({ accepted, reason }).toEqual({ accepted: true, reason: null });
    expect(heldOf(keyring)).toEqual([false]);
    expect(keyring.withheld).toEqual([{ group: GROUP, id: 44, state: 'expired' }]);
  });

  test('so in a copy for another thread', () => {
    const keyring = fromCopy(plainKeyring(opened(vaultAt(DAY_AFTER), null)));
    receive(new MikeyReceiver(keyring), message());
    expect(heldOf(keyring)).toEqual([false]);
  });

  test('is compared with what is delivered again', () => {
    const keyring = opened(vaultAt(DAY_AFTER), null);
    const receiver = new MikeyReceiver(keyring);
    receive(receiver, message());
    expect(receive(receiver, message({ timestamp: { counter: 6 } }))).toMatchObject({ accepted: true, reason: null });
    const other = message({ timestamp: { counter: 7 } }, { octets: pgkOctets(9) });
    expect(receive(receiver, other)).toMatchObject({ accepted: false, reason: 'mikey.material_conflict' });
    expect(heldOf(keyring)).toEqual([false]);
  });

  test('opens with a reason, which is on record although no key of the vault is stale', () => {
    const around = vaultAt(DAY_AFTER);
    const keyring = opened(around, STALE);
    receive(new MikeyReceiver(keyring), message());
    expect(heldOf(keyring)).toEqual([true]);
    expect(recordTypes(around)).toContain('forensic.allowed');
    expect(auditLines(around).join('\n')).toContain(STALE.reason);
  });
});

test('a PGK that was delivered and is active today opens', () => {
  const keyring = opened(vaultAt(DELIVERED + 60 * 24 * HOUR), null);
  const times = { notBefore: DELIVERED, notAfter: DELIVERED + 61 * 24 * HOUR };
  receive(new MikeyReceiver(keyring), message({}, times));
  expect(heldOf(keyring)).toEqual([true]);
  expect(keyring.withheld).toEqual([]);
});
