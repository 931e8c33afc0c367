// A disk in memory behind the journal's port. It forgets, when the power goes, what was not made durable: contents without
// a sync, names without a sync of their folder. It counts the calls that change something, and stops or fails at the one
// it is told to.

import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import type { FileFacts, JournalFileSystem } from '../../../daemon/journal/file-system.ts';

/**
 * What a power cut leaves. `nothing`: only what was made durable. `all`: everything, as if the kernel had just written it.
 * `names`: names are there, contents that were not synced are not. `contents`: the other way round. `pages`: of what was
 * not synced every other page, the length of all of it, and zeros between.
 */
export const CRASHES = ['nothing', 'all', 'names', 'contents', 'pages'] as const;
export type Crash = (typeof CRASHES)[number];

/** Time stands still on this machine. */
export const NOW = Date.UTC(2026, 10, 27, 3);

/** Octets of a page: small, so that a few records span several. */
const PAGE = 64;

interface Inode {
  octets: Uint8Array;
  durable: Uint8Array;
  mode: number;
  modified: number;
}

/** What happens at the call with this number, counted from 1. */
export interface Trouble {
  readonly call: number;
  /** `cut`: the power goes before it, and no call returns any more; `torn`: half of a write gets through before. */
  readonly kind: 'cut' | 'torn' | 'ENOSPC' | 'EIO' | 'EROFS';
  /** Errors: also at all calls behind it, up to and without this one. */
  readonly until?: number;
}

export class MemoryDisk implements JournalFileSystem {
  names = new Map<string, Inode>();
  durableNames = new Map<string, Inode>();
  calls = 0;
  log: string[] = [];
  trouble: Trouble | null = null;
  /** Mutations of the thing under test: calls that do nothing. */
  leaveOut = new Set<'sync' | 'syncDirectory' | 'truncate'>();
  /** Octets a write takes at most. */
  shortWrites = Number.POSITIVE_INFINITY;
  /** Octets that are left; writing in place needs none. */
  left = Number.POSITIVE_INFINITY;
  /** Resolves when the power has gone. */
  readonly dead: Promise<void>;
  isDead = false;
  #die: () => void = () => undefined;
  #handles = new Map<number, Inode>();
  #next = 3;

  constructor() {
    this.dead = new Promise((resolve) => {
      this.#die = resolve;
    });
  }

  /** The disk after a power cut and a restart. The old one is as it was. */
  restart(crash: Crash): MemoryDisk {
    const other = new MemoryDisk();
    other.leaveOut = new Set(this.leaveOut);
    const keepsNames = crash !== 'nothing' && crash !== 'contents';
    for (const [path, inode] of keepsNames ? this.names : this.durableNames) {
      const octets = after(inode, crash);
      other.names.set(path, { octets, durable: octets, mode: inode.mode, modified: inode.modified });
    }
    other.durableNames = new Map(other.names);
    return other;
  }

  /** Tells disks apart. */
  fingerprint(): string {
    const hash = createHash('sha256');
    for (const [path, { octets }] of [...this.names].sort(([one], [other]) => (one < other ? -1 : 1))) {
      hash.update(`${path} ${octets.length}\n`).update(octets);
    }
    return hash.digest('hex');
  }

  /** Octets of a file. */
  octets(path: string): Uint8Array {
    const inode = this.names.get(path);
    if (inode === undefined) throw failure('ENOENT');
    return inode.octets;
  }

  /** Puts a file there, durable. */
  put(path: string, octets: Uint8Array, mode = 0o600): void {
    const inode = { octets, durable: octets, mode, modified: NOW };
    this.names.set(path, inode);
    this.durableNames.set(path, inode);
  }

  async open(path: string, how: 'read' | 'create' | 'update'): Promise<number> {
    await this.#turn();
    let inode = this.names.get(path);
    if (how === 'create') {
      if (inode !== undefined) throw failure('EEXIST');
      await this.#call(`create ${path}`);
      inode = { octets: new Uint8Array(0), durable: new Uint8Array(0), mode: 0o600, modified: NOW };
      this.names.set(path, inode);
    }
    if (inode === undefined) throw failure('ENOENT');
    const handle = this.#next++;
    this.#handles.set(handle, inode);
    return handle;
  }

  async facts(handle: number): Promise<FileFacts> {
    await this.#turn();
    const { octets, mode, modified } = this.#inode(handle);
    return { size: octets.length, mode, isFile: true, modified };
  }

  async read(handle: number, into: Uint8Array, position: number): Promise<number> {
    await this.#turn();
    const part = this.#inode(handle).octets.subarray(position, position + into.length);
    into.set(part);
    return part.length;
  }

  async write(handle: number, octets: Uint8Array, position: number): Promise<number> {
    const inode = this.#inode(handle);
    const whole = octets.slice(0, Math.min(octets.length, this.shortWrites));
    const put = (part: Uint8Array): number => {
      const end = Math.max(inode.octets.length, position + part.length);
      const more = end - inode.octets.length;
      if (more > this.left) throw failure('ENOSPC');
      this.left -= more;
      const grown = new Uint8Array(end);
      grown.set(inode.octets);
      grown.set(part, position);
      inode.octets = grown;
      return part.length;
    };
    await this.#call('write', () => put(whole.subarray(0, whole.length >> 1)));
    return put(whole);
  }

  async truncate(handle: number, length: number): Promise<void> {
    await this.#call('truncate');
    const inode = this.#inode(handle);
    if (this.leaveOut.has('truncate')) return;
    this.left += inode.octets.length - length;
    inode.octets = inode.octets.slice(0, length);
  }

  async sync(handle: number): Promise<void> {
    await this.#call('sync');
    if (this.leaveOut.has('sync')) return;
    const inode = this.#inode(handle);
    inode.durable = inode.octets;
  }

  async close(handle: number): Promise<void> {
    await this.#turn();
    this.#handles.delete(handle);
  }

  async unlink(path: string): Promise<void> {
    await this.#call(`unlink ${path}`);
    const inode = this.names.get(path);
    if (inode === undefined) throw failure('ENOENT');
    this.left += inode.octets.length;
    this.names.delete(path);
  }

  async syncDirectory(path: string): Promise<void> {
    await this.#call(`sync directory ${path}`);
    if (this.leaveOut.has('syncDirectory')) return;
    for (const name of this.durableNames.keys()) if (dirname(name) === path) this.durableNames.delete(name);
    for (const [name, inode] of this.names) if (dirname(name) === path) this.durableNames.set(name, inode);
  }

  async list(path: string): Promise<string[]> {
    await this.#turn();
    const inside = [...this.names.keys()].filter((name) => dirname(name) === path);
    return inside.map((name) => name.slice(path.length + 1));
  }

  async folder(): Promise<number> {
    await this.#turn();
    return 0o700;
  }

  async room(): Promise<number> {
    await this.#turn();
    return this.left;
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

  /** Nothing comes back from a machine without power. */
  async #turn(): Promise<void> {
    if (this.isDead) await new Promise<never>(() => {});
  }

  async #call(name: string, half: () => void = () => undefined): Promise<void> {
    await this.#turn();
    this.calls += 1;
    this.log.push(name);
    if (this.trouble === null) return;
    const { call, kind, until = call + 1 } = this.trouble;
    if (this.calls < call || (this.calls >= until && kind !== 'cut' && kind !== 'torn')) return;
    if (kind === 'cut' || kind === 'torn') {
      if (kind === 'torn') half();
      this.isDead = true;
      this.#die();
      await this.#turn();
    }
    // Cutting a file off and removing it take no space.
    if (kind === 'ENOSPC' && (name === 'truncate' || name.startsWith('unlink'))) return;
    half();
    throw failure(kind);
  }
}

function after(inode: Inode, crash: Crash): Uint8Array {
  if (crash === 'all' || crash === 'contents') return inode.octets;
  if (crash !== 'pages') return inode.durable;
  const octets = new Uint8Array(inode.octets.length);
  octets.set(inode.durable.subarray(0, octets.length));
  for (let at = 0; at < octets.length; at += PAGE) {
    if ((at / PAGE) % 2 === 1) octets.set(inode.octets.subarray(at, at + PAGE), at);
  }
  return octets;
}

function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
}
