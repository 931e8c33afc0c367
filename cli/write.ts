// `-w`: the frames that pass the filter as pcapng, written while the capture is read.

import type { AnalysisListener } from '../daemon/analysis.ts';
import type { AnalysedFrame } from '../daemon/engine/analysed-frame.ts';
import { PcapngExport } from '../daemon/export/pcapng-export.ts';
import type { Keyring } from '../daemon/keyring/keyring.ts';
import type { CompiledFilter } from '../dissectors/filter/compile.ts';
import { type CaptureOutput, openCaptureOutput } from './capture-file.ts';
import { frameFilter } from './outputs/frame-filter.ts';
import { programVersion } from './program-version.ts';
import { reportWarning } from './report-error.ts';

/** What `-w` needs to know. */
export interface WriteOptions {
  /** As the user wrote it; `-` is standard output. */
  readonly path: string;
  /** Capture, keyrings and whatever else is read: the output may be none of them. */
  readonly inputs: readonly string[];
  readonly keyring: Keyring;
  /** Whether deciphered IP goes in. */
  readonly payload: boolean;
  readonly filter: CompiledFilter | null;
}

/** Listens to an analysis and writes. */
export interface CaptureWriter {
  readonly listener: Pick<AnalysisListener, 'frame' | 'key' | 'progress'>;
  /** Writes what is left. */
  finish(): void;
  /** Lets the output go after a failure; without effect behind `finish`. */
  abandon(): void;
}

/**
 * Opens the output and writes the head of the capture.
 *
 * @throws SidescopeError `output.*`, exit code 2; the listener and `finish` throw the same
 */
export function openWriter(options: WriteOptions): CaptureWriter {
  const { keyring, payload } = options;
  const filter = frameFilter(options.filter);
  const output: CaptureOutput = openCaptureOutput(options.path, { inputs: options.inputs, payload });
  const application = `sidescope ${programVersion()}`;
  const selects = options.filter === null ? {} : { passes: (frame: AnalysedFrame) => filter.passes(frame) };
  const exported = new PcapngExport((piece) => output.write(piece), { keyring, application, payload, ...selects });
  let open = true;
  return {
    listener: {
      frame: (frame) => exported.frame(frame),
      key: (event) => exported.key(event),
      // Frames of a live feed come in small batches: whoever reads the output sees each at once.
      progress: () => output.flush(),
    },
    finish() {
      output.close();
      open = false;
      if (exported.evictions > 0) {
        reportWarning(
          'output.segments',
          `${exported.evictions} frames with parts of messages were let go before their message was complete`,
          'write without -Y to have all segments',
        );
      }
    },
    abandon() {
      if (open) output.abandon();
      open = false;
    },
  };
}
