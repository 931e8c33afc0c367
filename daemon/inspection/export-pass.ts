// Writes the messages of a capture that pass a display filter into a new file, as `read -w` and `read -T ndjson` do.

import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs';
import type { FrameSource } from '../../captures/frame-batch.ts';
import { compileFilter } from '../../dissectors/filter/compile.ts';
import { printableJson } from '../../dissectors/printable.ts';
import { Analysis, type AnalysisListener } from '../analysis.ts';
import { FrameReader } from '../engine/frame-reader.ts';
import { ExitCode, SidescopeError } from '../errors.ts';
import { PcapngExport } from '../export/pcapng-export.ts';
import type { ExportRequest } from './contract.ts';
import type { DetailsOptions } from './frame-details.ts';
import { type Pace, pacedPass } from './paced-pass.ts';

/** Constants we chose. */
/** Octets gathered before they are written. */
const GATHERED_OCTETS = 256 * 1024;
/** Files with plaintext are for their owner alone. */
const PLAINTEXT_MODE = 0o600;
const USUAL_MODE = 0o666;

/** What an export needs besides the request. */
export interface ExportOptions extends DetailsOptions {
  readonly application: string;
}

/**
 * Writes the file. One that is there already is left alone; what was begun and called off is taken away again.
 *
 * @returns messages (ndjson) or frames (pcapng) written
 * @throws SidescopeError `output.*`
 */
export async function exportPass(
  source: FrameSource,
  request: ExportRequest,
  options: ExportOptions,
  pace: Pick<Pace, 'signal' | 'now'>,
): Promise<number> {
  const filter = compileFilter(request.filter);
  const file = await openNew(source, request);
  const reader = new FrameReader(filter.wanted);
  const { listener, written } =
    request.form === 'pcapng'
      ? pcapngWriter(file, request, options, reader, filter)
      : ndjsonWriter(file, reader, filter);
  try {
    const analysis = new Analysis(
      { ...options, explain: reader.explains, payload: request.payload },
      { finding: () => undefined, ...listener },
    );
    await pacedPass(source, analysis, { ...pace, turned: () => undefined });
    file.close();
  } catch (error) {
    file.abandon();
    throw error;
  }
  if (pace.signal.aborted) unlinkSync(request.path);
  return written();
}

interface Writing {
  readonly listener: AnalysisListener;
  readonly written: () => number;
}

function pcapngWriter(
  file: NewFile,
  request: ExportRequest,
  options: ExportOptions,
  reader: FrameReader,
  filter: ReturnType<typeof compileFilter>,
): Writing {
  const exported = new PcapngExport((piece) => file.write(piece), {
    keyring: options.keyring,
    application: options.application,
    payload: request.payload,
    passes: (frame) => {
      reader.read(frame);
      return filter.test(reader.values);
    },
  });
  return {
    listener: { frame: (frame) => exported.frame(frame), key: (event) => exported.key(event) },
    written: () => exported.written,
  };
}

function ndjsonWriter(file: NewFile, reader: FrameReader, filter: ReturnType<typeof compileFilter>): Writing {
  let messages = 0;
  return {
    listener: {
      accepts: (frame, message) => {
        reader.readMessage(frame, message);
        return filter.test(reader.values);
      },
      message: (event) => {
        messages++;
        file.write(Buffer.from(`${printableJson(event)}\n`));
      },
    },
    written: () => messages,
  };
}

/** A file that was not there before. */
class NewFile {
  readonly #descriptor: number;
  readonly #path: string;
  #pieces: Uint8Array[] = [];
  #octets = 0;

  constructor(descriptor: number, path: string) {
    this.#descriptor = descriptor;
    this.#path = path;
  }

  write(piece: Uint8Array): void {
    this.#pieces.push(Uint8Array.from(piece));
    this.#octets += piece.length;
    if (this.#octets >= GATHERED_OCTETS) this.#flush();
  }

  close(): void {
    this.#flush();
    closeSync(this.#descriptor);
  }

  abandon(): void {
    closeSync(this.#descriptor);
  }

  #flush(): void {
    const octets = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#octets = 0;
    try {
      for (let at = 0; at < octets.length; ) at += writeSync(this.#descriptor, octets, at);
    } catch (error) {
      throw refusal(this.#path, error);
    }
  }
}

async function openNew(source: FrameSource, { path, payload }: ExportRequest): Promise<NewFile> {
  try {
    return new NewFile(openSync(path, 'wx', payload ? PLAINTEXT_MODE : USUAL_MODE), path);
  } catch (error) {
    await source.close();
    throw refusal(path, error);
  }
}

function refusal(path: string, error: unknown): SidescopeError {
  const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  const known: Readonly<Record<string, readonly [code: string, sentence: string, hint: string]>> = {
    EEXIST: ['output.exists', 'it is there already', 'name another file'],
    ENOENT: ['output.no-such-folder', 'its folder does not exist', 'make the folder or name another one'],
    EACCES: ['output.no-permission', 'this user may not write there', 'name a folder in which you may write'],
    EROFS: ['output.no-permission', 'the file system is read-only', 'name another folder'],
    ENOSPC: ['output.no-space', 'no space is left', 'make room, or choose fewer messages'],
  };
  const [code, sentence, hint] = known[reason] ?? [
    'output.write-failed',
    `the operating system says ${reason}`,
    'try another file',
  ];
  return new SidescopeError(code, `cannot write ${path}: ${sentence}`, hint, ExitCode.usage, { cause: error });
}
