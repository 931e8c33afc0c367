// A keyring that follows a vault: what is changed while an analysis runs judges the very next message, as if the analysis
// had begun with the changed keyring.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FrameBatch } from '../../../captures/frame-batch.ts';
import { frameSourceFromChunks } from '../../../captures/open.ts';
import { Analysis, type AnalysisListener } from '../../../daemon/analysis.ts';
import type { MessageEvent, SidescopeEvent } from '../../../daemon/events.ts';
import type { Keyring } from '../../../daemon/keyring/keyring.ts';
import { parseKeyring } from '../../../daemon/keyring/keyring-file.ts';
import { LiveKeyring } from '../../../daemon/keyring/live-keyring.ts';
import { DELIVERED } from '../../../daemon/keyring/vault/assumed-group.ts';
import { KEY_ORDERS } from '../../../daemon/keyring/vault/transitions.ts';
import { createVault, Vault, VaultError } from '../../../daemon/keyring/vault.ts';
import { parseScenario } from '../../../testing/scenario.ts';
import { synthesise } from '../../../testing/synthesise.ts';
import { at, baseScenario } from '../../testing/base-scenario.ts';
import { options, PATH, passphrase, world } from '../vault/fixture.ts';

const START = Date.parse(at(0));
/** Between the halves of a capture, and what the wall clock says meanwhile. */
const MIDDLE = START + 500_000;
const LATER = 1000;

type Json = Readonly<Record<string, unknown>>;

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}

/** The frames before and after an instant, as batches of one capture. */
async function halves(capture: Uint8Array): Promise<[FrameBatch[], FrameBatch[]]> {
  const source = frameSourceFromChunks(once(capture));
  const batch = await source.next();
  if (batch === null) throw new Error('the capture is empty');
  const { count, seconds } = batch;
  let cut = 0;
  while (cut < count && seconds[cut] * 1000 < MIDDLE) cut++;
  const from = <Column extends Uint8Array | Uint16Array | Uint32Array | Float64Array>(column: Column): Column =>
    column.slice(cut) as Column;
  const marks = batch.marks.filter(({ beforeRow }) => beforeRow < cut);
  const rest: FrameBatch = {
    ...{ bytes: batch.bytes, view: batch.view, count: count - cut, firstFrame: batch.firstFrame + cut },
    ...{ offset: from(batch.offset), captured: from(batch.captured), original: from(batch.original) },
    ...{ seconds: from(batch.seconds), nanoseconds: from(batch.nanoseconds), digits: from(batch.digits) },
    ...{ linkType: from(batch.linkType), interfaceId: from(batch.interfaceId), marks: [] },
  };
  return [[{ ...batch, count: cut, marks }], count > cut ? [rest] : []];
}

/** A vault with the keyring of a scenario, and its capture in two halves. */
async function scene(steps: readonly Json[], seed: string, more: Json = {}) {
  const { capture, keyring } = synthesise(baseScenario(steps, { seed, ...more }));
  const around = world(undefined, MIDDLE);
  createVault(PATH, [passphrase()], options(around));
  const vault = Vault.open(PATH, passphrase(), options(around));
  vault.importKeyring(parseKeyring(JSON.stringify(keyring), 'scene.json'), 'scene.json');
  const [first, second] = await halves(capture);
  return { around, vault, first, second, keyring };
}

function analysisOf(live: LiveKeyring, listener: AnalysisListener, more: Json = {}): Analysis {
  const analysis = new Analysis({ keyring: live.keyring, payload: true, live: true, ...more }, listener);
  live.follow(analysis);
  return analysis;
}

/** Messages of the second half, when `change` happens between the halves or before both. */
function secondHalf(
  scene: { readonly vault: Vault; readonly first: FrameBatch[]; readonly second: FrameBatch[] },
  change: (() => void) | null,
): MessageEvent[] {
  const messages: MessageEvent[] = [];
  const live = new LiveKeyring(scene.vault);
  const analysis = analysisOf(live, { message: (event) => messages.push(event) });
  for (const batch of scene.first) analysis.push(batch);
  messages.length = 0;
  if (change !== null) {
    change();
    live.refresh();
  }
  for (const batch of scene.second) analysis.push(batch);
  analysis.close();
  live.wipe();
  return messages;
}

const talk = (second: number, radio: string, pgk: number | null, more: Json = {}): Json => ({
  ...{ do: 'send', at: second, radio, count: 3 },
  ...(pgk === null ? {} : { key: { pgk } }),
  ...more,
});

const verdictOf = (messages: readonly MessageEvent[]): string[] => [...new Set(messages.map(({ verdict }) => verdict))];

test('a group that was only delivered to takes the algorithm of a keyring that describes it', async () => {
  const steps = [talk(1, 'Engine 71', 39), talk(LATER, 'Engine 71', 39)];
  const groups = ['Fire 7', 'Medics 2', 'Open', 'Foreign'].map((name, i) => {
    return {
      id: `f0000${i + 1}`,
      name,
      algorithm: '128-EEA1',
      multicast: [`239.255.0.${7 + i}`],
      keys: [{ id: 39 + i }],
    };
  });
  const { capture, keyring } = synthesise(baseScenario(steps, { seed: 'assumed', groups, radios: [] }));
  const around = world(undefined, MIDDLE);
  createVault(PATH, [passphrase()], options(around));
  const vault = Vault.open(PATH, passphrase(), options(around));
  const text = JSON.stringify(keyring);
  const [fire] = (keyring as { groups: Json[] }).groups;
  const assumed = { id: fire.id, algorithm: '128-EEA2', protection: 'optional', keys: fire.keys };
  vault.importKeyring(parseKeyring(JSON.stringify({ ...keyring, groups: [assumed] }), 'x'), DELIVERED);
  const [first, second] = await halves(capture);
  const mismatches: number[] = [];
  const live = new LiveKeyring(vault);
  const finding: AnalysisListener['finding'] = ({ name, frames }) => {
    if (name === 'key.algorithm_mismatch') mismatches.push(...frames);
  };
  const analysis = analysisOf(live, { finding });
  for (const batch of first) analysis.push(batch);
  expect(mismatches.length).toBeGreaterThan(0);
  mismatches.length = 0;
  vault.importKeyring(parseKeyring(text, 'scene.json'), 'scene.json');
  live.refresh();
  expect(live.keyring.epochs.map(({ id, algorithm }) => `${id} ${algorithm}`)).toContain('39 1');
  for (const batch of second) analysis.push(batch);
  analysis.close();
  expect(mismatches.filter((frame) => frame > 3)).toEqual([]);
});

test('a message says which PGK a vault left out, where one of its index is not active today', async () => {
  const it = await scene([talk(1, 'Engine 71', 39)], 'left-out');
  it.vault.order('suspend', ['f00001/39'], 'test');
  const { keyring } = it.vault.keyring(null);
  const summaries: string[] = [];
  const analysis = new Analysis(
    { keyring },
    { message: ({ verdict, summary }) => summaries.push(`${verdict}: ${summary}`) },
  );
  for (const batch of it.first) analysis.push(batch);
  analysis.finish(null);
  const told = 'no-key: PGK 39, which has index 7, is not used, because it is not active today';
  expect(summaries).toEqual([told, told, told]);
});

describe('an order judges the next message', () => {
  const steps = [talk(1, 'Engine 71', 39), talk(LATER, 'Engine 71', 39)];

  test.each([
    ['revoke', 'stale', 'PGK 39, revoked'],
    ['compromise', 'stale', 'PGK 39, compromised'],
    ['suspend', 'stale', 'PGK 39, suspended'],
    ['destroy', 'no-key', 'opens under no key held'],
  ] as const)('%s', async (order, verdict, words) => {
    const it = await scene(steps, order);
    const messages = secondHalf(it, () => it.vault.order(order, ['f00001/39'], 'test'));
    expect(verdictOf(messages)).toEqual([verdict]);
    for (const { summary, payload } of messages) {
      expect(summary).toContain(order === 'destroy' ? 'PGK' : words);
      expect(payload).toBeUndefined();
    }
  });

  test('resume lets it be used again', async () => {
    const it = await scene([talk(1, 'Engine 71', 6), talk(LATER, 'Engine 71', 6)], 'resume');
    expect(verdictOf(secondHalf(it, null))).toEqual(['stale']);
    const messages = secondHalf(it, () => it.vault.order('resume', ['f00001/6'], 'test'));
    expect(verdictOf(messages)).toEqual(['decrypted']);
    expect(messages[0].payload).toMatch(/^45/);
  });

  test('octets of a destroyed key are gone from the keyring and from what was derived', async () => {
    const it = await scene(steps, 'gone');
    const live = new LiveKeyring(it.vault);
    const analysis = analysisOf(live, {});
    for (const batch of it.first) analysis.push(batch);
    const epoch = live.keyring.groupById(0xf00001)?.keys.find(({ id }) => id === 39);
    const octets = epoch?.octets as Uint8Array;
    expect(octets.some((octet) => octet !== 0)).toBe(true);
    it.vault.order('destroy', ['f00001/39'], 'test');
    live.refresh();
    expect(octets.every((octet) => octet === 0)).toBe(true);
    expect(epoch).toMatchObject({ octets: null, prepared: null, forbidden: 'destroyed' });
  });
});

describe('what comes', () => {
  test('an imported key opens the next message', async () => {
    const it = await scene([talk(1, 'Engine 71', 12), talk(LATER, 'Engine 71', 12)], 'imported');
    const held = { ...keyOf(12, 'imported') };
    expect(verdictOf(secondHalf(it, null))).toEqual(['no-key']);
    const messages = secondHalf(it, () => it.vault.importKeyring(fireKeyring([held]), 'more.json'));
    expect(verdictOf(messages)).toEqual(['decrypted']);
  });

  test('the corrected profile of a PMK reads the next message', async () => {
    const delivery = (second: number): Json => ({
      ...{ do: 'delivery', at: second, pmk: 'aa', group: 'Fire 7', pgk: 12, counter: second },
    });
    const it = await scene(
      [talk(1, 'Engine 71', 39), delivery(2), delivery(LATER - 1), talk(LATER, 'Engine 71', 12)],
      'profile',
      { pmks: [{ id: 'aa', member: '0a0b0c' }], capture: { interfaces: [{ name: 'lan', framing: 'udp-ethernet' }] } },
    );
    const { pmks } = it.keyring as unknown as { pmks: readonly Json[] };
    const importWith = (profile: Json): void => {
      const file = { format: 'sidescope-keyring/1', groups: [], pmks: pmks.map((pmk) => ({ ...pmk, profile })) };
      it.vault.importKeyring(parseKeyring(JSON.stringify(file), 'pmks.json'), 'pmks.json');
    };
    // IDr stands for something else, and the extension has another type.
    for (const wrong of [{ idr: 'ue' }, { extensionType: 250 }]) {
      importWith(wrong);
      expect(verdictOf(secondHalf(it, null))).toEqual(['no-key']);
      importWith(wrong);
      expect(verdictOf(secondHalf(it, () => importWith({})))).toEqual(['decrypted']);
    }
  });

  test('a group, its roster and its name', async () => {
    const it = await scene([talk(1, 'Alien', 15), talk(LATER, 'Alien', 15)], 'group');
    const members = [{ id: '0d5566', name: 'Alien' }];
    const made = groupOf('group', { id: 'f00304', name: 'Foreign', keys: [{ id: 15 }], members });
    const events: SidescopeEvent[] = [];
    const keep = (event: SidescopeEvent): void => {
      events.push(event);
    };
    const live = new LiveKeyring(it.vault);
    const analysis = analysisOf(live, { message: keep, finding: keep });
    for (const batch of it.first) analysis.push(batch);
    expect(events).toContainEqual(expect.objectContaining({ type: 'finding', name: 'group.unknown' }));
    events.length = 0;
    it.vault.importKeyring(parseKeyring(JSON.stringify(made), 'group.json'), 'group.json');
    live.refresh();
    for (const batch of it.second) analysis.push(batch);
    const [message] = events.filter((event): event is MessageEvent => event.type === 'message');
    expect(message).toMatchObject({ verdict: 'decrypted', group: 'f00304', groupName: 'Foreign', sourceName: 'Alien' });
  });

  test('a roster that lets a member go raises member.removed in the next message', async () => {
    const it = await scene([talk(1, 'Engine 71', 39), talk(LATER, 'Engine 71', 39)], 'roster');
    const names: string[] = [];
    const live = new LiveKeyring(it.vault);
    const analysis = analysisOf(live, { finding: ({ name }) => names.push(name) });
    for (const batch of it.first) analysis.push(batch);
    expect(names).not.toContain('member.removed');
    const members = [{ id: '0a0b0c', name: 'Engine 71', until: new Date(MIDDLE).toISOString() }];
    it.vault.importKeyring(fireKeyring([], { members }), 'roster.json');
    live.refresh();
    for (const batch of it.second) analysis.push(batch);
    expect(names).toContain('member.removed');
  });
});

describe('the wall clock', () => {
  test('forbids plaintext under a key whose window is over today, whatever capture time says', async () => {
    const it = await scene([talk(1, 'Engine 71', 39), talk(LATER, 'Engine 71', 39)], 'clock');
    const messages = secondHalf(it, () => {
      it.around.time.now = START + 6 * 86_400_000 + 60_000;
    });
    expect(verdictOf(messages)).toEqual(['decrypted']);
    for (const { payload, summary, protocols } of messages) {
      expect(payload).toBeUndefined();
      expect(summary).toMatch(/octets under PGK 39, which is expired today$/);
      expect(protocols.at(-1)).toBe('pdcp-slrb');
    }
  });

  test('lets a staged key be used when its time comes, without anybody changing the vault', async () => {
    const it = await scene([talk(1, 'Engine 71', 39)], 'staged');
    const live = new LiveKeyring(it.vault);
    const key = live.keyring.groupById(0xf00001)?.keys.find(({ id }) => id === 2);
    expect(key?.forbidden).toBe('staged');
    it.around.time.now = START + 3_600_000;
    expect(live.refresh()).toBe(false);
    expect(key?.forbidden).toBeNull();
  });

  test('lets nothing out while it is not to be trusted', async () => {
    const it = await scene([talk(1, 'Engine 71', 39)], 'back');
    const live = new LiveKeyring(it.vault);
    it.around.time.now = START - 3_600_000;
    expect(() => live.refresh()).toThrow(VaultError);
    expect(live.keyring.epochs.filter(({ forbidden }) => forbidden === null)).toEqual([]);
    it.around.time.now = MIDDLE;
    live.refresh();
    expect(live.keyring.epochs.some(({ forbidden }) => forbidden === null)).toBe(true);
  });

  test('a delivery in the traffic does not make a window of the vault longer', async () => {
    const it = await scene([talk(1, 'Engine 71', 39)], 'longer');
    const live = new LiveKeyring(it.vault);
    const key = live.keyring.groupById(0xf00001)?.keys.find(({ id }) => id === 39);
    if (key === undefined || key.octets === null) throw new Error('PGK 39 is not held');
    const { notBefore, octets } = key;
    const far = START + 100 * 86_400_000;
    live.keyring.addEpoch({ group: 0xf00001, id: 39, octets, notBefore, notAfter: far, at: MIDDLE });
    expect(key.notAfter).toBe(far);
    it.around.time.now = START + 7 * 86_400_000;
    live.refresh();
    expect(key.forbidden).toBe('expired');
  });
});

test('keys and groups keep their places', async () => {
  const it = await scene([talk(1, 'Engine 71', 39)], 'places');
  const live = new LiveKeyring(it.vault);
  const before = live.keyring.epochs.map(({ id, group }) => `${group.idText}/${id}`);
  it.vault.importKeyring(fireKeyring([keyOf(7, 'places'), keyOf(8, 'places')]), 'more.json');
  live.refresh();
  const after = live.keyring.epochs.map(({ id, group }) => `${group.idText}/${id}`);
  expect(after.slice(0, before.length)).toEqual(before);
  expect(after).toHaveLength(before.length + 2);
});

test('changes that are applied live give the verdicts of an analysis that began with the changed keyring', async () => {
  const keys = [39, 40, 1, 2, 3, 4, 5, 6, 10];
  // PGK 12 comes with a change: before it nothing of its contexts ever opened, so it is not spoken under.
  const sendUnder = (pgks: readonly number[]) =>
    fc.record({
      radio: fc.constantFrom('Engine 71', 'Ladder 72', 'Chief 7', 'Stranger'),
      content: fc.constantFrom('udp', 'rtp', 'arp', 'short-ip', 'fragment', 'non-ip'),
      cipher: fc.constantFrom('on', 'on', 'on', 'claimed'),
      key: fc.record({ pgk: fc.constantFrom(...pgks) }),
      count: fc.integer({ min: 1, max: 4 }),
    });
  const inject = fc.record({ radio: fc.constantFrom('Engine 71', 'Chief 7'), count: fc.integer({ min: 1, max: 3 }) });
  const stepsOf = (pgks: readonly number[]) =>
    fc.array(fc.oneof(sendUnder(pgks), inject), { minLength: 1, maxLength: 6 });
  const order = fc.record({ order: fc.constantFrom(...KEY_ORDERS), pgk: fc.constantFrom(...keys) });
  const change = fc.oneof({ weight: 4, arbitrary: order }, { weight: 1, arbitrary: fc.constant('import' as const) });
  await fc.assert(
    fc.asyncProperty(
      fc.integer(),
      stepsOf(keys),
      stepsOf([...keys, 12]),
      fc.array(change, { minLength: 1, maxLength: 5 }),
      async (seed, before, after, changes) => {
        const steps = [
          ...before.map((step, i) => ({ do: 'key' in step ? 'send' : 'inject', at: i + 1, ...step })),
          ...after.map((step, i) => ({ do: 'key' in step ? 'send' : 'inject', at: LATER + i, ...step })),
        ];
        const it = await scene(steps, `live ${seed}`);
        const apply = (): void => {
          for (const each of changes) {
            if (each === 'import') {
              it.vault.importKeyring(fireKeyring([keyOf(12, `live ${seed}`)]), 'more.json');
              continue;
            }
            try {
              it.vault.order(each.order, [`f00001/${each.pgk}`], 'test');
            } catch (error) {
              if (!(error instanceof VaultError)) throw error;
            }
          }
        };
        const live = secondHalf(it, apply);
        expect(live).toEqual(secondHalf(it, null));
        it.vault.close();
      },
    ),
    { numRuns: 30 },
  );
}, 60_000);

/** The keyring of a scenario with this seed that has one group and nothing else. */
function groupOf(seed: string, group: Json): { readonly groups: readonly { readonly keys: readonly Json[] }[] } {
  const scenario = {
    format: 'sidescope-scenario/1',
    name: 'one',
    seed,
    start: at(0),
    groups: [group],
    radios: [],
    steps: [],
  };
  const { keyring } = synthesise(parseScenario(JSON.stringify(scenario), 'one.json'));
  return keyring as unknown as ReturnType<typeof groupOf>;
}

/** The key that a scenario with this seed gives a PGK of Fire 7, as an entry of a keyring file. */
function keyOf(pgk: number, seed: string): Json {
  const addresses = ['239.255.0.7', 'ff15::7'];
  return groupOf(seed, { id: 'f00001', name: 'Fire 7', multicast: addresses, keys: [{ id: pgk }] }).groups[0].keys[0];
}

function fireKeyring(keys: readonly Json[], more: Json = {}): Keyring {
  const addresses = ['239.255.0.7', 'ff15::7'];
  const groups = [{ id: 'f00001', name: 'Fire 7', algorithm: '128-EEA2', multicast: addresses, keys, ...more }];
  return parseKeyring(JSON.stringify({ format: 'sidescope-keyring/1', groups }), 'fire.json');
}
