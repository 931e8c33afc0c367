// The `summary` record of interfaces 3: the account of the whole capture.

import { type SummaryEvent, VERDICTS, type Verdict } from '../events.ts';
import { formatInstant, formatMilliseconds } from '../time.ts';
import type { EngineReport } from './engine.ts';
import type { MessageAccount } from './message-account.ts';

/**
 * The account of a capture.
 *
 * @param report what the engine says of its frames
 * @param account what was counted of its messages
 * @param findings occurrences by name
 * @param replayHorizon milliseconds since 1970: how far back a replay could have been seen; null: to the beginning
 * @param complete false where the input was damaged, ended early, was no capture or was not read to its end
 */
export function summaryEvent(
  report: EngineReport,
  account: MessageAccount,
  findings: Readonly<Record<string, number>>,
  complete: boolean,
  evicted: Readonly<Record<string, number>>,
  replayHorizon: number | null = null,
): SummaryEvent {
  const verdicts: Partial<Record<Verdict, number>> = {};
  let messages = 0;
  VERDICTS.forEach((verdict, code) => {
    const count = account.verdicts[code];
    messages += count;
    if (count > 0) verdicts[verdict] = count;
  });
  const some = report.frames > 0;
  return {
    v: 1,
    type: 'summary',
    frames: report.frames,
    messages,
    verdicts,
    findings,
    undecoded: report.undecoded,
    ...(report.trialLimited > 0 ? { trialLimited: report.trialLimited } : {}),
    ...(Object.keys(evicted).length > 0 ? { evicted } : {}),
    ...(replayHorizon === null ? {} : { replayHorizon: formatMilliseconds(replayHorizon) }),
    complete,
    firstTime: some ? formatInstant(account.firstSeconds, account.firstNanoseconds, account.firstDigits) : null,
    lastTime: some ? formatInstant(account.lastSeconds, account.lastNanoseconds, account.lastDigits) : null,
  };
}
