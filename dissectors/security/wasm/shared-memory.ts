// Memory that threads share, and in which kernels of each of them can work (assembler.ts).

/** Its octets; the object goes to another thread as it is. */
export interface SharedMemory {
  readonly buffer: SharedArrayBuffer;
}

/** What is used of the host's object; the types for browsers would bring a thousand other names. */
declare const WebAssembly: {
  readonly Memory: new (limits: {
    readonly initial: number;
    readonly maximum: number;
    readonly shared: true;
  }) => SharedMemory;
};

/** The specification says (WebAssembly core specification 1.0, 4.2.8): octets by which memory is given. */
export const PAGE_OCTETS = 65_536;

/** Makes some; null where the host has no room for its addresses, or was started without WebAssembly. */
export function createSharedMemory(octets: number): SharedMemory | null {
  const pages = Math.ceil(octets / PAGE_OCTETS);
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  } catch {
    return null;
  }
}
