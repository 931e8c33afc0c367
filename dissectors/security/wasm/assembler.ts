// Writes small WebAssembly modules: enough of the binary format (WebAssembly core specification 1.0, chapter 5) for
// functions over 32-bit integers, floating point (doubles.ts), vectors (vector.ts) and one memory. A kernel is an ordinary
// function of this house that puts instructions together, so that its loops can be unrolled by a loop, and is built when it
// is first used: no file, no tool, no add-on. What a build has put together before is taken from there (kept-kernels.ts).

import { LITTLE_ENDIAN } from '../words.ts';
import { keptOctets } from './kept-kernels.ts';
import { PAGE_OCTETS, type SharedMemory } from './shared-memory.ts';

/** Instructions, as octets and as instructions within them: putting together copies nothing until all of it is written. */
export type Code = readonly (number | Code)[];

/** One exported function: it takes 32-bit integers and gives nothing. */
export interface KernelFunction {
  readonly name: string;
  /** Parameters; they are the first locals. */
  readonly parameters: number;
  /** Locals behind the parameters. */
  readonly locals: number;
  /** Locals of 128 bits behind those. */
  readonly vectors?: number;
  /** Locals of 64-bit floating point behind those. */
  readonly doubles?: number;
  readonly body: Code;
}

/** What a kernel gives: its memory and its functions. */
export interface Kernel {
  readonly memory: ArrayBuffer;
  readonly call: Readonly<Record<string, (...parameters: number[]) => void>>;
}

/** What is used of the host's object; the types for browsers would bring a thousand other names. */
declare const WebAssembly: {
  readonly Module: new (octets: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (
    module: object,
    imports?: Readonly<Record<string, Readonly<Record<string, object>>>>,
  ) => { readonly exports: Readonly<Record<string, unknown>> };
};

// The specification says (core specification 5.2 to 5.5).
const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const Section = { custom: 0, type: 1, import: 2, function: 3, memory: 5, export: 7, code: 10 } as const;
const MOST_PAGES = 65_536;
const I32 = 0x7f;
const F64 = 0x7c;
const V128 = 0x7b;
const FUNCTION_TYPE = 0x60;
const EXPORT_FUNCTION = 0;
const MEMORY = 2;
const SHARED = 3;
const END = 0x0b;
const NO_RESULT = 0x40;
/** Name of the module that memory is imported from. */
const HOST = 'host';
/** Custom section, and what of it is the name of the module (7.4.1): V8 has it in stacks and profiles, the build goes by it. */
const NAMES = 'name';
const NAME_OF_MODULE = 0;
const ALIGNED_16 = 1;
const ALIGNED_32 = 2;

export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number, value: Code): Code => [value, 0x21, ...unsigned(local)];
export const constant = (value: number): Code => [0x41, ...signed(value | 0)];
export const add = (...terms: readonly Code[]): Code => folded(0x6a, terms);
export const xor = (...terms: readonly Code[]): Code => folded(0x73, terms);
export const or = (...terms: readonly Code[]): Code => folded(0x72, terms);
export const and = (a: Code, b: Code): Code => [a, b, 0x71];
export const subtract = (a: Code, b: Code): Code => [a, b, 0x6b];
export const multiply = (a: Code, b: Code): Code => [a, b, 0x6c];
export const differ = (a: Code, b: Code): Code => [a, b, 0x47];
export const equal = (a: Code, b: Code): Code => [a, b, 0x46];
export const isZero = (a: Code): Code => [a, 0x45];
/** Whether `a` is below `b`, both without a sign. */
export const isBelow = (a: Code, b: Code): Code => [a, b, 0x49];
export const trailingZeros = (a: Code): Code => [a, 0x68];
export const shiftLeft = (a: Code, bits: number): Code => [a, ...constant(bits), 0x74];
export const shiftRight = (a: Code, bits: number): Code => [a, ...constant(bits), 0x76];
export const divideUnsigned = (a: Code, by: number): Code => [a, ...constant(by), 0x6e];
export const rotateRight = (a: Code, bits: number): Code => [a, ...constant(bits), 0x78];

/** The 32-bit word at an address and a fixed offset behind it. */
export const load = (address: Code, offset = 0): Code => [address, 0x28, ALIGNED_32, ...unsigned(offset)];
export const load8 = (address: Code, offset = 0): Code => [address, 0x2d, 0, ...unsigned(offset)];
export const load16 = (address: Code, offset = 0): Code => [address, 0x2f, ALIGNED_16, ...unsigned(offset)];
export const store8 = (address: Code, value: Code, offset = 0): Code => [address, value, 0x3a, 0, ...unsigned(offset)];
export const store16 = (address: Code, value: Code, offset = 0): Code => [
  address,
  value,
  0x3b,
  ALIGNED_16,
  ...unsigned(offset),
];
export const store = (address: Code, value: Code, offset = 0): Code => [
  address,
  value,
  0x36,
  ALIGNED_32,
  ...unsigned(offset),
];

/** Repeats `body` as long as `local` is below `limit` behind it. Runs at least once. */
export const repeatBelow = (local: number, limit: Code, body: Code): Code =>
  // loop, i32.lt_u, br_if to the loop, end.
  joined([0x03, NO_RESULT], body, get(local), limit, [0x49, 0x0d, 0, END]);

/** Runs `body` where a condition is not 0, and `otherwise` where it is. */
export const when = (condition: Code, body: Code, otherwise: Code = []): Code =>
  // if, else, end.
  joined(condition, [0x04, NO_RESULT], body, [0x05], otherwise, [END]);

/** Instructions one behind the other. */
export const joined = (...parts: readonly Code[]): Code => parts;

/** Repeats `body` as long as `local` is below `limit` before it. */
export const whileBelow = (local: number, limit: Code, body: Code): Code => [
  0x02,
  NO_RESULT,
  get(local),
  limit,
  // i32.ge_u, br_if behind the block.
  0x4f,
  0x0d,
  0,
  repeatBelow(local, limit, body),
  END,
];

/** Calls a function of the module by its place among them. */
export const invoke = (index: number, ...parameters: readonly Code[]): Code => [
  ...parameters,
  0x10,
  ...unsigned(index),
];

/** Leaves `whileBelow` where a condition is not 0; to be used in its body itself, not within `when` or another loop. */
export const leaveWhen = (condition: Code): Code => [condition, 0x0d, 1];

/** The module of these functions over one memory of `pages` times 64 KiB; without, over memory that threads share. */
function assemble(name: string, functions: readonly KernelFunction[], pages: number | null): Uint8Array<ArrayBuffer> {
  const types = functions.map(({ parameters }) => [
    FUNCTION_TYPE,
    ...vector(Array.from({ length: parameters }, () => [I32])),
    0,
  ]);
  const exports = functions.map(({ name }, index) => [...text(name), EXPORT_FUNCTION, ...unsigned(index)]);
  const bodies = functions.map(({ locals, vectors = 0, doubles = 0, body }) => {
    const kinds = [
      [...unsigned(locals), I32],
      [...unsigned(vectors), V128],
      [...unsigned(doubles), F64],
    ];
    return sized(joined(vector(kinds), body, [END]));
  });
  const shared = [...text(HOST), ...text('memory'), MEMORY, SHARED, 0, ...unsigned(MOST_PAGES)];
  const module = joined(
    HEADER,
    section(Section.type, vector(types)),
    pages === null ? section(Section.import, vector([shared])) : [],
    section(Section.function, vector(functions.map((_, index) => unsigned(index)))),
    pages === null ? [] : section(Section.memory, vector([[0, ...unsigned(pages)]])),
    section(Section.export, vector(pages === null ? exports : [[...text('memory'), MEMORY, 0], ...exports])),
    section(Section.code, vector(bodies)),
    section(Section.custom, joined(text(NAMES), section(NAME_OF_MODULE, text(name)))),
  );
  const octets = new Uint8Array(lengthOf(module));
  write(module, octets, 0);
  return octets;
}

/** Octets that code takes. */
function lengthOf(code: Code): number {
  let length = 0;
  for (const part of code) length += typeof part === 'number' ? 1 : lengthOf(part);
  return length;
}

/** Writes code from octet `at` on; the octet behind it. */
function write(code: Code, octets: Uint8Array, at: number): number {
  let end = at;
  for (const part of code) {
    if (typeof part === 'number') octets[end++] = part;
    else end = write(part, octets, end);
  }
  return end;
}

/**
 * Gives what `build` makes; null where the host has the other order of octets, a processor without the instructions of a kernel, or
 * was started without WebAssembly.
 */
export function whereItRuns<Made>(build: () => Made): Made | null {
  if (!LITTLE_ENDIAN) return null;
  try {
    return build();
  } catch {
    return null;
  }
}

/**
 * Builds and starts a kernel over memory of so many octets at least.
 *
 * @param name its file without the ending, and behind a blank what else its functions depend on but constants: two kernels
 *   of one name are the same
 * @param functions puts them together; not called where the build has kept what comes of it
 */
export function startKernel(name: string, functions: () => readonly KernelFunction[], octets: number): Kernel {
  const { exports } = new WebAssembly.Instance(moduleOf(name, functions, Math.ceil(octets / PAGE_OCTETS)));
  const { memory, ...call } = exports;
  return { memory: (memory as { buffer: ArrayBuffer }).buffer, call: call as Kernel['call'] };
}

/** Builds and starts one that works in memory that threads share; the rest as in `startKernel`. */
export function startKernelIn(
  memory: SharedMemory,
  name: string,
  functions: () => readonly KernelFunction[],
): Kernel['call'] {
  const module = moduleOf(name, functions, null);
  return new WebAssembly.Instance(module, { [HOST]: { memory } }).exports as Kernel['call'];
}

/** The module, kept or put together. */
function moduleOf(name: string, functions: () => readonly KernelFunction[], pages: number | null): object {
  const full = `${name} ${pages ?? 'shared'}`;
  const kept = keptOctets(full);
  if (kept !== null) {
    try {
      return new WebAssembly.Module(kept);
    } catch {
      // Whatever is amiss with it, or with the host, is found below.
    }
  }
  return new WebAssembly.Module(assemble(full, functions(), pages));
}

function folded(operation: number, terms: readonly Code[]): Code {
  return terms.map((term, index) => (index === 0 ? term : [term, operation]));
}

function section(id: number, contents: Code): Code {
  return joined([id], sized(contents));
}

function sized(contents: Code): Code {
  return joined(unsigned(lengthOf(contents)), contents);
}

function vector(items: readonly Code[]): Code {
  return joined(unsigned(items.length), ...items);
}

function text(name: string): Code {
  return sized([...new TextEncoder().encode(name)]);
}

/** LEB128 (5.2.2). */
export function unsigned(value: number): number[] {
  const octets: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest >>>= 7) octets.push((rest & 0x7f) | 0x80);
  octets.push(rest);
  return octets;
}

function signed(value: number): number[] {
  const octets: number[] = [];
  let rest = value;
  for (;;) {
    const octet = rest & 0x7f;
    rest >>= 7;
    const isLast = (rest === 0 && (octet & 0x40) === 0) || (rest === -1 && (octet & 0x40) !== 0);
    octets.push(isLast ? octet : octet | 0x80);
    if (isLast) return octets;
  }
}
