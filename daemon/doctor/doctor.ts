// The doctor for captures: analyses one and says what is wrong with it and with the keys.

import type { FrameSource } from '../../captures/frame-batch.ts';
import { CaptureOpenError, openCapture } from '../../captures/open.ts';
import type { Keyring } from '../keyring/keyring.ts';
import { diagnoseCapture } from './capture-diagnoses.ts';
import { type Diagnosis, diagnosis, sortedByLevel } from './diagnosis.ts';
import { diagnoseKeys } from './key-diagnoses.ts';
import { type CaptureObservations, CaptureObserver } from './observe-capture.ts';

/** Constants we chose: frames that are looked at. A fault that shows later than that is for `read`. */
export const LOOKED_AT_FRAMES = 200_000;

/** What is wrong with a capture, the worst first. @param now wall clock, milliseconds since 1970 */
export async function examineCapture(source: FrameSource, keyring: Keyring, now: number): Promise<Diagnosis[]> {
  const seen = await new CaptureObserver(keyring).read(source, LOOKED_AT_FRAMES);
  return diagnosesOf(seen, keyring, now);
}

/** The same of a file, or of standard input (`-`). One that cannot be opened is a fault too. */
export async function examineCaptureFile(path: string, keyring: Keyring, now: number): Promise<Diagnosis[]> {
  let source: FrameSource;
  try {
    source = await openCapture(path);
  } catch (error) {
    if (!(error instanceof CaptureOpenError)) throw error;
    return [diagnosis('fault', error.code, error.message, error.hint, { path })];
  }
  return examineCapture(source, keyring, now);
}

/** The same of what was seen. */
export function diagnosesOf(seen: CaptureObservations, keyring: Keyring, now: number): Diagnosis[] {
  return sortedByLevel([...diagnoseCapture(seen, now), ...diagnoseKeys(seen, keyring)]);
}
