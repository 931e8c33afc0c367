// The `summary` record of interfaces 3: the account of the whole capture.

import { type SummaryEvent, VERDICTS, type Verdict } from '../events.ts';
import { formatInstant, formatMilliseconds } from '../time.ts';
import type { Engine } from './engine.ts';

/**
 * The account of what an engine has seen.
 *
 * @param findings occurrences by name
 * @param replayHorizon milliseconds since 1970: how far back a replay could have been seen; null: to the beginning
 * @param complete false where the input was damaged, ended early or was no capture
 */
export function summaryEvent(
  engine: Engine,
  findings: Readonly<Record<string, number>>,
  complete: boolean,
  evicted: Readonly<Record<string, number>>,
  replayHorizon: number | null = null,
): SummaryEvent {
  const verdicts: Partial<Record<Verdict, number>> = {};
  let messages = 0;
  VERDICTS.forEach((verdict, code) => {
    const count = engine.verdicts[code];
    messages += count;
    if (count > 0) verdicts[verdict] = count;
  });
  const some = engine.accounting.frames > 0;
  return {
    v: 1,
    type: 'summary',
    frames: engine.accounting.frames,
    messages,
    verdicts,
    findings,
    undecoded: engine.undecoded(),
    ...(engine.trialLimited > 0 ? { trialLimited: engine.trialLimited } : {}),
    ...(Object.keys(evicted).length > 0 ? { evicted } : {}),
    ...(replayHorizon === null ? {} : { replayHorizon: formatMilliseconds(replayHorizon) }),
    complete,
    firstTime: some ? formatInstant(engine.firstSeconds, engine.firstNanoseconds, engine.firstDigits) : null,
    lastTime: some ? formatInstant(engine.lastSeconds, engine.lastNanoseconds, engine.lastDigits) : null,
  };
}
