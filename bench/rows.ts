// The rows that `npm run bench` prints, by the names that `--rows` takes.

import { join } from 'node:path';
import type { BenchCapture } from './captures.ts';
import { liveRow } from './live-row.ts';
import { firstOutput, type Measurement, measureInTurn, median } from './measure.ts';
import { against, capinfos, once, rateText, tshark, tsharkUu } from './peers.ts';
import type { BenchContext, Row, RowResult } from './row.ts';

/** Columns and filter of the row about fields. */
const COLUMNS = ['frame.number', 'mac-lte.slsch.src-l2-id', 'mac-lte.slsch.dst-l2-id', 'mac-lte.slsch.lcid'];
const FILTER = 'mac-lte.slsch.lcid == 3';
/** Starts of the command of which the median is taken. */
const STARTS = 9;
const MEMORY_MIB = 200;
const MANY_SENDERS_MIB = 400;

function read(context: BenchContext, capture: BenchCapture, ...options: readonly string[]): readonly string[] {
  return [...context.sidescope, 'read', ...options, '--keyring', capture.keyring, capture.path];
}

function judged(context: BenchContext, capture: BenchCapture): readonly string[] {
  return read(context, capture, '-q', '-z', 'groups,findings');
}

const readEea2: Row = (context) => {
  const { shelf, messages, runs } = context;
  const capture = shelf.bulk({ messages });
  const ours = { command: judged(context, capture), messages };
  const small = shelf.uu(Math.ceil(messages / 10));
  const io = { command: tsharkUu(small, '-q', '-z', 'io,stat,0'), messages: small.messages };
  const rules = 'all judged by every rule, EEA2';
  return [
    against(rules, ours, { command: capinfos(capture), messages }, 1, runs),
    against(`${rules} (tshark: Uu, EEA2, totals only)`, ours, io, 25, runs),
  ];
};

const readOthers: Row = (context) =>
  (['128-EEA1', '128-EEA3'] as const).map((algorithm): RowResult => {
    const { shelf, messages, runs } = context;
    const capture = shelf.bulk({ messages, algorithm });
    const us = once(judged(context, capture), runs);
    const rate = messages / us.median;
    const work = `all judged by every rule, ${algorithm.slice(4)}`;
    const aim = '1 million messages/s';
    return result(work, rateText(us, messages), us.median, aim, rate >= 1_000_000);
  });

const ndjson: Row = (context) => {
  const { shelf, messages, runs, memoryFolder } = context;
  const large = shelf.bulk({ messages });
  const small = shelf.bulk({ messages: Math.ceil(messages / 10) });
  const ours = { command: read(context, large, '-T', 'ndjson'), messages };
  const theirs = { command: tshark(small, '-T', 'ek'), messages: small.messages };
  return [against('-T ndjson, all deciphered (tshark: -T ek)', ours, theirs, 40, runs, join(memoryFolder, 'out'))];
};

const text: Row = (context) => {
  const { shelf, messages, runs } = context;
  const capture = shelf.bulk({ messages });
  const ours = { command: read(context, capture), messages };
  return [against('-T text, all deciphered', ours, { command: tshark(capture), messages }, 1, runs)];
};

const ek: Row = (context) => {
  const { shelf, messages, runs, memoryFolder } = context;
  const capture = shelf.bulk({ messages: Math.ceil(messages / 10) });
  const side = (command: readonly string[]) => ({ command, messages: capture.messages });
  const ours = side(read(context, capture, '-T', 'ek'));
  const theirs = side(tshark(capture, '-T', 'ek'));
  return [against('-T ek, all deciphered', ours, theirs, 5, runs, join(memoryFolder, 'out'))];
};

/** tshark prints a third of the octets there, since it deciphers nothing. */
const trees: Row = (context) => {
  const { shelf, messages, runs, memoryFolder } = context;
  const capture = shelf.bulk({ messages: Math.ceil(messages / 10) });
  const side = (command: readonly string[]) => ({ command, messages: capture.messages });
  const row = (aim: number, ...options: readonly string[]): RowResult => {
    const [ours, theirs] = [side(read(context, capture, ...options)), side(tshark(capture, ...options))];
    return against(`${options.join(' ')}, all deciphered`, ours, theirs, aim, runs, join(memoryFolder, 'out'));
  };
  return [row(1.5, '-T', 'json'), row(0.5, '-V')];
};

const fields: Row = (context) => {
  const { shelf, messages, runs } = context;
  const capture = shelf.bulk({ messages });
  const options = ['-T', 'fields', ...COLUMNS.flatMap((column) => ['-e', column]), '-Y', FILTER];
  const ours = { command: read(context, capture, ...options), messages };
  return [against('-T fields -Y, 4 columns', ours, { command: tshark(capture, ...options), messages }, 10, runs)];
};

const memory: Row = (context) => [1, 10].map((times): RowResult => memoryResult(context, times * context.messages));

/** Fifty times the messages: a file of 8 GB where there are a million. Only when asked for by name. */
const memoryLarge: Row = (context) => [memoryResult(context, 50 * context.messages)];

function memoryResult(context: BenchContext, messages: number): RowResult {
  const capture = context.shelf.bulk({ messages });
  const us = once(judged(context, capture), 1);
  if (messages > context.messages) context.shelf.drop(capture);
  const work = `memory, ${messages} frames`;
  return result(work, rateText(us, messages), us.peakMib, `below ${MEMORY_MIB} MiB`, known(us.peakMib, MEMORY_MIB));
}

const senders: Row = (context) => {
  const { shelf, messages, runs } = context;
  const many = shelf.bulk({ messages, senders: 200_000, groups: 2000, pgksPerGroup: 8 });
  const captures = [shelf.bulk({ messages }), many];
  const [few, us] = measureInTurn(
    captures.map((capture) => judged(context, capture)),
    runs,
  );
  const within = us.median <= 3 * few.median;
  const small = known(us.peakMib, MANY_SENDERS_MIB);
  const aim = `3 times the time of 200 senders, below ${MANY_SENDERS_MIB} MiB`;
  const reached = small === null ? null : within && small;
  return [slower('200,000 senders, 2,000 groups, 8 PGKs each', us, messages, few.median, aim, reached)];
};

const worst: Row = (context) => {
  const { shelf, messages, runs } = context;
  const captures = [{}, { unknownKeyShare: 1 }, { freshPtkIds: true }].map((other) =>
    shelf.bulk({ messages, ...other }),
  );
  const [usual, unknown, fresh] = measureInTurn(
    captures.map((capture) => judged(context, capture)),
    runs,
  );
  const normal = usual.median;
  const aim = (times: number) => `${times} times the normal time`;
  return [
    slower('every message under an unknown key', unknown, messages, normal, aim(3), unknown.median <= 3 * normal),
    slower('every message with a fresh PTK id', fresh, messages, normal, aim(8), fresh.median <= 8 * normal),
  ];
};

const start: Row = async (context) => {
  const [capture, keyring] = context.sample;
  const ours = median(await firstOutput([...context.sidescope, 'read', capture, '--keyring', keyring], STARTS));
  const node = median(await firstOutput([process.execPath, '-p', '0'], STARTS));
  const milliseconds = `${Math.round(ours * 1000)} ms`;
  const made = result('start to first line, small capture', milliseconds, ours, 'below 150 ms', ours < 0.15);
  return [{ ...made, peer: `node alone ${Math.round(node * 1000)} ms`, ratio: node / ours }];
};

const rules: Row = (context) => {
  const capture = context.shelf.bulk({ messages: context.messages });
  const cost = (mode: string) =>
    once([...context.script('rules-cost'), mode, capture.path, capture.keyring], context.runs).median;
  const share = 1 - cost('engine') / cost('rules');
  const percent = `${Math.round(share * 100)} %`;
  // Rules that cost nothing were not measured, but the noise of the machine.
  return [result('share of the rules in the time', percent, share, 'below 40 %', share > 0 ? share < 0.4 : null)];
};

function result(work: string, ours: string, value: number, aim: string, reached: boolean | null): RowResult {
  return { work, ours, value, peer: '', ratio: Number.NaN, aim, reached };
}

function slower(
  work: string,
  us: Measurement,
  messages: number,
  normal: number,
  aim: string,
  reached: boolean | null,
): RowResult {
  const peer = `${(us.median / normal).toFixed(1)} times ${normal.toFixed(2)} s`;
  return { ...result(work, rateText(us, messages), us.median, aim, reached), peer, ratio: normal / us.median };
}

function known(mib: number, most: number): boolean | null {
  return Number.isNaN(mib) ? null : mib < most;
}

/** All rows; those of `ON_REQUEST` only when named. */
export const ROWS: Readonly<Record<string, Row>> = {
  ...{ eea2: readEea2, 'eea1-eea3': readOthers, ndjson, text, ek, trees, fields },
  ...{ memory, 'memory-50': memoryLarge, senders, worst, start, live: liveRow, rules },
};

/** Rows that take long or much room. */
export const ON_REQUEST: readonly string[] = ['memory-50'];
