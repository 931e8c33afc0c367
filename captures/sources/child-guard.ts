// Ends the child processes of the sources when this process is gone, in whatever way. A small process of its own waits
// for the end of a pipe that only we hold. The kernel's own means (PR_SET_PDEATHSIG) is forgotten when a program with
// capabilities is started, as dumpcap is.

import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';

/**
 * Lines `watch PGID` and `leave PGID` come in; at the end of them every group still watched is ended, and killed where it
 * has not ended a second later.
 */
const SCRIPT = `trap '' HUP INT TERM
groups=' '
while read -r what group; do
  case $what in
    watch) groups="$groups$group " ;;
    leave) kept=' '; for each in $groups; do [ "$each" = "$group" ] || kept="$kept$each "; done; groups=$kept ;;
  esac
done
for each in $groups; do kill -s TERM -- "-$each" 2>/dev/null; done
[ "$groups" = ' ' ] || { sleep 1; for each in $groups; do kill -s KILL -- "-$each" 2>/dev/null; done; }`;

/** Watches over process groups. */
export class ChildGuard {
  #process: ChildProcess | null = null;

  /** The group of a child that was just started with `detached`. */
  watch(group: number): void {
    this.#say(`watch ${group}`);
  }

  /** It has ended. */
  leave(group: number): void {
    this.#say(`leave ${group}`);
  }

  #say(line: string): void {
    this.#process ??= this.#start();
    this.#process.stdin?.write(`${line}\n`);
  }

  #start(): ChildProcess {
    const guard = spawn('/bin/sh', ['-c', SCRIPT], { stdio: ['pipe', 'ignore', 'ignore'], detached: true, cwd: '/' });
    // Without a guard children still end with us wherever we can end in order.
    guard.on('error', () => {});
    guard.stdin?.on('error', () => {});
    guard.unref();
    // A pipe of a child is a socket.
    (guard.stdin as Socket | null)?.unref();
    return guard;
  }
}
