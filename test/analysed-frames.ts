// Analyses a capture and hands out each frame with what came of it, for tests of trees and filters.

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { FrameSource } from '../captures/frame-batch.ts';
import { frameSourceFromChunks, openCapture } from '../captures/open.ts';
import { Analysis, type AnalysisListener, type AnalysisOptions } from '../daemon/analysis.ts';
import type { AnalysedFrame } from '../daemon/engine/analysed-frame.ts';
import { emptyKeyring, type Keyring } from '../daemon/keyring/keyring.ts';
import { parseKeyring } from '../daemon/keyring/keyring-file.ts';
import { everyFieldCaptures } from './every-field.ts';
import { SHARED_CAPTURES, sharedFiles, sharedFolders } from './shared-captures.ts';

const SAMPLES = join(import.meta.dirname, '..', 'captures', 'samples');

/** A capture: path or octets, and the keyring that belongs to it. */
export interface TestCapture {
  readonly name: string;
  readonly capture: string | Uint8Array;
  readonly keyring: string | null;
}

function captureIn(folder: string, name: string): TestCapture[] {
  const found = ['capture.pcapng', 'capture.pcap'].map((file) => join(folder, file)).find((path) => existsSync(path));
  return found === undefined ? [] : [withKeyring(found, name)];
}

function withKeyring(path: string, name: string): TestCapture {
  const keyring = join(dirname(path), 'keyring.json');
  return { name, capture: path, keyring: existsSync(keyring) ? keyring : null };
}

/** The captures that come with the project, and the made ones. */
export function ownCaptures(): TestCapture[] {
  const samples = ['attacked', 'clean', 'rollover'].flatMap((name) => captureIn(join(SAMPLES, name), `sample ${name}`));
  const made = [...everyFieldCaptures()].map(([linkType, capture]) => ({
    name: `made frames of link type ${linkType}`,
    capture,
    keyring: null,
  }));
  return [...samples, ...made];
}

/** The labelled, recorded and Wireshark captures beside the project; empty where they are not there. */
export function sharedCaptures(): TestCapture[] {
  const labelled = sharedFolders('labelled').flatMap((name) =>
    captureIn(join(SHARED_CAPTURES, 'labelled', name), `labelled ${name}`),
  );
  const others = ['over-the-air', 'wireshark-samples', 'lte-uu', 'mikey'].flatMap((folder) =>
    sharedFiles(folder).map((path) => withKeyring(path, `${folder} ${path.slice(path.lastIndexOf('/') + 1)}`)),
  );
  return [...labelled, ...others];
}

/** Tells `visit` of every frame, with the keys that were tried. */
export async function visitFrames(from: TestCapture, visit: (frame: AnalysedFrame) => void): Promise<void> {
  await analyse(from, { explain: true }, () => ({ frame: visit }));
}

/** The same for octets of a capture and the text of its keyring. */
export async function analysedFrames(
  capture: Uint8Array,
  keyring: string,
  visit: (frame: AnalysedFrame) => void,
): Promise<void> {
  await analyseWith(sourceOf(capture), parseKeyring(Buffer.from(keyring), 'keyring.json'), { explain: true }, () => ({
    frame: visit,
  }));
}

/** Lets a listener, made for the capture's keyring, hear the whole analysis; deciphered SDUs are in its records. */
export async function visitMessages(from: TestCapture, listen: (keyring: Keyring) => AnalysisListener): Promise<void> {
  await analyse(from, { payload: true }, listen);
}

async function analyse(
  from: TestCapture,
  options: Omit<AnalysisOptions, 'keyring'>,
  listen: (keyring: Keyring) => AnalysisListener,
): Promise<void> {
  const keyring =
    from.keyring === null ? emptyKeyring() : parseKeyring(await readFile(from.keyring), 'the keyring of the capture');
  const { capture } = from;
  const source = typeof capture === 'string' ? await openCapture(capture, { threads: 1 }) : sourceOf(capture);
  await analyseWith(source, keyring, options, listen);
}

function sourceOf(capture: Uint8Array): FrameSource {
  return frameSourceFromChunks(
    (async function* () {
      yield await Promise.resolve(capture);
    })(),
  );
}

async function analyseWith(
  source: FrameSource,
  keyring: Keyring,
  options: Omit<AnalysisOptions, 'keyring'>,
  listen: (keyring: Keyring) => AnalysisListener,
): Promise<void> {
  await new Analysis({ keyring, ...options }, listen(keyring)).run(source);
}
