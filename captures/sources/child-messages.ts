// What capture programs and ssh say on standard error, turned into problems and counts.

import type { SourceProblem } from './live-source.ts';
import { type SourceProblemCode, sourceProblem } from './source-problems.ts';

/** Constants we chose. */
/** Lines kept of what a child says, and characters of each; earlier lines and what is longer are forgotten. */
const KEPT_LINES = 32;
const KEPT_CHARACTERS = 400;
/** Characters of a line that go into a problem. */
const SHOWN_CHARACTERS = 200;

/** As dumpcap 4.0 to 4.6, tcpdump 4.99 with libpcap 1.10, OpenSSH 9 and env(1) say it in the C locale. */
const TROUBLES: readonly (readonly [RegExp, SourceProblemCode])[] = [
  [/permission denied \((?:publickey|password|keyboard|gssapi|hostbased)/i, 'source.login-refused'],
  [/host key verification failed|too many authentication failures|no matching host key/i, 'source.login-refused'],
  [
    /could not resolve hostname|name or service not known|connection (?:refused|timed out|closed|reset)/i,
    'source.unreachable',
  ],
  [/no route to host|network is unreachable|broken pipe$|timeout, server .* not responding/i, 'source.unreachable'],
  [
    /do(?:es)? ?n[o']t have permission|operation not permitted|permission denied|not allowed to/i,
    'source.no-permission',
  ],
  [
    /invalid capture filter|can't parse filter|isn't a valid capture filter|syntax error in filter/i,
    'source.filter-refused',
  ],
  [/no such device|there is no (?:device|interface) named|does not exist|no interface/i, 'source.no-such-interface'],
  [
    /is not up|network is down|interface (?:went down|disappeared)|no longer (?:attached|running)/i,
    'source.interface-down',
  ],
  [/no such file or directory|command not found|not found$/i, 'source.no-such-program'],
];

/** What no trouble is: what programs say at every start and end. */
const SMALL_TALK =
  /^(?:capturing on |file: |packets (?:captured|received)|\d+ packets? (?:captured|received|dropped)|tcpdump: (?:listening on|verbose output|data link type|\d+ packets? captured))/i;

/** Packets lost, as dumpcap says it when it ends, for each interface: received/dropped. */
const DUMPCAP_DROPS = /^Packets received\/dropped on interface .*: \d+\/(\d+)/;
/** The same of tcpdump, when it ends or is asked: of the kernel, then of the interface. */
const TCPDUMP_DROPS = /(\d+) packets? dropped by (kernel|interface)/g;

/** What one child has said. */
export class ChildMessages {
  readonly #lines: string[] = [];
  #unfinished = '';
  /** Lost packets by who lost them. */
  readonly #drops = new Map<string, number>();
  #troubled: { readonly code: SourceProblemCode; readonly line: string } | null = null;
  readonly #decoder = new TextDecoder();

  /** Takes octets as they come. */
  take(octets: Uint8Array): void {
    const lines = (this.#unfinished + this.#decoder.decode(octets, { stream: true })).split(/[\r\n]+/);
    this.#unfinished = (lines.pop() ?? '').slice(0, KEPT_CHARACTERS);
    for (const line of lines) this.#takeLine(line);
  }

  /** Takes what came without the end of a line. */
  end(): void {
    this.#takeLine(this.#unfinished);
    this.#unfinished = '';
  }

  /** Packets that it says were lost, or null where it has said nothing of it. */
  get dropped(): number | null {
    if (this.#drops.size === 0) return null;
    return [...this.#drops.values()].reduce((sum, count) => sum + count, 0);
  }

  /** What it says is wrong, where we know it; else the last it said; null where it said nothing. */
  trouble(who: string): SourceProblem | null {
    if (this.#troubled !== null) {
      return sourceProblem(this.#troubled.code, `${who} says: ${this.#troubled.line}`);
    }
    const last = this.#lines.at(-1);
    return last === undefined ? null : sourceProblem('source.program-failed', `${who} says: ${last}`);
  }

  #takeLine(given: string): void {
    const line = printable(given).trim().slice(0, KEPT_CHARACTERS);
    if (line === '') return;
    this.#count(line);
    if (SMALL_TALK.test(line)) return;
    this.#lines.push(line.slice(0, SHOWN_CHARACTERS));
    if (this.#lines.length > KEPT_LINES) this.#lines.shift();
    if (this.#troubled !== null) return;
    const known = TROUBLES.find(([pattern]) => pattern.test(line));
    if (known !== undefined) this.#troubled = { code: known[1], line: line.slice(0, SHOWN_CHARACTERS) };
  }

  #count(line: string): void {
    const ofDumpcap = DUMPCAP_DROPS.exec(line);
    if (ofDumpcap !== null) {
      this.#drops.set(line.slice(0, line.lastIndexOf(': ')), Number(ofDumpcap[1]));
      return;
    }
    for (const [, count, who] of line.matchAll(TCPDUMP_DROPS)) this.#drops.set(who, Number(count));
  }
}

/** Text without characters that move a cursor or change a terminal. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ');
}
