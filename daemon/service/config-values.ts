// Single values of a daemon's configuration: choices, paths, addresses, lists. Each refuses what it does not know, at its
// place.

import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { printable } from '../../dissectors/printable.ts';
import type { JsonReader } from '../keyring/json-reader.ts';
import { nearestName } from '../keyring/nearest-name.ts';
import type { RelayAddress } from './config.ts';

// The specification says: octets of a DNS name (RFC 1035 2.3.4).
const HOST_MOST = 253;
// We chose.
/** Characters of any text that is not limited otherwise. Above: an error. */
const TEXT_MOST = 4096;
/** Entries of a list. Above: an error. */
const LIST_MOST = 256;
const PORT_MOST = 65_535;

/** A text that is not empty and holds no control characters. */
export function readText(reader: JsonReader, most = TEXT_MOST): string {
  return reader.text((text) => {
    const isOdd = text === '' || text.length > most || printable(text) !== text;
    if (isOdd) throw reader.error('bad-text', `is no text of 1 to ${most} printable characters`, 'Correct the text');
    return text;
  });
}

/** A path, made absolute from the configuration's folder. */
export function readPath(reader: JsonReader, folder: string): string {
  return resolve(folder, readText(reader));
}

/** One of some words. */
export function readWord<Word extends string>(reader: JsonReader, words: readonly Word[]): Word {
  return reader.text((text) => {
    const known = words.find((word) => word === text);
    if (known !== undefined) return known;
    const nearest = nearestName(text, words);
    const hint = nearest === null ? `Use one of ${words.join(', ')}` : `Did you mean "${nearest}"?`;
    throw reader.error('unknown-word', `is none of ${words.join(', ')}`, hint);
  });
}

/** A list of texts. */
export function readTexts(reader: JsonReader, least = 0): string[] {
  const texts: string[] = [];
  reader.list(() => {
    if (texts.length >= LIST_MOST) throw reader.error('too-many', `is beyond ${LIST_MOST} entries`, 'Shorten the list');
    texts.push(readText(reader));
  });
  if (texts.length < least) throw reader.error('too-few', `has fewer than ${least} entries`, 'Add what is missing');
  return texts;
}

/** `host:port`, or `[IPv6 address]:port`. */
export function readHostPort(reader: JsonReader): { readonly host: string; readonly port: number } {
  return reader.text((text) => {
    const found = hostPort(text);
    if (found !== null) return found;
    throw reader.error('bad-address', 'is no address with a port', 'Write 127.0.0.1:9464, [::1]:9464 or name:9464');
  });
}

/** `unix:PATH` or `tcp:HOST:PORT`. */
export function readRelayAddress(reader: JsonReader, folder: string): RelayAddress {
  return reader.text((text) => {
    if (text.startsWith('unix:') && text.length > 'unix:'.length && !text.includes('\u0000')) {
      return { kind: 'unix', path: resolve(folder, text.slice('unix:'.length)) };
    }
    const found = text.startsWith('tcp:') ? hostPort(text.slice('tcp:'.length)) : null;
    if (found !== null) return { kind: 'tcp', ...found };
    throw reader.error('bad-address', 'is no address to listen on', 'Write unix:PATH or tcp:HOST:PORT');
  });
}

function hostPort(text: string): { host: string; port: number } | null {
  const match = /^(?:\[([0-9a-fA-F:.%a-z]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text);
  if (match === null) return null;
  const [, six, name, digits] = match;
  const port = Number(digits);
  const host = six ?? name;
  if (port > PORT_MOST || host.length > HOST_MOST) return null;
  if (six !== undefined && isIP(six.split('%', 1)[0]) !== 6) return null;
  return { host, port };
}
