// Octets of kernels that the build has put together with this very code (scripts/keep-kernels.mjs): they are the same each
// time, and to put them together takes longer than all that a small capture asks of them. The bundle gives those of a file to
// `keepKernels` where that file is loaded; in the sources, and wherever nothing is bundled, there are none.

/** By the name of the module, in base64. */
const KEPT = new Map<string, string>();

/** Takes modules by their names, in base64. Called by what `scripts/bundle.mjs` writes behind a file with kernels. */
export function keepKernels(octets: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(octets)) KEPT.set(name, text);
}

/** The octets of a module; null where none are kept. */
export function keptOctets(name: string): Uint8Array<ArrayBuffer> | null {
  const text = KEPT.get(name);
  return text === undefined ? null : Buffer.from(text, 'base64');
}
