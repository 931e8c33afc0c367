// Tells systemd how the daemon fares (sd_notify(3)): READY, RELOADING, STOPPING, WATCHDOG, STATUS. Node has no datagram
// sockets of the Unix kind, so `systemd-notify` carries the messages; the unit therefore says NotifyAccess=all.

import { spawn } from 'node:child_process';

/** Sends one message; gives whether that worked. */
export type Messenger = (words: readonly string[]) => Promise<boolean>;

/** Runs `systemd-notify`. */
export const systemdMessenger: Messenger = (words) =>
  new Promise((resolve) => {
    const child = spawn('systemd-notify', [`--pid=${process.pid}`, ...words], { stdio: 'ignore' });
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
  });

/** What is known of the service manager. */
export interface NotifyEnvironment {
  readonly NOTIFY_SOCKET?: string | undefined;
  readonly WATCHDOG_USEC?: string | undefined;
  readonly WATCHDOG_PID?: string | undefined;
}

/** See the head of the file. Does nothing where no service manager listens. */
export class ServiceManager {
  readonly #send: Messenger;
  readonly #listens: boolean;
  readonly #watchdogMs: number | null;
  #timer: NodeJS.Timeout | null = null;

  constructor(environment: NotifyEnvironment, send: Messenger = systemdMessenger) {
    this.#send = send;
    this.#listens = (environment.NOTIFY_SOCKET ?? '') !== '';
    const isForUs = environment.WATCHDOG_PID === undefined || Number(environment.WATCHDOG_PID) === process.pid;
    const microseconds = Number(environment.WATCHDOG_USEC ?? 'NaN');
    this.#watchdogMs = isForUs && microseconds > 0 ? microseconds / 1000 : null;
  }

  /** Milliseconds between two signs of life: half of what the manager waits for; null where it does not wait. */
  get interval(): number | null {
    return this.#listens && this.#watchdogMs !== null ? this.#watchdogMs / 2 : null;
  }

  /** Ready; from here on a sign of life whenever `isAlive` says so. */
  async ready(status: string, isAlive: () => boolean): Promise<void> {
    if (!this.#listens) return;
    await this.#send(['--ready', `--status=${status}`]);
    if (this.interval === null) return;
    this.#timer = setInterval(() => {
      if (isAlive()) void this.#send(['WATCHDOG=1']);
    }, this.interval);
    this.#timer.unref();
  }

  /** Says that the configuration is read again while `work` does that. `READY` never overtakes it: systemd waits for it. */
  async reloading(work: () => Promise<void>): Promise<void> {
    // As a variable: before version 253 `systemd-notify` has no option for it, and tells of an error of the service instead.
    const said = this.#listens ? this.#send(['RELOADING=1']) : null;
    await work();
    await said;
    if (this.#listens) await this.#send(['--ready']);
  }

  async stopping(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    if (this.#listens) await this.#send(['STOPPING=1']);
  }
}
