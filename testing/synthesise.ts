// A scenario becomes a capture, the keyring for it, and what a faithful reader says about it.

import { ExitCode, SidescopeError } from '../daemon/errors.ts';
import { parseKeyring } from '../daemon/keyring/keyring-file.ts';
import { OUTCOME_NAMES, type OutcomeName } from '../dissectors/walk-table.ts';
import { EXPECTED_FORMAT, type Expected, type ExpectedFinding, type ExpectedMessage } from './expected.ts';
import { type FrameRecord, writeCapture } from './frame-records.ts';
import { type GroundTruth, groundTruth } from './ground-truth.ts';
import type { Scenario } from './scenario.ts';
import type { DeclaredFinding } from './scenario-findings.ts';
import { layer2Hex } from './text-forms.ts';
import { interfacesOf, runSteps } from './timeline.ts';
import { World } from './world.ts';

/** The specification says: exit code for a damaged or cut input (interfaces 1). */
const EXIT_DAMAGED = 3;

/** What a scenario makes. */
export interface Synthesis {
  /** The capture file. */
  readonly capture: Uint8Array;
  /** Name of the file: `capture.pcap` or `capture.pcapng`. */
  readonly captureName: string;
  /** keyring.json, for JSON.stringify. */
  readonly keyring: Readonly<Record<string, unknown>>;
  /** expected.json. */
  readonly expected: Expected;
}

/**
 * Makes a capture, its keyring and its expected events. The same scenario gives the same octets on every machine.
 *
 * @throws SidescopeError `scenario.*` where a step asks for what cannot be, e.g. a valid key that is not there
 */
export function synthesise(scenario: Scenario): Synthesis {
  const world = new World(scenario);
  const keyring = world.keyring();
  checkKeyring(keyring);
  const interfaces = interfacesOf(world);
  const arrivals = runSteps(world, interfaces);
  const { octets, records, wholeFrames } = writeCapture(scenario, interfaces, arrivals);
  const truth = groundTruth(world, records);
  const cut = scenario.capture.cutAtEnd > 0;
  const expected: Expected = {
    format: EXPECTED_FORMAT,
    case: scenario.name,
    about: scenario.about,
    useKeyring: true,
    args: scenario.args,
    exit: [cut ? EXIT_DAMAGED : 0],
    frames: cut ? null : records.length,
    exactMessages: true,
    accounting: true,
    undecoded: cut ? {} : undecodedRanges(truth),
    forbidden: scenario.forbidden,
    findings: [
      ...(truth.copies
        ? [{ name: 'capture.duplicate', group: null, source: null, severities: ['info' as const] }]
        : []),
      ...declared(world, records, 'expect'),
    ],
    allowed: declared(world, records, 'allow'),
    keys: truth.keys.filter(({ frame }) => frame <= wholeFrames),
    epochs: scenario.epochs.map(({ group, pgkId, state }) => ({
      group: layer2Hex(world.group(group).id),
      pgkId,
      state,
    })),
    messages: truth.messages.map((message) => withoutCut(message, wholeFrames)),
  };
  const captureName = `capture.${scenario.capture.container}`;
  return { capture: octets, captureName, keyring, expected };
}

/** Refuses what makes a keyring that every reader refuses, such as two groups of one id. */
function checkKeyring(keyring: Readonly<Record<string, unknown>>): void {
  try {
    parseKeyring(JSON.stringify(keyring, null, 1), 'keyring.json');
  } catch (error) {
    if (!(error instanceof SidescopeError)) throw error;
    const message = `the keyring of this scenario would be refused: ${error.message}`;
    throw new SidescopeError('scenario.wrong-keyring', message, error.hint, ExitCode.usage);
  }
}

/** Messages behind the cut may be left out. */
function withoutCut(message: ExpectedMessage, wholeFrames: number): ExpectedMessage {
  return message.frame <= wholeFrames ? message : { ...message, optional: true };
}

function undecodedRanges(truth: GroundTruth): Expected['undecoded'] {
  const ranges: Partial<Record<OutcomeName, readonly [number, number]>> = {};
  for (const name of OUTCOME_NAMES) {
    const count = truth.undecoded.get(name) ?? 0;
    const segments = name === 'lost-reassembly' || name === 'pending-reassembly' ? truth.segments : 0;
    const framingCut = name === 'not-sidelink' || name === 'malformed' ? truth.framingCut : 0;
    ranges[name] = [count, count + segments + framingCut];
  }
  return ranges;
}

/** Findings that steps declare, with the frames of the step, then those of the scenario as a whole. */
function declared(world: World, records: readonly FrameRecord[], member: 'expect' | 'allow'): ExpectedFinding[] {
  const { steps, findings, allowed } = world.scenario;
  const framesOf = steps.map((): number[] => []);
  for (const { arrival, frame } of records) framesOf[arrival.step].push(frame);
  const ofSteps = steps.flatMap((step, index) => {
    const radio = 'radio' in step ? world.radio(step.radio) : null;
    const about = {
      source: radio === null ? null : layer2Hex(radio.id),
      group: radio === null ? null : layer2Hex(radio.group.id),
      frames: framesOf[index],
    };
    return step[member].map((finding) => expectedFinding(world, finding, about));
  });
  const nothing = { source: null, group: null, frames: [] };
  const ofAll = (member === 'expect' ? findings : allowed).map((finding) => expectedFinding(world, finding, nothing));
  return [...ofSteps, ...ofAll];
}

function expectedFinding(
  world: World,
  finding: DeclaredFinding,
  about: { readonly source: string | null; readonly group: string | null; readonly frames: readonly number[] },
): ExpectedFinding {
  const group = finding.group === null ? about.group : layer2Hex(world.group(finding.group).id);
  const source = finding.source === null ? about.source : layer2Hex(finding.source);
  return {
    name: finding.finding.length === 1 ? finding.finding[0] : finding.finding,
    group: finding.anywhere ? null : group,
    source: finding.anywhere ? null : source,
    frames: about.frames,
    ...(finding.severities.length > 0 && { severities: finding.severities }),
    ...(finding.confidences.length > 0 && { confidences: finding.confidences }),
  };
}
