// base64url without padding (RFC 4648 5) in its one canonical spelling.

/** The octets of a text, or null where it is not the spelling that `encodeBase64url` gives. */
export function decodeBase64url(text: string): Uint8Array | null {
  const octets = Buffer.from(text, 'base64url');
  // Buffer skips what it does not know and ignores surplus bits: only a text that comes back the same is canonical.
  return octets.toString('base64url') === text ? octets : null;
}

/** The text of octets. */
export function encodeBase64url(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('base64url');
}
