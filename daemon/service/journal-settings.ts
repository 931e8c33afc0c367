// Limits of the journal from the configuration.

import type { JournalOptions } from '../journal/options.ts';
import type { DaemonConfig } from './config.ts';

// We chose: of the octets that may be kept, records get this part; frames are what a capture is for.
const RECORDS_PART = 0.3;

/** Options of `openJournal`. */
export function journalOptions({ journal }: Pick<DaemonConfig, 'journal'>): JournalOptions {
  const { fileOctets, fileMilliseconds, keepOctets, keepMilliseconds, commitMilliseconds } = journal;
  const file = { octets: fileOctets, milliseconds: fileMilliseconds };
  const kept = (part: number) => ({
    file,
    all: { files: null, octets: Math.ceil(keepOctets * part), milliseconds: keepMilliseconds },
  });
  return { frames: kept(1 - RECORDS_PART), records: kept(RECORDS_PART), commitInterval: commitMilliseconds };
}
