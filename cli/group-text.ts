// What `sidescope group` prints. Never a key.

import type { GroupCosts, GroupPlan } from '../daemon/keying/group-desk.ts';
import type { GroupView, ManagerView } from '../daemon/keying/group-view.ts';
import type { RekeyCost, RekeyPlan } from '../daemon/keying/rekey-plan.ts';
import { layer2IdText } from '../daemon/keyring/keyring.ts';
import { formatDuration } from '../daemon/time.ts';
import { printable, printableJson } from '../dissectors/printable.ts';
import { aligned } from './columns.ts';

/** We chose: messages and members that text lists one by one; JSON has all of them. */
const LISTED = 20;

/** A plan, as text. @param isDone whether it was carried out */
export function planText({ name, plan }: GroupPlan, isDone: boolean): string {
  const what = isDone ? plan.operation : `${plan.operation}, planned`;
  const lines = [`group ${layer2IdText(plan.group)} ${printable(name)}: ${what}; ${plan.members} members\n`];
  if (plan.changeover !== null) lines.push(`new PGKs come into use at ${second(plan.changeover)}\n`);
  lines.push('\n', costTable(plan.costs, plan.scheme));
  if (plan.pgks.length > 0) {
    const rows = plan.pgks.map((pgk) => [
      String(pgk.pgkId),
      pgk.change,
      second(pgk.notBefore),
      pgk.change === 'withdrawn' ? 'never' : second(pgk.notAfter),
    ]);
    lines.push('\n', aligned(['pgk', 'change', 'from', 'until'], rows));
  }
  if (plan.exposure.length > 0) lines.push('\n', exposureText(plan));
  for (const { member, group: other } of plan.elsewhere) {
    lines.push(`${layer2IdText(member)} stays in group ${layer2IdText(other)} and reads everything there\n`);
  }
  for (const warning of plan.warnings) lines.push(`warning: ${warning}\n`);
  return lines.join('');
}

/** Costs of several operations by both schemes, side by side. */
export function costsText(group: GroupView, { plans }: GroupCosts): string {
  const header = ['operation', 'individual', '', '', 'lkh', '', ''];
  const rows = plans.map(({ name, plan }) => [name, ...plan.costs.flatMap(costCells)]);
  const size = `group ${layer2IdText(group.id)} ${printable(group.name)}: ${group.members.length} members, ${group.policy.scheme}\n`;
  return `${size}\n${aligned(header, rows)}`;
}

/** A plan as an object for JSON. */
export function planObject(plan: RekeyPlan): Record<string, unknown> {
  return {
    operation: plan.operation,
    group: layer2IdText(plan.group),
    scheme: plan.scheme,
    at: second(plan.at),
    changeover: plan.changeover === null ? null : second(plan.changeover),
    members: plan.members,
    costs: plan.costs.map(costObject),
    pgks: plan.pgks.map(({ pgkId, change, notBefore, notAfter }) => {
      return { pgkId, change, notBefore: second(notBefore), notAfter: second(notAfter) };
    }),
    exposure: plan.exposure.map(({ member, pgkId, from, until, unreached }) => ({
      member: layer2IdText(member),
      pgkId,
      from: second(from),
      until: until === null ? null : second(until),
      unreached: second(unreached),
    })),
    elsewhere: plan.elsewhere.map(({ member, group }) => ({
      member: layer2IdText(member),
      group: layer2IdText(group),
    })),
    messages: plan.messages.map(({ to, kind, octets, through }) => {
      return { to: to === null ? null : layer2IdText(to), kind, octets, seconds: through / 1000 };
    }),
    warnings: plan.warnings,
  };
}

/** An object as the whole output. */
export function jsonText(type: string, value: Record<string, unknown>): string {
  return `${printableJson({ v: 1, type, ...value }, 2)}\n`;
}

/** The manager as an entry of `managers` in a member's keyring; null before its first group. */
export function managerObject({ name, publicKey }: ManagerView): Record<string, unknown> | null {
  return publicKey === null ? null : { name, ed25519: publicKey };
}

/** All groups of a manager. */
export function groupsText({ name, publicKey, groups, now }: ManagerView): string {
  if (publicKey === null) return 'no groups; the manager gets its key with the first one\n';
  const key = `manager ${printable(name)}, Ed25519 public key ${publicKey}\n`;
  const header = ['group', 'name', 'scheme', 'members', 'pgk', 'valid', 'ahead', 'removed read for up to'];
  const rows = groups.map((group) => {
    const { valid, staged, readOn } = standing(group, now);
    const cells = [layer2IdText(group.id), group.name, group.policy.scheme, String(group.members.length)];
    return [...cells, valid.map((pgk) => pgk.pgkId).join(' '), String(valid.length), String(staged.length), readOn];
  });
  return `${key}\n${aligned(header, rows)}`;
}

/** One group in full. */
export function groupText(group: GroupView, now: number): string {
  const { period, overlap, ahead, scheme } = group.policy;
  const { readOn } = standing(group, now);
  const lines = [
    `group ${layer2IdText(group.id)} ${printable(group.name)}: ${group.algorithm}, ${scheme}\n`,
    `a PGK every ${formatDuration(period)}, ${formatDuration(overlap)} overlap, ${ahead} ahead\n`,
    `who is removed without a rotation reads on for up to ${readOn}\n\n`,
  ];
  const pgks = group.pgks.map((pgk) => {
    const state = pgk.isSuspended ? 'suspended' : pgk.notBefore > now ? 'staged' : 'active';
    return [String(pgk.pgkId), state, second(pgk.notBefore), second(pgk.notAfter)];
  });
  lines.push(pgks.length === 0 ? 'no PGK\n' : aligned(['pgk', 'state', 'from', 'until'], pgks), '\n');
  const { members } = group;
  const rows = members.slice(0, LISTED).map(({ id, name }) => [layer2IdText(id), name]);
  if (rows.length > 0) lines.push(aligned(['member', 'name'], rows));
  if (members.length > LISTED) lines.push(`and ${members.length - LISTED} more (-T json has all)\n`);
  return lines.join('');
}

/** One group as an object for JSON. */
export function groupObject(group: GroupView, now: number): Record<string, unknown> {
  const { scheme, arity, period, overlap, ahead } = group.policy;
  return {
    id: layer2IdText(group.id),
    name: group.name,
    algorithm: group.algorithm,
    scheme,
    ...(group.revision === null ? {} : { arity, revision: group.revision }),
    periodSeconds: period / 1000,
    overlapSeconds: overlap / 1000,
    ahead,
    removalLatencySeconds: lastEnd(group, now) / 1000,
    pgks: group.pgks.map(({ pgkId, notBefore, notAfter, isSuspended }) => {
      return { pgkId, notBefore: second(notBefore), notAfter: second(notAfter), suspended: isSuspended };
    }),
    members: group.members.map(({ id, name }) => ({ id: layer2IdText(id), name })),
  };
}

function costTable(costs: readonly RekeyCost[], used: string): string {
  const rows = costs.map((cost) => {
    const name = cost.scheme + (cost.scheme === used ? ' (used)' : '');
    return [name, String(cost.messages), String(cost.octets), formatDuration(cost.latency)];
  });
  return aligned(['scheme', 'messages', 'octets', 'time'], rows);
}

function costCells({ messages, octets, latency }: RekeyCost): string[] {
  return [`${messages} message${messages === 1 ? '' : 's'}`, `${octets} octets`, formatDuration(latency)];
}

function costObject({ scheme, messages, octets, latency }: RekeyCost): Record<string, unknown> {
  return { scheme, messages, octets, seconds: latency / 1000 };
}

function exposureText(plan: RekeyPlan): string {
  const isPast = plan.operation === 'add';
  const shown = plan.exposure.slice(0, LISTED);
  const rows = shown.map(({ member, pgkId, from, until, unreached }) => {
    const reads = until === null ? 'nothing' : `${second(from)} to ${second(until)}`;
    const worst = isPast || unreached === until ? '' : second(unreached);
    return [layer2IdText(member), String(pgkId), reads, worst];
  });
  const last = isPast ? '' : 'from members that do not hear of it, until';
  const rest = plan.exposure.length - shown.length;
  const more = rest > 0 ? `and ${rest} more (-T json has all)\n` : '';
  return aligned(['member', 'pgk', isPast ? 'reads of the past' : 'reads on', last], rows) + more;
}

function standing(group: GroupView, now: number) {
  const valid = group.pgks.filter((pgk) => pgk.notBefore <= now && !pgk.isSuspended);
  const staged = group.pgks.filter((pgk) => pgk.notBefore > now);
  return { valid, staged, readOn: formatDuration(lastEnd(group, now)) };
}

/** Milliseconds until the last PGK that members hold has ended. */
function lastEnd({ pgks }: GroupView, now: number): number {
  return pgks.reduce((last, pgk) => Math.max(last, pgk.notAfter - now), 0);
}

function second(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}
