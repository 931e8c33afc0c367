// The public face of `sidescope/testing`: synthesise captures from scenarios, analyse captures, match their records.

export type {
  Confidence,
  EpochEvent,
  FindingEvent,
  KeyEvent,
  MessageEvent,
  Severity,
  SidescopeEvent,
  SummaryEvent,
  Verdict,
} from '../daemon/events.ts';
export type { FindingName } from '../daemon/findings/finding-names.ts';
export { type Analysed, type AnalyseOptions, analyse } from './analyse.ts';
export { type BulkCapture, type BulkOptions, writeBulkCapture } from './bulk.ts';
export { type CompareOptions, compareExpected } from './compare-expected.ts';
export type {
  Expected,
  ExpectedEpoch,
  ExpectedFinding,
  ExpectedKey,
  ExpectedMessage,
  OneOf,
} from './expected.ts';
export {
  type Events,
  type FindingScope,
  type MatcherResult,
  type SidescopeMatchers,
  sidescopeMatchers,
  toDecipherEvery,
  toHaveFinding,
  toHaveNoFindings,
} from './matchers.ts';
export { parseScenario, type Scenario } from './scenario.ts';
export { runSynth, type SynthOptions } from './synth-files.ts';
export { type Synthesis, synthesise } from './synthesise.ts';
