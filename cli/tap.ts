// `sidescope tap`: subscribe to a daemon and print its records, or write frames for Wireshark.

import type { Command } from 'commander';
import { ExitCode, SidescopeError } from '../daemon/errors.ts';
import { type ClientItem, type ClientState, type ClientSubscription, RelayClient } from '../daemon/relay/client.ts';
import { FileMemory } from '../daemon/relay/daemon-memory.ts';
import { readKeyFile } from '../daemon/relay/key-files.ts';
import type { Gap } from '../daemon/relay/protocol.ts';
import { compileRecordFilter } from '../daemon/relay/record-fields.ts';
import type { RelayError } from '../daemon/relay/relay-error.ts';
import type { AlarmRecord } from '../daemon/relay/relay-record.ts';
import { FilterError } from '../dissectors/filter/filter-error.ts';
import { type CaptureOutput, openCaptureOutput } from './capture-file.ts';
import { readCapabilityFile } from './grant-files.ts';
import { reportWarning } from './report-error.ts';
import { daemonMemoryFolder } from './state-folder.ts';
import { flushOutput } from './stdout.ts';
import { addTapOptions, checkTapOptions, type TapOptions } from './tap-options.ts';
import { type TapPrinter, tapPrinter } from './tap-printers.ts';

/** The specification says: enhanced packet block (pcapng 4.3). */
const ENHANCED_PACKET = 6;

/** Adds the options and the action of `tap`. */
export function configure(command: Command): void {
  addTapOptions(command);
  command.action(run);
}

async function run(named: string | undefined, options: TapOptions, command: Command): Promise<void> {
  const typeGiven = command.getOptionValueSource('type') === 'cli';
  const target = checkTapOptions(named, options, typeGiven);
  checkFilter(options.filter);
  const printer = tapPrinter(options);
  const { key: identity } = readKeyFile(target.identity, 'subscriber');
  const { text: capability } = readCapabilityFile(target.capability);
  const { write } = options;
  const inputs = [target.identity, target.capability];
  const output = write === undefined ? null : openCaptureOutput(write, { inputs, payload: options.view !== 'meta' });
  const tap = new Tap(options, printer, output);
  const { reconnect } = options;
  const client = new RelayClient({
    address: target.address,
    identity,
    capability,
    reconnect: reconnect === true ? 'always' : reconnect === false ? 'never' : 'after-first',
    memory: new FileMemory(daemonMemoryFolder()),
    onWarning: tellOnce(),
    onState: tellState(),
    onAlarm: (alarm) => tap.alarm(alarm),
  });
  let interrupted = false;
  const stop = (): void => {
    interrupted = true;
    client.close();
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  try {
    await tap.run(client, output === null || typeGiven);
  } finally {
    client.close();
    tap.end();
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
  if (!interrupted) return;
  if (tap.last !== null) process.stderr.write(`sidescope: --since ${tap.last} goes on from here\n`);
  process.exitCode = ExitCode.interrupted;
}

/** Finds a wrong filter before anybody is asked. */
function checkFilter(text: string | undefined): void {
  if (text === undefined) return;
  try {
    compileRecordFilter(text);
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    const excerpt = { text, column: error.column };
    const message = `column ${error.column}: ${error.message}`;
    throw new SidescopeError(error.code, message, error.hint, ExitCode.usage, { cause: error, excerpt });
  }
}

/** Tells of losses and of coming back: once each, not at every attempt. */
function tellState(): (state: ClientState) => void {
  let lost = false;
  return ({ kind, error }) => {
    if (kind === 'waiting' && error !== null && !lost) {
      lost = true;
      reportWarning(error.code, `${error.message}; trying again`, error.hint);
    }
    if (kind === 'ready' && lost) {
      lost = false;
      process.stderr.write('sidescope: connected again\n');
    }
  };
}

/** Tells of what does not end the run: what is said again and again, once. */
function tellOnce(): (warning: RelayError) => void {
  let last = '';
  return ({ code, message, hint }) => {
    if (message !== last) reportWarning(code, message, hint);
    last = message;
  };
}

/** One run: records to a printer, frames to a file, until enough has come. */
class Tap {
  readonly #options: TapOptions;
  readonly #printer: TapPrinter;
  readonly #output: CaptureOutput | null;
  #left: number;
  #open = true;
  #subscription: ClientSubscription | null = null;

  constructor(options: TapOptions, printer: TapPrinter, output: CaptureOutput | null) {
    this.#options = options;
    this.#printer = printer;
    this.#output = output;
    this.#left = options.count ?? Number.POSITIVE_INFINITY;
  }

  /** Last sequence number that came. */
  get last(): number | null {
    return this.#subscription?.last ?? null;
  }

  async run(client: RelayClient, prints: boolean): Promise<void> {
    const { view, filter, group, since, gap, downgraded, only, reason } = this.#options;
    const wish = {
      view,
      ...(filter === undefined ? {} : { filter }),
      ...(group.length === 0 ? {} : { groups: group }),
      ...(since === undefined ? {} : { since }),
      ...(gap === true ? { slow: 'gap' as const } : {}),
      ...(downgraded === true ? { downgraded } : {}),
      ...(only.length === 0 ? {} : { types: only }),
      ...(reason === undefined ? {} : { reason }),
    };
    const tasks: Promise<void>[] = [];
    if (prints) {
      this.#printer.begin();
      this.#subscription = client.subscribe(wish);
      tasks.push(this.#take(this.#subscription, client));
    }
    if (this.#output !== null) {
      const frames = client.subscribe({ ...wish, format: 'pcapng' });
      this.#subscription ??= frames;
      tasks.push(this.#take(frames, client));
    }
    await Promise.all(tasks);
    if (prints) this.#printer.end();
  }

  alarm(alarm: AlarmRecord): void {
    reportWarning(
      `alarm.${alarm.name}`,
      `${alarm.raised ? '' : 'over: '}${alarm.message}`,
      alarm.raised ? alarm.hint : '',
    );
    this.#printer.alarm(alarm);
  }

  /** Writes what is left. */
  end(): void {
    flushOutput();
    if (this.#open) this.#output?.close();
    this.#open = false;
  }

  async #take(subscription: ClientSubscription, client: RelayClient): Promise<void> {
    for await (const items of subscription) {
      for (const item of items) {
        if (this.#left <= 0) break;
        this.#item(item);
      }
      flushOutput();
      this.#output?.flush();
      if (this.#left <= 0) client.close();
    }
  }

  #item(item: ClientItem): void {
    switch (item.kind) {
      case 'record':
        this.#printer.record(item.seq, item.record);
        if (this.#output === null) this.#left--;
        return;
      case 'gap':
        tellGap(item.gap);
        this.#printer.gap(item.gap);
        return;
      case 'pcapng':
        this.#output?.write(this.#counted(item.octets));
        return;
      case 'live':
    }
  }

  /** Blocks up to the last frame that is wanted. */
  #counted(octets: Uint8Array): Uint8Array {
    if (this.#left === Number.POSITIVE_INFINITY) return octets;
    const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
    let at = 0;
    while (at + 8 <= octets.length && this.#left > 0) {
      if (view.getUint32(at, true) === ENHANCED_PACKET) this.#left--;
      at += view.getUint32(at + 4, true);
    }
    return octets.subarray(0, at);
  }
}

function tellGap({ from, to, reason, records }: Gap): void {
  const count = records === null ? '' : `, ${records} of them for this subscription`;
  reportWarning('tap.gap', `records ${from} to ${to} are missing${count}: ${reason}`, '');
}
