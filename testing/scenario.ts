// The scenario format sidescope-scenario/1: who is there, which keys they hold, and what happens on a time line.
// docs/testing.md is its reference.

import type { EpochStateName } from '../daemon/events.ts';
import { LINK_TYPES, LinkKind, linkKind } from '../dissectors/registry.ts';
import { CIPHER_ALGORITHMS, type CipherAlgorithm } from '../dissectors/security/algorithm.ts';
import { ABOVE_INFO } from './expected.ts';
import { findingName, findingShape, layer2Id } from './scenario-findings.ts';
import * as read from './scenario-reader.ts';
import { readDocument, type Spot, wrongAt } from './scenario-reader.ts';
import { stepShape } from './scenario-steps.ts';
import { addressOctets } from './text-forms.ts';

/** Name of the format. */
export const SCENARIO_FORMAT = 'sidescope-scenario/1';

/** We chose. */
const MOST_GROUPS = 256;
const MOST_RADIOS = 4096;
const MOST_STEPS = 10_000;

const keyHex = read.textAs('64 hex digits', (text) => (/^[0-9a-f]{64}$/i.test(text) ? text.toLowerCase() : null));
const idHex = read.textAs('pairs of hex digits', (text) =>
  /^([0-9a-f]{2})+$/i.test(text) ? text.toLowerCase() : null,
);
const address = read.textAs('an IPv4 or IPv6 address', (text) => (addressOctets(text) === null ? null : text));
const algorithm: read.Shape<CipherAlgorithm> = read.word(CIPHER_ALGORITHMS);
/** Milliseconds since 1970 of RFC 3339 text in UTC, to the millisecond. */
const instant = read.textAs('an instant: RFC 3339, UTC, whole milliseconds', (text) => {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3}0*)?Z$/.test(text)) return null;
  const milliseconds = Date.parse(text);
  const same = !Number.isNaN(milliseconds) && new Date(milliseconds).toISOString().startsWith(text.slice(0, 19));
  return same ? milliseconds : null;
});

const memberShape = read.object({
  id: read.required(layer2Id),
  name: read.maybe(read.name),
  addresses: read.withDefault(read.list(address), []),
  from: read.maybe(instant),
  until: read.maybe(instant),
});

const keyShape = read.object({
  id: read.required(read.whole(0, 255)),
  key: read.maybe(keyHex),
  algorithm: read.maybe(algorithm),
  notBefore: read.maybe(instant),
  notAfter: read.maybe(instant),
  revokedAt: read.maybe(instant),
  compromisedAt: read.maybe(instant),
  suspendedAt: read.maybe(instant),
  resumedAt: read.maybe(instant),
  destroyedAt: read.maybe(instant),
  held: read.withDefault(read.flag, true),
});

const groupShape = read.object({
  id: read.required(layer2Id),
  name: read.required(read.name),
  algorithm: read.withDefault(algorithm, '128-EEA2'),
  protection: read.withDefault(read.word(['required', 'optional', 'none']), 'required'),
  derivation: read.withDefault(read.word(['ts33303', 'ts33303-no-group', 'direct']), 'ts33303'),
  multicast: read.withDefault(read.list(address), []),
  version: read.withDefault(read.whole(1, 3), 1),
  listed: read.withDefault(read.flag, true),
  members: read.withDefault(read.list(memberShape), []),
  keys: read.withDefault(read.list(keyShape), []),
});

const radioShape = read.object({
  name: read.required(read.name),
  id: read.required(layer2Id),
  group: read.required(read.name),
  lcid: read.withDefault(read.whole(1, 20), 3),
  ptkId: read.maybe(read.whole(0, 65_535)),
  sn: read.maybe(read.whole(0, 65_535)),
  address: read.maybe(address),
  ssrc: read.maybe(read.whole(0, 0xffff_ffff)),
  interface: read.maybe(read.name),
});

/** How an interface wraps MAC PDUs, and the link type it has where the scenario names none. */
export const FRAMINGS = {
  'mac-lte-framed': 147,
  srsran: 149,
  'exported-pdu': 252,
  'udp-ethernet': 1,
  'udp-ip': 101,
  'gsmtap-2': 1,
  'gsmtap-3': 1,
} as const;

/** A name of `FRAMINGS`. */
export type FramingName = keyof typeof FRAMINGS;

const interfaceShape = read.object({
  name: read.required(read.name),
  framing: read.withDefault(read.word(Object.keys(FRAMINGS) as FramingName[]), 'mac-lte-framed'),
  linkType: read.maybe(read.whole(0, 0xffff)),
  resolution: read.maybe(read.word(['microseconds', 'nanoseconds'])),
});

const captureShape = read.object({
  container: read.withDefault(read.word(['pcap', 'pcapng']), 'pcapng'),
  resolution: read.withDefault(read.word(['microseconds', 'nanoseconds']), 'nanoseconds'),
  interfaces: read.withDefault(read.list(interfaceShape, 64), []),
  cutAtEnd: read.withDefault(read.whole(0, 1_000_000), 0),
});

const pmkShape = read.object({
  id: read.required(idHex),
  key: read.maybe(keyHex),
  member: read.maybe(layer2Id),
  held: read.withDefault(read.flag, true),
});

const EPOCH_STATES = [
  'staged',
  'active',
  'overlap',
  'suspended',
  'expired',
  'revoked',
  'compromised',
  'destroyed',
] as const satisfies readonly EpochStateName[];

const epochShape = read.object({
  group: read.required(read.name),
  pgkId: read.required(read.whole(0, 255)),
  state: read.required(read.oneOrMore(read.word(EPOCH_STATES))),
});

/** The name of a finding, or all above `info`. */
const forbiddenName: read.Shape<string> = (spot) => (spot.node.value === ABOVE_INFO ? ABOVE_INFO : findingName(spot));

const scenarioShape = read.object({
  format: read.required(read.word([SCENARIO_FORMAT])),
  name: read.required(read.name),
  about: read.withDefault(read.prose, ''),
  seed: read.required(read.name),
  start: read.required(instant),
  capture: read.withDefault(captureShape, {
    container: 'pcapng' as const,
    resolution: 'nanoseconds' as const,
    interfaces: [],
    cutAtEnd: 0,
  }),
  groups: read.required(read.list(groupShape, MOST_GROUPS)),
  radios: read.required(read.list(radioShape, MOST_RADIOS)),
  pmks: read.withDefault(read.list(pmkShape), []),
  steps: read.required(read.list(stepShape, MOST_STEPS)),
  findings: read.withDefault(read.list(findingShape), []),
  allowed: read.withDefault(read.list(findingShape), []),
  forbidden: read.withDefault(read.list(forbiddenName), [] as readonly string[]),
  epochs: read.withDefault(read.list(epochShape), []),
  args: read.withDefault(read.list(read.prose), []),
});

/** A scenario, checked and with every default filled in. */
export type Scenario = ReturnType<typeof scenarioShape>;
export type ScenarioGroup = Scenario['groups'][number];
export type ScenarioKey = ScenarioGroup['keys'][number];
export type ScenarioRadio = Scenario['radios'][number];
export type ScenarioInterface = Scenario['capture']['interfaces'][number];

/**
 * Reads a scenario file.
 *
 * @param file its name, for error messages
 * @throws SidescopeError `scenario.*` with the place of what is wrong, exit code 2
 */
export function parseScenario(text: string, file = 'scenario.json'): Scenario {
  return readDocument(text, file, (spot) => {
    const scenario = scenarioShape(spot);
    checkNames(scenario, spot);
    return scenario;
  });
}

/** What no single value shows: names that are used twice, and names that nothing bears. */
function checkNames(scenario: Scenario, spot: Spot): void {
  const groups = uniqueNames(spot, 'groups', scenario.groups);
  const radios = uniqueNames(spot, 'radios', scenario.radios);
  const interfaces = uniqueNames(spot, 'capture.interfaces', scenario.capture.interfaces);
  const known = (at: string, what: string, name: string | null, names: ReadonlySet<string>): void => {
    if (name === null || names.has(name)) return;
    throw wrongAt(below(spot, at), 'unknown-name', `names no ${what} of this scenario`, listOf(what, names));
  };
  scenario.radios.forEach((radio, index) => {
    known(`radios[${index}].group`, 'group', radio.group, groups);
    known(`radios[${index}].interface`, 'interface', radio.interface, interfaces);
  });
  scenario.epochs.forEach(({ group }, index) => {
    known(`epochs[${index}].group`, 'group', group, groups);
  });
  const labels = new Set<string>();
  scenario.steps.forEach((step, index) => {
    const at = `steps[${index}]`;
    if ('radio' in step) known(`${at}.radio`, 'radio', step.radio, radios);
    if ('interface' in step) known(`${at}.interface`, 'interface', step.interface, interfaces);
    if ('group' in step) known(`${at}.group`, 'group', step.group, groups);
    if (step.do === 'replay') known(`${at}.step`, 'earlier labelled step', step.step, labels);
    if (step.do === 'talk' || step.do === 'send') {
      known(`${at}.key.group`, 'group', step.key?.group ?? null, groups);
      known(`${at}.wire.interface`, 'interface', step.wire.interface, interfaces);
      known(`${at}.again`, 'earlier labelled step', step.again, labels);
      for (const copy of step.copies) known(`${at}.copies`, 'interface', copy.interface, interfaces);
    }
    if (step.label === null) return;
    if (labels.has(step.label)) {
      throw wrongAt(below(spot, `${at}.label`), 'duplicate-name', 'is the label of an earlier step', 'Choose another');
    }
    labels.add(step.label);
  });
  scenario.capture.interfaces.forEach(({ framing, linkType }, index) => {
    if (linkType === null) return;
    const kind = linkKind(linkType);
    // What readers do not know is what some noise wants.
    if (kind === LinkKind.unknown || kind === linkKind(FRAMINGS[framing])) return;
    const where = below(spot, `capture.interfaces[${index}].linkType`);
    const fitting = LINK_TYPES.filter((one) => one.kind === linkKind(FRAMINGS[framing])).map((one) => one.linkType);
    const what = `is the link type of other frames than those that ${framing} makes`;
    throw wrongAt(where, 'wrong-value', what, `Leave it out, or take one of ${fitting.join(', ')}`);
  });
  if (scenario.capture.container === 'pcap' && scenario.capture.interfaces.length > 1) {
    const where = below(spot, 'capture.interfaces');
    throw wrongAt(where, 'wrong-value', 'has several interfaces, and pcap holds one', 'Use the container pcapng');
  }
}

function uniqueNames(spot: Spot, at: string, entries: readonly { readonly name: string }[]): Set<string> {
  const names = new Set<string>();
  entries.forEach(({ name }, index) => {
    if (names.has(name)) {
      const where = below(spot, `${at}[${index}].name`);
      throw wrongAt(where, 'duplicate-name', 'stands at an earlier entry too', 'Give each a name of its own');
    }
    names.add(name);
  });
  return names;
}

function listOf(what: string, names: ReadonlySet<string>): string {
  if (names.size === 0) return `There is no ${what}`;
  return `There are ${[...names].slice(0, 8).join(', ')}${names.size > 8 ? ', and more' : ''}`;
}

/** The place of a value below another, or of the nearest one above it that is there. */
function below(spot: Spot, path: string): Spot {
  let { node } = spot;
  for (const part of path.split(/[.[\]]+/).filter((text) => text !== '')) {
    const children = node.children ?? [];
    const next =
      node.type === 'array'
        ? children[Number(part)]
        : children.find(({ children: pair }) => pair?.[0]?.value === part)?.children?.[1];
    if (next === undefined) break;
    node = next;
  }
  return { node, path, source: spot.source };
}
