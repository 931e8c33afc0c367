// The field tables as a whole: no protocol is forgotten, no name has two meanings, search and aliases.

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import {
  allFields,
  allProtocols,
  fieldsWithPrefix,
  findField,
  findProtocol,
  nearestFieldNames,
  searchFields,
} from '../../dissectors/fields.ts';
import { fieldsMarkdown } from '../../dissectors/fields-markdown.ts';
import type { Protocol } from '../../dissectors/layer.ts';
import { PROTOCOLS } from '../../dissectors/protocols.ts';

const FOLDER = fileURLToPath(new URL('../../dissectors/', import.meta.url));

function isProtocol(value: unknown): value is Protocol {
  const part = value as Partial<Protocol> | null;
  return (
    typeof part === 'object' &&
    typeof part?.name === 'string' &&
    typeof part.title === 'string' &&
    typeof part.fields === 'object'
  );
}

describe('the registry', () => {
  test('every protocol that a file under dissectors exports is in it, once', async () => {
    const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
    const declaring = files.filter((name) => /\bProtocol\b/.test(readFileSync(`${FOLDER}${name}`, 'utf8')));
    const exported: [string, Protocol][] = [];
    for (const name of declaring) {
      const module = (await import(`${FOLDER}${name}`)) as Record<string, unknown>;
      for (const value of Object.values(module)) if (isProtocol(value)) exported.push([name, value]);
    }
    expect(exported.length).toBeGreaterThan(10);
    for (const [name, protocol] of exported) expect(PROTOCOLS, `${protocol.name} of ${name}`).toContain(protocol);
    expect(new Set(PROTOCOLS).size).toBe(PROTOCOLS.length);
    expect(new Set(PROTOCOLS.map((protocol) => protocol.name)).size).toBe(PROTOCOLS.length);
  });

  test('a name means one type, has a sentence and a clause, and can be written in a filter', () => {
    for (const entry of allFields()) {
      expect(entry.name).toMatch(/^[a-z_][A-Za-z0-9_.-]*$/);
      expect(new Set(entry.fields.map((field) => field.type)).size, entry.name).toBe(1);
      for (const field of entry.fields) {
        expect(field.about, entry.name).not.toBe('');
        expect(field.clause, entry.name).not.toBe('');
        expect(field.label, entry.name).not.toBe('');
        // The mask lies in the octets.
        if (field.width > 0) expect(field.mask, entry.name).toBeLessThan(2 ** (8 * field.width));
      }
    }
  });

  test.each([
    'frame.number',
    'frame.time',
    'mac-lte.slsch.src-l2-id',
    'mac-lte.slsch.dst-l2-id',
    'mac-lte.slsch.lcid',
    'rlc-lte.um.fi',
    'rlc-lte.um.sn',
    'ip.src',
    'ip.dst',
    'udp.srcport',
    'udp.dstport',
    'rtp.ssrc',
    'rtp.seq',
    'slrb.sdu-type',
    'slrb.pgk-index',
    'slrb.ptk-id',
    'slrb.sn',
    'slrb.pgk-id',
    'slrb.verdict',
    'slrb.evidence-bits',
    'slrb.group',
    'slrb.group-name',
    'slrb.source-name',
    'slrb.length',
    'finding.name',
    'finding.severity',
    'finding.confidence',
    'ip.addr',
    'udp.port',
  ])('knows %s', (name) => expect(findField(name)?.name).toBe(name));

  test.each([
    'ip',
    'ipv6',
    'udp',
    'rtp',
    'rtcp',
    'arp',
    'mikey',
    'mac-lte',
    'rlc-lte',
    'slrb',
    'ipv4',
    'frame',
    'eth',
    '_ws.malformed',
  ])('knows the protocol %s', (name) => expect(findProtocol(name)?.protocols.length).toBeGreaterThan(0));

  test('one name for several declarations and for two fields', () => {
    expect(findField('mac-lte.slsch.dst-l2-id')?.fields.length).toBe(2);
    expect(findField('ip.addr')?.fields.map((field) => field.name)).toEqual(['ip.src', 'ip.dst']);
    expect(findProtocol('ip')?.protocols.map((protocol) => protocol.name)).toContain('ipv4');
    expect(findField('toString')).toBeNull();
    expect(findProtocol('constructor')).toBeNull();
  });

  test('prefix, search and nearest', () => {
    expect(fieldsWithPrefix('slrb.pgk').map((entry) => entry.name)).toEqual(['slrb.pgk-id', 'slrb.pgk-index']);
    expect(searchFields('PGK  identity').map((entry) => entry.name)).toEqual(
      expect.arrayContaining(['slrb.pgk-id', 'slrb.pgk-index']),
    );
    expect(searchFields('unverifiable').map((entry) => entry.name)).toEqual(['slrb.verdict']);
    expect(searchFields('nothing-is-called-this')).toEqual([]);
    expect(searchFields('')).toHaveLength(allFields().length);
    expect(nearestFieldNames('slrb.verdcit')[0]).toBe('slrb.verdict');
    expect(allProtocols().map((entry) => entry.name)).toEqual([...allProtocols().map((entry) => entry.name)].sort());
  });
});

describe('docs/protocols.md', () => {
  test('has a section for every protocol, a row for every field, and is the same every time', () => {
    const text = fieldsMarkdown();
    expect(fieldsMarkdown()).toBe(text);
    for (const protocol of PROTOCOLS) expect(text).toContain(`\n## ${protocol.name}\n`);
    for (const entry of allFields()) for (const field of entry.fields) expect(text).toContain(`| \`${field.name}\` |`);
    const tables = text.split('\n').filter((line) => line.startsWith('|'));
    for (const line of tables)
      expect(line.match(/(?<!\\)\|/g)?.length === 5 || line.match(/(?<!\\)\|/g)?.length === 8, line).toBe(true);
  });
});
