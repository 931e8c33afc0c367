// The audit log: chain, MAC, checkpoints, torn lines, and what verify says of every change to it.

import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson, type JsonValue, parseCanonicalJson } from '../../../daemon/audit/canonical-json.ts';
import { readCheckpoint, signCheckpoint, verifierKey } from '../../../daemon/audit/checkpoint.ts';
import { AuditLog } from '../../../daemon/audit/log.ts';
import { ed25519PrivateKey, ed25519PublicOctets } from '../../../daemon/keyring/vault/sealing.ts';
import { verifyVault } from '../../../daemon/keyring/vault/verify-vault.ts';
import {
  codeOf,
  options,
  PATH,
  passphrase,
  repeatable,
  statesOf,
  type World,
  withVault,
  world,
  worldWithVault,
} from '../vault/fixture.ts';

const LOG = `${PATH}.audit`;

function lines(around: World): string[] {
  return Buffer.from(around.fs.octets(LOG)).toString().trimEnd().split('\n');
}

function putLines(around: World, all: readonly string[]): void {
  around.fs.put(LOG, Buffer.from(`${all.join('\n')}\n`));
}

/** The bad checks of `verify`: subject, code, record. */
function verify(around: World, against?: string): (readonly [string, string | null, number | null])[] {
  const { checks } = verifyVault(PATH, passphrase(), { ...options(around), against });
  return checks.filter(({ isGood }) => !isGood).map(({ subject, code, record }) => [subject, code, record] as const);
}

interface Line {
  seq: number;
  prev: string;
  h: string;
  m: string;
  data: Record<string, unknown>;
  [name: string]: unknown;
}

describe('records', () => {
  test('are chained and bear a MAC under a key that evolves, as the reference says', () => {
    const around = world();
    const first = repeatable('first key')(32);
    const log = AuditLog.create(
      '/log',
      new Uint8Array(16),
      first,
      { type: 'a.b', data: { x: 1 } },
      surroundings(around),
    );
    log.append([
      { type: 'c.d', data: { text: 'Löschzug "7"\n' } },
      { type: 'e.f', data: {} },
    ]);
    log.close();
    let key: Uint8Array = first;
    let previous = Buffer.alloc(32);
    const all = Buffer.from(around.fs.octets('/log')).toString().trimEnd().split('\n');
    for (const [index, line] of all.entries()) {
      const { h, m, ...core } = JSON.parse(line) as Line;
      expect(core.seq).toBe(index + 1);
      expect(core.prev).toBe(previous.toString('hex'));
      const text = JSON.stringify(Object.fromEntries(Object.entries(core).sort(([a], [b]) => (a < b ? -1 : 1))));
      const hash = createHash('sha256').update('sidescope-audit-v1\0').update(previous).update(text).digest();
      expect(h).toBe(hash.toString('hex'));
      expect(m).toBe(createHmac('sha256', key).update(hash).digest('hex').slice(0, 32));
      key = createHash('sha256').update('sidescope-evolve').update(key).digest();
      previous = hash;
    }
    expect(all).toHaveLength(3);
  });

  test('canonical JSON has one form: members sorted, no blanks; everything else is no record', () => {
    const value = fc.letrec<{ value: JsonValue }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.constant(null),
        fc.boolean(),
        fc.maxSafeInteger(),
        fc.string({ unit: 'grapheme' }),
        fc.array(tie('value')),
        fc.dictionary(fc.string({ unit: 'grapheme' }), tie('value')),
      ),
    })).value;
    fc.assert(
      fc.property(value, (each) => {
        const text = canonicalJson(each);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(each)));
        expect(parseCanonicalJson(text)).not.toBe(undefined);
        if (each !== null && typeof each === 'object') expect(parseCanonicalJson(`${text} `)).toBeNull();
      }),
    );
    for (const text of ['{"b":1,"a":2}', '{"a":1,"a":1}', '{"a": 1}', '1.0', '1e3', '"\\u0041"', '{', '-0', '1.5']) {
      expect(parseCanonicalJson(text)).toBeNull();
    }
    for (const wrong of [1.5, -0, Number.NaN, '\ud800', { '\udc00': 1 }]) {
      expect(() => canonicalJson(wrong)).toThrow(RangeError);
    }
  });
});

function surroundings(around: World): { fs: World['fs']; now: () => number; mono: () => number; by: string } {
  return { fs: around.fs, now: () => around.time.now, mono: () => 7, by: 'test' };
}

describe('verify', () => {
  const before = worldWithVault();
  withVault(before, (vault) => vault.order('revoke', ['f00001/39'], 'x'));
  withVault(before, (vault) => vault.order('suspend', ['f00001/40'], 'x'));
  const good = lines(before);

  test('finds nothing in a good log', () => {
    expect(verify(world(before.fs.clone()))).toEqual([]);
    expect(good.length).toBeGreaterThan(15);
  });

  test('names the first bad record, whichever is changed', () => {
    for (let at = 0; at < good.length; at++) {
      const around = world(before.fs.clone());
      putLines(around, good.with(at, good[at].replace('"by":"test"', '"by":"text"')));
      expect(verify(around)[0]).toEqual(['audit log', 'audit.damaged', at + 1]);
    }
  });

  test('names a record whose hashes were made to fit again: the MAC does not', () => {
    const around = world(before.fs.clone());
    let previous = '';
    const forged = good.map((line, index) => {
      const { h, m, ...core } = JSON.parse(line) as Line;
      if (index < 4) {
        previous = h;
        return line;
      }
      const changed = { ...core, by: 'somebody else', prev: previous };
      const text = canonicalJson(changed as unknown as JsonValue);
      previous = createHash('sha256')
        .update('sidescope-audit-v1\0')
        .update(Buffer.from(changed.prev, 'hex'))
        .update(text)
        .digest('hex');
      return canonicalJson({ ...changed, h: previous, m } as unknown as JsonValue);
    });
    putLines(around, forged);
    expect(verify(around)[0]).toEqual(['audit log', 'audit.damaged', 5]);
  });

  test('takes a MAC in one form only', () => {
    const around = world(before.fs.clone());
    putLines(
      around,
      good.with(
        6,
        good[6].replace(/"m":"([^"]*)"/, (_, m: string) => `"m":"${m.toUpperCase()}"`),
      ),
    );
    expect(verify(around)[0]).toEqual(['audit log', 'audit.damaged', 7]);
  });

  test.each([
    ['left out', (all: readonly string[]) => all.toSpliced(6, 1), 7],
    ['swapped', (all: readonly string[]) => all.with(6, all[7]).with(7, all[6]), 7],
    ['put in twice', (all: readonly string[]) => all.toSpliced(6, 0, all[6]), 8],
    ['put in another form', (all: readonly string[]) => all.with(6, all[6].replace('{', '{ ')), 7],
  ] as const)('names a record that was %s', (_, change, record) => {
    const around = world(before.fs.clone());
    putLines(around, change(good));
    expect(verify(around)[0]).toEqual(['audit log', 'audit.damaged', record]);
  });

  test('notices that records were cut off, one or many', () => {
    for (let keep = 1; keep < good.length; keep++) {
      const around = world(before.fs.clone());
      putLines(around, good.slice(0, keep));
      expect(verify(around)[0][1]).toMatch(/^audit\.(truncated|damaged)$/);
      expect(codeOf(() => withVault(around, statesOf))).toBe('audit.truncated');
    }
  });

  test('opening the vault notices a change behind its own mark, without the whole log', () => {
    const around = world(before.fs.clone());
    const last = good.length - 1;
    putLines(around, good.with(last, good[last].replace('"by":"test"', '"by":"text"')));
    expect(codeOf(() => withVault(around, statesOf))).toMatch(/^audit\.(damaged|truncated)$/);
  });

  test('a checkpoint that was kept elsewhere must be in the log', () => {
    const around = world(before.fs.clone());
    const { checkpoint } = verifyVault(PATH, passphrase(), options(around));
    if (checkpoint === null) throw new Error('there is no checkpoint');
    expect(verify(around, checkpoint)).toEqual([]);
    expect(verify(around, checkpoint.replace(/^(.*\n)\d+/, '$19'))[0][1]).toBe('audit.checkpoint');
    const other = worldWithVault();
    expect(verify(other, checkpoint)[0][1]).toBe('audit.checkpoint');
  });
});

describe('a line torn by a crash', () => {
  const before = worldWithVault();
  const whole = before.fs.octets(LOG);
  /** A record that was written and synced, and whose key had not moved on when the power went out. */
  const after = world(before.fs.clone());
  withVault(after, (vault) => vault.record([{ type: 'test.record', data: { n: 1 } }]));
  const further = after.fs.octets(LOG);
  const firstEnd = further.indexOf(0x0a, whole.length) + 1;

  test('is cut off wherever it was torn, and that is on record', () => {
    for (let end = whole.length + 1; end < firstEnd - 1; end += 7) {
      const around = world(before.fs.clone());
      around.fs.put(LOG, further.slice(0, end));
      withVault(around, (vault) => vault.list());
      const repaired = lines(around).find((line) => line.includes('audit.repaired')) ?? '';
      expect(repaired).toContain(`"octets":${end - whole.length}`);
      expect(verify(around)).toEqual([]);
    }
  });

  test('lacking only its line end is kept', () => {
    const around = world(before.fs.clone());
    around.fs.put(LOG, further.slice(0, firstEnd - 1));
    withVault(around, (vault) => vault.list());
    expect(lines(around).some((line) => line.includes('line end added'))).toBe(true);
    expect(verify(around)).toEqual([]);
  });

  test('is no excuse for a last line that was changed', () => {
    const around = world(before.fs.clone());
    const text = Buffer.from(further.slice(0, firstEnd - 1))
      .toString()
      .replace(/"seq":(\d+)(?!.*"seq")/s, '"seq":99999');
    around.fs.put(LOG, Buffer.from(text));
    expect(codeOf(() => withVault(around, statesOf))).toBe('audit.damaged');
  });

  test('verify repairs it too, and says so', () => {
    const around = world(before.fs.clone());
    around.fs.put(LOG, further.slice(0, whole.length + 9));
    const { checks } = verifyVault(PATH, passphrase(), options(around));
    expect(checks.find(({ subject }) => subject === 'audit log')?.text).toContain('torn by a crash was repaired');
    expect(checks.every(({ isGood }) => isGood)).toBe(true);
  });
});

describe('checkpoints', () => {
  const privateKey = ed25519PrivateKey(repeatable('seed')(32));
  const publicKey = ed25519PublicOctets(privateKey);
  const origin = 'sidescope-audit/00';
  const note = signCheckpoint({ origin, seq: 7, hash: new Uint8Array(32).fill(1) }, privateKey);

  test('are signed notes that other tools read', () => {
    const [name, seq, hash, empty, signature] = note.split('\n');
    expect([name, seq, hash, empty]).toEqual([origin, '7', Buffer.alloc(32, 1).toString('base64'), '']);
    expect(signature.startsWith(`\u2014 ${origin} `)).toBe(true);
    const id = Buffer.from(signature.split(' ')[2], 'base64').subarray(0, 4).toString('hex');
    expect(verifierKey(origin, publicKey)).toContain(`+${id}+`);
    expect(readCheckpoint(note, origin, publicKey)).toEqual({ origin, seq: 7, hash: new Uint8Array(32).fill(1) });
  });

  test('are refused with one octet changed anywhere', () => {
    const octets = Buffer.from(note);
    for (let at = 0; at < octets.length; at++) {
      const changed = Buffer.from(octets);
      changed[at] ^= 1;
      expect(readCheckpoint(changed.toString(), origin, publicKey)).toBeNull();
    }
  });

  test('stand in the log every 256 records', () => {
    const around = worldWithVault();
    withVault(around, (vault) => {
      for (let n = 0; n < 600; n++) vault.record([{ type: 'test.record', data: { n } }]);
    });
    const notes = lines(around).filter((line) => line.includes('audit.checkpoint'));
    expect(notes.length).toBeGreaterThanOrEqual(3);
    expect(verify(around)).toEqual([]);
  });
});
