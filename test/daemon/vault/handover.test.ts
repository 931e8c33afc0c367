// Handing on what a vault holds: who can open it, exports, keyrings; and that no key leaves in another way.

import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { DEFAULT_MIKEY_PROFILE, Keyring, NodeKey, Pmk } from '../../../daemon/keyring/keyring.ts';
import { refuseDumpingProcess } from '../../../daemon/keyring/vault/process-guard.ts';
import { openExport } from '../../../daemon/keyring/vault/seal-export.ts';
import { verifyVault } from '../../../daemon/keyring/vault/verify-vault.ts';
import { createVault, openVaultKeyring, Vault } from '../../../daemon/keyring/vault.ts';
import {
  auditLines,
  codeOf,
  DAY,
  keyEntry,
  keyHex,
  keyringOf,
  NOW,
  options,
  PATH,
  passphrase,
  recordTypes,
  repeatable,
  statesOf,
  type World,
  withVault,
  world,
  worldWithVault,
} from './fixture.ts';
import { x25519 } from './x25519.ts';

describe('slots', () => {
  const identity = repeatable('identity')(32);
  const recipient = { kind: 'recipient', publicKey: x25519.publicOf(identity) } as const;
  const second = Buffer.from('a second passphrase');
  const fresh = Buffer.from('a fresh passphrase');

  test('a new passphrase means a new data key: the old one opens old copies only', () => {
    const around = worldWithVault();
    const older = around.fs.clone();
    withVault(around, (vault) => vault.changeSlots({ add: [passphrase(fresh)], remove: [1], carry: [] }));
    expect(codeOf(() => withVault(around, statesOf))).toBe('vault.not-opened');
    const vault = Vault.open(PATH, passphrase(fresh), options(around));
    expect(statesOf(vault)[39]).toBe('active');
    expect(vault.slots).toEqual([{ id: 2, kind: 'passphrase', name: '' }]);
    vault.close();
    expect(withVault(world(older), statesOf)[39]).toBe('active');
  });

  test('the key of the state file is a new one too; the former opens none once the vault was saved again', () => {
    const around = worldWithVault();
    const former = around.fs.octets(`${PATH}.state`);
    withVault(around, (vault) => vault.changeSlots({ add: [passphrase(fresh)], remove: [1], carry: [] }));
    const act = (step: (vault: Vault) => unknown): void => {
      const vault = Vault.open(PATH, passphrase(fresh), options(around));
      step(vault);
      vault.close();
    };
    act((vault) => vault.order('revoke', ['f00001/39'], 'x'));
    around.fs.put(`${PATH}.state`, former);
    expect(codeOf(() => act(statesOf))).toBe('vault.state-changed');
  });

  test('recipients are carried over by their public key, passphrases by themselves', () => {
    const around = worldWithVault();
    withVault(around, (vault) => vault.changeSlots({ add: [recipient, passphrase(second)], remove: [], carry: [] }));
    const change = { add: [passphrase(fresh)], remove: [1] };
    expect(codeOf(() => withVault(around, (vault) => vault.changeSlots({ ...change, carry: [] })))).toBe('vault.slots');
    withVault(around, (vault) => vault.changeSlots({ ...change, carry: [passphrase(second)] }));
    for (const unlock of [
      { kind: 'identity', privateKey: x25519.privateKey(identity) } as const,
      passphrase(second),
      passphrase(fresh),
    ]) {
      const vault = Vault.open(PATH, unlock, options(around));
      expect(statesOf(vault)[39]).toBe('active');
      vault.close();
    }
    expect(codeOf(() => withVault(around, statesOf))).toBe('vault.not-opened');
  });

  test('a credential opens only under its own name', () => {
    const around = world();
    createVault(PATH, [{ kind: 'credential', name: 'vault-pass', octets: second }], options(around));
    const open = (name: string): void =>
      Vault.open(PATH, { kind: 'credential', name, octets: second }, options(around)).close();
    expect(codeOf(() => open('other'))).toBe('vault.not-opened');
    expect(codeOf(() => withVault(around, statesOf))).toBe('vault.not-opened');
    open('vault-pass');
  });

  test('the last slot stays, short passphrases and a seventeenth slot are refused', () => {
    const around = worldWithVault();
    withVault(around, (vault) => {
      expect(codeOf(() => vault.changeSlots({ add: [], remove: [1], carry: [] }))).toBe('vault.slots');
      expect(codeOf(() => vault.changeSlots({ add: [], remove: [9], carry: [] }))).toBe('vault.slots');
      const short = passphrase(Buffer.from('short'));
      expect(codeOf(() => vault.changeSlots({ add: [short], remove: [], carry: [] }))).toBe('vault.passphrase');
      const add = Array.from({ length: 16 }, () => recipient);
      expect(codeOf(() => vault.changeSlots({ add, remove: [], carry: [] }))).toBe('vault.slots');
    });
  });

  test('a power cut between the new vault and its state file is no loss', () => {
    const around = worldWithVault();
    const probe = world(around.fs.clone());
    withVault(probe, (vault) => vault.changeSlots({ add: [passphrase(fresh)], remove: [1], carry: [] }));
    for (let call = 1; call <= probe.fs.calls; call++) {
      const cut = world(around.fs.clone());
      cut.fs.trouble = { call, kind: 'cut' };
      const change = { add: [passphrase(fresh)], remove: [1], carry: [] };
      // Only giving back the lock may be cut without anybody noticing.
      const code = codeOf(() => withVault(cut, (vault) => vault.changeSlots(change)));
      if (call < probe.fs.calls) expect(code).not.toBeNull();
      const after = world(cut.fs.restart('nothing'));
      const opens = [passphrase(), passphrase(fresh)].map((unlock) => codeOf(() => openAndClose(after, unlock)));
      expect(opens.filter((code) => code === null)).toHaveLength(1);
    }
    expect(probe.fs.calls).toBeGreaterThan(40);
  });
});

function openAndClose(around: World, unlock: ReturnType<typeof passphrase>): void {
  Vault.open(PATH, unlock, options(around)).close();
}

describe('export', () => {
  const identity = repeatable('recipient')(32);

  test('seals chosen keys to a recipient, with states, and is on record first', () => {
    const around = worldWithVault();
    const { octets, keys } = withVault(around, (vault) => {
      vault.order('revoke', ['f00001/39'], 'x');
      return vault.exportKeys(['f00001/39', 'f00001/40'], x25519.publicOf(identity), 'handover');
    });
    expect(keys).toBe(2);
    expect(auditLines(around).find((line) => line.includes('keys.exported'))).toContain('handover');
    const keyring = openExport(octets, x25519.privateKey(identity), 'export');
    expect(keyring.epochs.map(({ id }) => id)).toEqual([39, 40]);
    expect(Buffer.from(keyring.epochs[0].octets ?? []).toString('hex')).toBe(keyHex(39));
    expect(keyring.epochs[0].revokedAt).toBe(NOW);
    const other = world();
    createVault(PATH, [passphrase()], options(other));
    withVault(other, (vault) => vault.importKeyring(keyring, 'export'));
    expect(withVault(other, statesOf)).toEqual({ 39: 'revoked', 40: 'staged' });
  });

  test('opens for nobody else, and not when changed', () => {
    const around = worldWithVault();
    const { octets } = withVault(around, (vault) =>
      vault.exportKeys(['f00001'], x25519.publicOf(identity), 'handover'),
    );
    const stranger = x25519.privateKey(repeatable('stranger')(32));
    expect(codeOf(() => openExport(octets, stranger, 'export'))).toBe('vault.export-not-opened');
    for (let at = 0; at < octets.length; at += at < 120 ? 1 : 97) {
      const changed = octets.slice();
      changed[at] ^= 1;
      expect(codeOf(() => openExport(changed, x25519.privateKey(identity), 'x'))).toBe('vault.export-not-opened');
    }
    for (let length = 0; length < octets.length; length += 31) {
      expect(codeOf(() => openExport(octets.slice(0, length), x25519.privateKey(identity), 'x'))).not.toBeNull();
    }
  });

  test('low-order recipients and destroyed keys are refused', () => {
    const around = worldWithVault();
    withVault(around, (vault) => {
      expect(codeOf(() => vault.exportKeys(['f00001/39'], new Uint8Array(32), 'x'))).toBe('vault.recipient');
      vault.order('destroy', ['f00001/38'], 'x');
      expect(codeOf(() => vault.exportKeys(['f00001/38'], x25519.publicOf(identity), 'x'))).toBe('vault.transition');
    });
  });
});

describe('a keyring from a vault', () => {
  const how = (around: World, staleReason?: string): Parameters<typeof openVaultKeyring>[2] => ({
    ...options(around),
    subject: 'capture.pcap',
    staleReason,
  });

  test('withholds keys that are not active today, and keeps their place', async () => {
    const around = worldWithVault();
    const { keyring, withheld } = await openVaultKeyring(PATH, passphrase, how(around));
    expect(withheld.map(({ id, state }) => [id, state])).toEqual([
      [38, 'expired'],
      [40, 'staged'],
    ]);
    expect(keyring.epochs.map(({ id, octets }) => [id, octets === null])).toEqual([
      [38, true],
      [39, false],
      [40, true],
    ]);
    expect(recordTypes(around)).not.toContain('forensic.allowed');
  });

  test('gives them with a reason, which is on record with keys and subject', async () => {
    const around = worldWithVault();
    const { keyring, withheld } = await openVaultKeyring(PATH, passphrase, how(around, 'inquiry 12'));
    expect(withheld).toEqual([]);
    expect(keyring.epochs.every(({ octets }) => octets !== null)).toBe(true);
    const line = auditLines(around).find((each) => each.includes('forensic.allowed')) ?? '';
    expect(line).toContain('inquiry 12');
    expect(line).toContain('capture.pcap');
    expect(line).toContain('"pgkId":38');
    expect(line).not.toContain('"pgkId":39');
  });

  test('is refused where nothing is active today', async () => {
    const around = worldWithVault();
    around.time.now = NOW + 100 * DAY;
    await expect(openVaultKeyring(PATH, passphrase, how(around))).rejects.toMatchObject({
      code: 'vault.nothing-active',
    });
    expect(around.fs.exists(`${PATH}.lock`)).toBe(false);
  });

  test.each(['pmks', 'lkh'] as const)('is not where the capture can deliver a key: %s', async (kind) => {
    const around = worldWithVault();
    const pmks = [new Pmk(Uint8Array.of(1, 2), new Uint8Array(32).fill(5), null, DEFAULT_MIKEY_PROFILE)];
    const lkh = [new NodeKey(0xf00001, '1', 4, new Uint8Array(32).fill(6))];
    const extra = new Keyring({ groups: [], managers: [], pmks: [], lkh: [], [kind]: kind === 'pmks' ? pmks : lkh });
    withVault(around, (vault) => vault.importKeyring(extra, 'x'));
    around.time.now = NOW + 100 * DAY;
    const { keyring, withheld } = await openVaultKeyring(PATH, passphrase, how(around));
    expect(withheld.map(({ state }) => state)).toEqual(['expired', 'expired', 'expired']);
    expect(keyring.epochs.every(({ octets }) => octets === null)).toBe(true);
    expect(keyring[kind]).toHaveLength(1);
  });
});

describe('no key octet leaves', () => {
  test('by a file beside the vault, a list, an error or an inspection', () => {
    const around = worldWithVault();
    const shown: string[] = [];
    withVault(around, (vault) => {
      vault.order('revoke', ['f00001/39'], 'x');
      shown.push(JSON.stringify(vault.list()), inspect(vault, { depth: 9, showHidden: true }), JSON.stringify(vault));
      shown.push(inspect(vault.keyring(null), { depth: 9, showHidden: true }));
      try {
        vault.importKeyring(keyringOf([keyEntry(41, -2, 7, {}, 40)]), 'x');
      } catch (error) {
        shown.push(inspect(error, { depth: 9, showHidden: true }));
      }
    });
    const report = verifyVault(PATH, passphrase(), options(around));
    shown.push(inspect(report, { depth: 9 }));
    const files = [...around.fs.names].map(([, { octets }]) => Buffer.from(octets));
    for (const number of [38, 39, 40]) {
      const raw = Buffer.from(keyHex(number), 'hex');
      for (const form of [raw.toString('hex'), raw.toString('base64'), [...raw.subarray(0, 8)].join(', ')]) {
        expect(shown.join('\n').toLowerCase()).not.toContain(form.toLowerCase());
      }
      for (const file of files) {
        expect(file.includes(raw)).toBe(false);
        expect(file.includes(raw.toString('hex'))).toBe(false);
      }
    }
  });

  test.each([
    [['--inspect'], ''],
    [['--inspect-brk=0'], ''],
    [['--inspect_wait'], ''],
    [['--debug'], ''],
    [[], '--heapsnapshot-signal=SIGUSR2'],
    [[], '--heapsnapshot_near_heap_limit=1'],
    [[], '--max-old-space-size=100 --report-on-signal'],
    [[], '--report-uncaught-exception'],
    [[], '"--ins\\pect"'],
    [['--heap-prof'], ''],
    [['--abort-on-uncaught-exception'], ''],
    [['--experimental-config-file=node.config.json'], ''],
    [['--experimental-default-config-file'], ''],
    [['--config_file', 'node.config.json'], ''],
  ] as const)('a process that could be asked for its memory is refused: %s %s', (execArgv, nodeOptions) => {
    expect(codeOf(() => refuseDumpingProcess(execArgv, nodeOptions))).toBe('vault.process-may-dump');
  });

  test('so is one whose debugger listens by now, or that writes reports', () => {
    const started = (state: { debugger?: string; reports?: boolean }) =>
      codeOf(() => refuseDumpingProcess([], '', { debugger: undefined, reports: false, ...state }));
    expect(started({ debugger: 'ws://127.0.0.1:9229/0' })).toBe('vault.process-may-dump');
    expect(started({ reports: true })).toBe('vault.process-may-dump');
    expect(started({})).toBeNull();
  });

  test('other options are none of its business', () => {
    const others = '--max-old-space-size=100 --title=--inspect-me';
    expect(codeOf(() => refuseDumpingProcess(['--enable-source-maps'], others))).toBeNull();
  });
});
