// Analyses a capture in a test: the same pipeline as `sidescope read`, its records in arrays.

import type { CaptureProblem, FrameSource } from '../captures/frame-batch.ts';
import { frameSourceFromChunks, openCapture } from '../captures/open.ts';
import { Analysis } from '../daemon/analysis.ts';
import type {
  EpochEvent,
  FindingEvent,
  KeyEvent,
  MessageEvent,
  SidescopeEvent,
  SummaryEvent,
} from '../daemon/events.ts';
import { loadKeyrings, parseKeyring } from '../daemon/keyring/keyring-file.ts';

/** How to analyse. */
export interface AnalyseOptions {
  /** Path of a keyring file, or its contents as an object; absent: no keys. */
  readonly keyring?: string | Readonly<Record<string, unknown>>;
  /** Puts deciphered SDUs into the messages where they may be shown. Default true. */
  readonly payload?: boolean;
  /** Shows plaintext under keys that were not active. Default false. */
  readonly allowStale?: boolean;
}

/** The records of one capture. */
export interface Analysed {
  /** All records in the order in which `read -T ndjson` prints them. */
  readonly events: readonly SidescopeEvent[];
  readonly messages: readonly MessageEvent[];
  readonly findings: readonly FindingEvent[];
  readonly keys: readonly KeyEvent[];
  readonly epochs: readonly EpochEvent[];
  readonly summary: SummaryEvent;
  /** What cut the capture short, or null. */
  readonly problem: CaptureProblem | null;
}

const NO_KEYS = { format: 'sidescope-keyring/1', groups: [] };

/**
 * Analyses a capture.
 *
 * @param capture path of a file, or its octets; pcap or pcapng, plain or compressed
 * @throws SidescopeError `keyring.*`, CaptureOpenError: the keyring or the capture cannot be read at all
 * @throws TypeError: the capture is neither path nor octets, which a type would have said
 */
export async function analyse(capture: string | Uint8Array, options: AnalyseOptions = {}): Promise<Analysed> {
  if (typeof capture !== 'string' && !((capture as unknown) instanceof Uint8Array)) {
    throw new TypeError('the capture is neither the path of a file nor a Uint8Array of its octets');
  }
  const keyring = await keyringOf(options.keyring ?? NO_KEYS);
  const source = typeof capture === 'string' ? await openCapture(capture) : sourceOf(capture);
  const events: SidescopeEvent[] = [];
  const push = (event: SidescopeEvent): void => {
    events.push(event);
  };
  const listener = { message: push, finding: push, key: push, epoch: push, summary: push };
  const analysis = new Analysis(
    { keyring, payload: options.payload ?? true, allowStale: options.allowStale ?? false },
    listener,
  );
  const { summary, problem } = await analysis.run(source);
  const ofType = <Type extends SidescopeEvent['type']>(type: Type): Extract<SidescopeEvent, { type: Type }>[] =>
    events.filter((event): event is Extract<SidescopeEvent, { type: Type }> => event.type === type);
  return {
    events,
    messages: ofType('message'),
    findings: ofType('finding'),
    keys: ofType('key'),
    epochs: ofType('epoch'),
    summary,
    problem,
  };
}

async function keyringOf(keyring: string | object): Promise<ReturnType<typeof parseKeyring>> {
  if (typeof keyring === 'string') return loadKeyrings([keyring]);
  return parseKeyring(JSON.stringify(keyring), 'the keyring object');
}

function sourceOf(octets: Uint8Array): FrameSource {
  return frameSourceFromChunks(
    (async function* () {
      yield await Promise.resolve(octets);
    })(),
  );
}
