// The child's half of the pipes: takes what the parent says, one thing after the other, and writes what the service tells.

import type { Readable, Writable } from 'node:stream';
import { EngineService, pipedError } from './engine-service.ts';
import { forgetEnvironment } from './hardening.ts';
import { openKeys } from './key-custody.ts';
import { decodeBatch, sliceBatch } from './pipe-batch.ts';
import { encodeFrame, FrameDecoder, PipeKind } from './pipe-frames.ts';
import type { DownMessage, UpMessage } from './pipe-messages.ts';
import { encodeRecords } from './pipe-records.ts';

// We chose.
/** Octets of answers that wait for the parent; above it nothing more is taken from it until it has read them. */
const UP_MOST = 8 * 1024 * 1024;
const TICK_MS = 1000;

/** What the child needs of its process. */
export interface ChildTools {
  readonly down: Readable;
  readonly up: Writable;
  readonly memoryOctets: () => number;
  /** Ends the process, once everything was wiped. */
  readonly exit: (code: number) => void;
}

/** A frame of the pipe that waits. */
interface Held {
  readonly kind: PipeKind;
  readonly parts: readonly Uint8Array[];
}

/** See the head of the file. */
export class EngineChild {
  readonly #tools: ChildTools;
  readonly #decoder: FrameDecoder;
  #service: EngineService | null = null;
  #ticking: NodeJS.Timeout | null = null;
  #isAnnouncing = false;
  #isOpening = false;
  #isOver = false;
  /** What came while the vault was being opened, or while an announcement was on its way: a piece of the pipe at most. */
  #held: Held[] = [];
  #isHeld = false;

  constructor(tools: ChildTools) {
    this.#tools = tools;
    this.#decoder = new FrameDecoder((kind, parts) => this.#take(kind, parts));
  }

  /** Begins to listen. */
  run(): void {
    const { down, up } = this.#tools;
    down.on('data', (piece: Buffer) => this.#push(piece));
    down.on('end', () => this.stop(0));
    down.on('error', () => this.stop(0));
    up.on('error', () => this.stop(0));
    up.on('drain', () => {
      if (!this.#isHeld) down.resume();
    });
  }

  /** Wipes every key and ends. A second call does nothing. */
  stop(code: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#ticking !== null) clearInterval(this.#ticking);
    try {
      this.#service?.close();
    } catch {
      // The keys are overwritten all the same (vault.ts); nobody is left to be told.
    }
    const { up, exit } = this.#tools;
    if (up.writableLength === 0 || up.destroyed) exit(code);
    else up.end(() => exit(code));
  }

  #push(piece: Uint8Array): void {
    if (this.#isOver) return;
    // What is answered while a piece is taken leaves in one go.
    const { up } = this.#tools;
    up.cork();
    const problem = this.#decoder.push(piece);
    up.uncork();
    if (problem !== null) this.stop(1);
    else if (up.writableLength > UP_MOST) this.#tools.down.pause();
  }

  #take(kind: PipeKind, parts: readonly Uint8Array[]): void {
    if (this.#isOver) return;
    // Parts are good during this call only.
    if (this.#isHeld) this.#held.push({ kind, parts: parts.map((part) => part.slice()) });
    else if (kind === PipeKind.frames) this.#frames(parts);
    else this.#hear(messageOf(parts[0]), parts.slice(1));
  }

  #hear(message: DownMessage | null, parts: readonly Uint8Array[]): void {
    if (message === null) this.stop(1);
    else if (message.say === 'open') void this.#open(message);
    else if (message.say === 'announce') this.#isAnnouncing = message.on;
    else if (message.say === 'ask') this.#answer(message, parts);
    else this.#service?.hear(message);
  }

  async #open(message: Extract<DownMessage, { say: 'open' }>): Promise<void> {
    if (this.#service !== null || this.#isOpening) return;
    this.#isOpening = true;
    this.#hold();
    try {
      const keys = await openKeys(message.settings);
      forgetEnvironment();
      const { settings } = message;
      const { memoryOctets } = this.#tools;
      this.#service = new EngineService({
        ...{ keys, settings, memoryOctets },
        tell: (said) => this.#tell(said),
        judged: (block, through) => this.#write(encodeFrame(PipeKind.records, encodeRecords(block, through))),
      });
      this.#service.tellKeys();
      for (const text of keys.accepted)
        this.#warn('vault.accepted', 'medium', text, 'what is shown may be out of date');
      if (keys.vault === null) {
        const hint = 'keep them in a vault: `sidescope keys init`, then `sidescope keys import`';
        this.#warn('engine.plain-keyring', 'medium', 'the keys come from a plain keyring file', hint);
      }
      this.#tell({ say: 'opened' });
      this.#ticking = setInterval(() => this.#service?.tick(), TICK_MS);
      this.#release();
    } catch (error) {
      this.#tell({ say: 'refused', error: pipedError(error) });
      this.stop(1);
    }
  }

  #warn(name: string, severity: 'medium', message: string, hint: string): void {
    this.#tell({ say: 'alarm', alarm: { type: 'alarm', name, severity, message, hint, raised: true } });
  }

  #frames(parts: readonly Uint8Array[]): void {
    const piped = parts.length === 1 ? decodeBatch(parts[0]) : null;
    if (piped === null) {
      this.stop(1);
      return;
    }
    const { batch, track } = piped;
    if (!this.#isAnnouncing) {
      this.#service?.frames(batch, track);
      return;
    }
    // The announcement is out of this process before the frame is looked at: the next thing may be its end.
    const copy = decodeBatch(parts[0].slice());
    if (copy === null) return;
    this.#hold();
    this.#announce(copy.batch, track, 0);
  }

  #announce(batch: Parameters<EngineService['frames']>[0], track: number, row: number): void {
    if (this.#isOver) return;
    if (row >= batch.count) {
      this.#release();
      return;
    }
    this.#tell({ say: 'announced', frame: batch.firstFrame + row }, () => {
      this.#service?.frames(sliceBatch(batch, row, row + 1), track);
      this.#announce(batch, track, row + 1);
    });
  }

  #answer({ id, question }: Extract<DownMessage, { say: 'ask' }>, parts: readonly Uint8Array[]): void {
    if (this.#service === null) return;
    try {
      const answer = this.#service.answer(question, parts);
      this.#tell({ say: 'reply', id, answer });
      if (question.about === 'stop') this.stop(0);
    } catch (error) {
      this.#tell({ say: 'failed', id, error: pipedError(error) });
    }
  }

  #tell(message: UpMessage, written?: () => void): void {
    this.#write(encodeFrame(PipeKind.message, [Buffer.from(JSON.stringify(message))]), written);
  }

  #write(frame: Uint8Array, written?: () => void): void {
    if (this.#isOver || this.#tools.up.destroyed) return;
    this.#tools.up.write(frame, written === undefined ? undefined : (): void => written());
  }

  #hold(): void {
    this.#isHeld = true;
    this.#tools.down.pause();
  }

  #release(): void {
    this.#isHeld = false;
    while (!this.#isHeld) {
      const next = this.#held.shift();
      if (next === undefined) break;
      this.#take(next.kind, next.parts);
    }
    if (!this.#isHeld && this.#tools.up.writableLength <= UP_MOST) this.#tools.down.resume();
  }
}

function messageOf(part: Uint8Array | undefined): DownMessage | null {
  if (part === undefined) return null;
  try {
    return JSON.parse(Buffer.from(part.buffer, part.byteOffset, part.length).toString('utf8')) as DownMessage;
  } catch {
    return null;
  }
}
