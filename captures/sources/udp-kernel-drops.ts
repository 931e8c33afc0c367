// Datagrams that the kernel had to let go because nobody read a socket fast enough: the last column of /proc/net/udp.

import { readFileSync } from 'node:fs';
import { endianness } from 'node:os';

/** Drops of the sockets bound to this address and port in the text of /proc/net/udp or udp6; null where there is none. */
export function dropsInTable(table: string, address: Uint8Array, port: number, order = endianness()): number | null {
  const wanted = `${tableAddress(address, order)}:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  let drops: number | null = null;
  for (const line of table.split('\n').slice(1)) {
    const columns = line.trim().split(/\s+/);
    if (columns[1] === wanted) drops = (drops ?? 0) + Number(columns.at(-1));
  }
  return drops === null || Number.isNaN(drops) ? null : drops;
}

/** An address as the table writes it: words of 32 bits, each in the machine's byte order. */
function tableAddress(address: Uint8Array, order: 'LE' | 'BE'): string {
  let text = '';
  for (let at = 0; at < address.length; at += 4) {
    const word = address.slice(at, at + 4);
    if (order === 'LE') word.reverse();
    text += Array.from(word, (octet) => octet.toString(16).padStart(2, '0')).join('');
  }
  return text.toUpperCase();
}

/** Drops of a socket, by the address and port that it is bound to; null where this system does not tell. */
export function kernelDrops(address: Uint8Array, port: number): number | null {
  try {
    return dropsInTable(readFileSync(address.length === 4 ? '/proc/net/udp' : '/proc/net/udp6', 'utf8'), address, port);
  } catch {
    return null;
  }
}
