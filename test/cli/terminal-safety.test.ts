// What packets say never reaches the terminal as a control: SDES names, APP names, identities in MIKEY, MONP, PC5 user
// info, non-IP text; in every form of output.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MIKEY_PORT, MONP_PORT } from '../../dissectors/internet/ports.ts';
import { counterPayload, encodeMikey, extensionPayload, idPayload } from '../../dissectors/keying/mikey-encode.ts';
import { encodeExportedPdu } from '../../dissectors/link/exported-pdu.ts';
import { encodeMonp } from '../../dissectors/media/monp.ts';
import { applicationBody, encodeRtcp } from '../../dissectors/media/rtcp.ts';
import { directCommunicationRequestBody, encodePc5Signalling } from '../../dissectors/sidelink/pc5-signalling.ts';
import { SduType } from '../../dissectors/sidelink/pdcp-slrb.ts';
import { captureOf, clearFrame, join as joined, udpFrame } from '../every-field.ts';

const SIDESCOPE = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js');

/** Escape sequences, bells, C1, bidirectional overrides, zero-width characters, invalid UTF-8, line breaks. */
const HOSTILE = joined(
  new TextEncoder().encode('\u001b[31mred\u001b]0;title\u0007\u009b1m\u202eabc\u2066\u200b\u0000\r\n\u007f'),
  Uint8Array.of(0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0, 0x80, 0xf8),
);

function hostileSdus(): Uint8Array[] {
  const sdes = joined(Uint8Array.of(0x11, 0x22, 0x33, 0x44, 2, HOSTILE.length), HOSTILE, Uint8Array.of(0));
  const goodbye = joined(Uint8Array.of(0x11, 0x22, 0x33, 0x44, HOSTILE.length), HOSTILE);
  const app = encodeRtcp({
    type: 204,
    count: 1,
    body: joined(Uint8Array.of(1, 2, 3, 4, 0x1b, 0x5b, 0x33, 0x31), HOSTILE),
  });
  const rtcp = joined(
    encodeRtcp({ type: 201, count: 0, body: Uint8Array.of(1, 2, 3, 4) }),
    encodeRtcp({ type: 202, count: 1, body: sdes }),
    encodeRtcp({ type: 203, count: 1, body: goodbye }),
    app,
    encodeRtcp({ type: 204, count: 1, body: applicationBody(1, 'MCPT', HOSTILE) }),
  );
  const mikey = encodeMikey({
    dataType: 0,
    verify: false,
    prf: 0,
    csbId: 1,
    payloads: [counterPayload(1), idPayload(0, HOSTILE), extensionPayload(1, HOSTILE), extensionPayload(0, HOSTILE)],
  });
  const userInfo = directCommunicationRequestBody({
    userInfoType: 1,
    userInfo: HOSTILE,
    ipConfig: 1,
    maximumInactivity: 1,
    nonce1: new Uint8Array(16),
    capabilities: 0,
    msbSession: 0,
  });
  return [
    udpFrame(5001, rtcp),
    udpFrame(MIKEY_PORT, mikey),
    udpFrame(MONP_PORT, encodeMonp(1, 1, HOSTILE)),
    udpFrame(4242, HOSTILE),
    clearFrame(encodePc5Signalling(1, 1, userInfo), SduType.pc5Signalling),
    clearFrame(joined(new TextEncoder().encode('a text that is long enough to be quoted '), HOSTILE), SduType.nonIp),
    clearFrame(HOSTILE),
  ].map((frame) => frame.bytes);
}

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidescope-hostile-'));
  writeFileSync(join(folder, 'inside.pcap'), captureOf(147, hostileSdus()));
  const named = { dissector: `mac-lte${Buffer.from(HOSTILE).toString('latin1')}`, column: '\u001b[2J\u202e' };
  writeFileSync(join(folder, 'outside.pcap'), captureOf(252, [encodeExportedPdu(named, HOSTILE)]));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 });
});

const EVERY_TEXT = ['rtcp.sdes.text', 'rtcp.app.name', 'mikey.id.data', 'mikey.ext.value', 'exported_pdu.prot_name'];

describe.each(['inside.pcap', 'outside.pcap'])('%s', (name) => {
  test.each([
    ['text', []],
    ['-V', ['-V']],
    ['-x', ['-x']],
    ['ndjson', ['-T', 'ndjson', '--payload']],
    ['json', ['-T', 'json', '-x']],
    ['ek', ['-T', 'ek']],
    ['fields', ['-T', 'fields', ...EVERY_TEXT.flatMap((field) => ['-e', field])]],
    ['json with columns', ['-T', 'json', ...EVERY_TEXT.flatMap((field) => ['-e', field])]],
    ['ek with columns', ['-T', 'ek', ...EVERY_TEXT.flatMap((field) => ['-e', field])]],
  ])('%s', (_form, args) => {
    const { status, stdout } = spawnSync(process.execPath, [SIDESCOPE, 'read', join(folder, name), ...args], {
      timeout: 20_000,
    });
    expect(status).toBe(0);
    expect(stdout.length).toBeGreaterThan(0);
    // Valid UTF-8, or this throws.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(stdout);
    const bad = [...text].filter(
      (character) => /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(character) && !'\n\t'.includes(character),
    );
    expect(bad.map((character) => character.codePointAt(0)?.toString(16))).toEqual([]);
  });
});

test('a filter that quotes controls does not send them to the terminal either', () => {
  const filter = 'frame.number == "\u001b[31m\u202e"';
  const { stderr, status } = spawnSync(
    process.execPath,
    [SIDESCOPE, 'read', join(folder, 'inside.pcap'), '-Y', filter],
    {
      encoding: 'utf8',
    },
  );
  expect(status).toBe(2);
  for (const control of ['\u001b', '\u202e']) expect(stderr).not.toContain(control);
});
