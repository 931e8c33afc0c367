// A disk in memory that forgets, when it crashes, what was not made durable: file contents without a sync, names without a
// sync of their directory. It counts the calls that change something, and stops or fails at the one it is told to.

import { dirname } from 'node:path';
import type { FileSystem, OpenHow } from '../../../daemon/keyring/vault/file-system.ts';

/** The power went out. */
export class PowerCut extends Error {
  override name = 'PowerCut';
}

/**
 * What a crash leaves. `nothing`: only what was made durable. `all`: everything, as if the kernel had just written it.
 * `names`: names are there, contents that were not synced are not. `contents`: the other way round.
 */
export const CRASHES = ['nothing', 'all', 'names', 'contents'] as const;
export type Crash = (typeof CRASHES)[number];

interface Inode {
  octets: Uint8Array;
  durable: Uint8Array;
  mode: number;
}

/** What happens at the call with this number, counted from 1. */
export interface Trouble {
  readonly call: number;
  /** `cut`: power goes out before it; `torn`: a write gets half way, then power goes out; else an error code. */
  readonly kind: 'cut' | 'torn' | 'ENOSPC' | 'EIO';
  /** Also at all calls behind it. */
  readonly forGood?: boolean;
}

export class MemoryFileSystem implements FileSystem {
  names = new Map<string, Inode>();
  durableNames = new Map<string, Inode>();
  links = new Set<string>();
  calls = 0;
  log: string[] = [];
  trouble: Trouble | null = null;
  /** Mutations of the thing under test: calls that are left out. */
  leaveOut = new Set<'sync' | 'syncDirectory'>();
  /** Octets a write takes at most. */
  shortWrites = Number.POSITIVE_INFINITY;
  #handles = new Map<number, Inode>();
  #next = 3;

  /** The same disk, apart from this one. */
  clone(): MemoryFileSystem {
    const copies = new Map<Inode, Inode>();
    const copy = (inode: Inode): Inode => {
      const known = copies.get(inode);
      if (known !== undefined) return known;
      const made = { octets: inode.octets.slice(), durable: inode.durable.slice(), mode: inode.mode };
      copies.set(inode, made);
      return made;
    };
    const other = new MemoryFileSystem();
    for (const [path, inode] of this.names) other.names.set(path, copy(inode));
    for (const [path, inode] of this.durableNames) other.durableNames.set(path, copy(inode));
    other.leaveOut = new Set(this.leaveOut);
    return other;
  }

  /** The disk after a crash and a restart. */
  restart(crash: Crash): MemoryFileSystem {
    const other = this.clone();
    if (crash === 'nothing' || crash === 'contents') other.names = new Map(other.durableNames);
    for (const inode of other.names.values()) {
      if (crash === 'nothing' || crash === 'names') inode.octets = inode.durable.slice();
      inode.durable = inode.octets.slice();
    }
    other.durableNames = new Map(other.names);
    return other;
  }

  /** Octets of a file. */
  octets(path: string): Uint8Array {
    const inode = this.names.get(path);
    if (inode === undefined) throw failure('ENOENT');
    return inode.octets;
  }

  /** Puts a file there, durable. */
  put(path: string, octets: Uint8Array, mode = 0o600): void {
    const inode = { octets: octets.slice(), durable: octets.slice(), mode };
    this.names.set(path, inode);
    this.durableNames.set(path, inode);
  }

  open(path: string, how: OpenHow): number {
    if (this.links.has(path)) throw failure('ELOOP');
    let inode = this.names.get(path);
    if (how === 'create') {
      if (inode !== undefined) throw failure('EEXIST');
      this.#call(`create ${path}`);
      inode = { octets: new Uint8Array(0), durable: new Uint8Array(0), mode: 0o600 };
      this.names.set(path, inode);
    }
    if (inode === undefined) throw failure('ENOENT');
    const handle = this.#next++;
    this.#handles.set(handle, inode);
    return handle;
  }

  facts(handle: number): { size: number; mode: number; isFile: boolean } {
    const { octets, mode } = this.#inode(handle);
    return { size: octets.length, mode, isFile: true };
  }

  read(handle: number, into: Uint8Array, position: number): number {
    const part = this.#inode(handle).octets.subarray(position, position + into.length);
    into.set(part);
    return part.length;
  }

  write(handle: number, octets: Uint8Array, position: number): number {
    const inode = this.#inode(handle);
    const whole = octets.subarray(0, Math.min(octets.length, this.shortWrites));
    const put = (part: Uint8Array): number => {
      const grown = new Uint8Array(Math.max(inode.octets.length, position + part.length));
      grown.set(inode.octets);
      grown.set(part, position);
      inode.octets = grown;
      return part.length;
    };
    this.#call('write', () => put(whole.subarray(0, whole.length >> 1)));
    return put(whole);
  }

  truncate(handle: number, length: number): void {
    this.#call('truncate');
    const inode = this.#inode(handle);
    inode.octets = inode.octets.slice(0, length);
  }

  sync(handle: number): void {
    this.#call('sync');
    if (this.leaveOut.has('sync')) return;
    const inode = this.#inode(handle);
    inode.durable = inode.octets.slice();
  }

  close(handle: number): void {
    this.#handles.delete(handle);
  }

  exists(path: string): boolean {
    return this.names.has(path) || this.links.has(path);
  }

  rename(from: string, to: string): void {
    this.#call(`rename ${to}`);
    const inode = this.names.get(from);
    if (inode === undefined) throw failure('ENOENT');
    this.names.delete(from);
    this.names.set(to, inode);
  }

  link(from: string, to: string): void {
    const inode = this.names.get(from);
    if (inode === undefined) throw failure('ENOENT');
    if (this.names.has(to)) throw failure('EEXIST');
    this.#call(`link ${to}`);
    this.names.set(to, inode);
  }

  unlink(path: string): void {
    if (!this.names.has(path)) throw failure('ENOENT');
    this.#call(`unlink ${path}`);
    this.names.delete(path);
  }

  syncDirectory(path: string): void {
    this.#call(`sync directory ${path}`);
    if (this.leaveOut.has('syncDirectory')) return;
    for (const name of this.durableNames.keys()) if (dirname(name) === path) this.durableNames.delete(name);
    for (const [name, inode] of this.names) if (dirname(name) === path) this.durableNames.set(name, inode);
  }

  list(path: string): string[] {
    const inside = [...this.names.keys()].filter((name) => dirname(name) === path);
    return inside.map((name) => name.slice(path.length + 1));
  }

  /** Handles that nobody closed. */
  get openHandles(): number {
    return this.#handles.size;
  }

  #inode(handle: number): Inode {
    const inode = this.#handles.get(handle);
    if (inode === undefined) throw failure('EBADF');
    return inode;
  }

  #call(name: string, half: () => void = () => undefined): void {
    this.calls += 1;
    this.log.push(name);
    if (this.trouble === null) return;
    const { call, kind, forGood } = this.trouble;
    if (this.calls !== call && !(forGood === true && this.calls > call)) {
      // Once the power is out nothing works.
      if (this.calls > call && (kind === 'cut' || kind === 'torn')) throw new PowerCut();
      return;
    }
    if (kind === 'torn') half();
    if (kind === 'cut' || kind === 'torn') throw new PowerCut();
    // Cutting a file off takes no space.
    if (kind === 'ENOSPC' && name === 'truncate') return;
    half();
    throw failure(kind);
  }
}

function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
}
