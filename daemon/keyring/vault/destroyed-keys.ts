// Keys that a change destroys, and the copies of them that other parts keep in the vault: the group manager has the PGKs
// that it gave out in its attachment. The form of an attachment is not known here; octets of a key are found by what they
// are, and overwritten with zeros.

import { keyName } from './state-file.ts';
import type { Attachment, VaultContents } from './vault-contents.ts';

/** Octets that attachments are searched by; what follows is compared. */
const PREFIX_OCTETS = 4;

/** Octets of the keys that are held before a change and destroyed after it. */
export function destroyedMaterial(before: VaultContents, after: VaultContents): Uint8Array[] {
  const gone = new Set<string>();
  for (const { id, keys } of after.groups) {
    for (const key of keys) if (key.material === null) gone.add(keyName(id, key.id, key.notBefore));
  }
  if (gone.size === 0) return [];
  return before.groups.flatMap(({ id, keys }) =>
    keys.flatMap((key) =>
      key.material !== null && gone.has(keyName(id, key.id, key.notBefore)) ? [key.material] : [],
    ),
  );
}

/** Attachments without the octets of these keys; the same objects where they have none of them. */
export function withoutMaterial(
  attachments: readonly Attachment[],
  destroyed: readonly Uint8Array[],
): readonly Attachment[] {
  if (destroyed.length === 0) return attachments;
  const byPrefix = new Map<number, Uint8Array[]>();
  for (const material of destroyed) {
    const prefix = viewOf(material).getUint32(0);
    byPrefix.set(prefix, [...(byPrefix.get(prefix) ?? []), material]);
  }
  return attachments.map((attachment) => cleaned(attachment, byPrefix));
}

function cleaned(attachment: Attachment, byPrefix: ReadonlyMap<number, readonly Uint8Array[]>): Attachment {
  let octets: Uint8Array | null = null;
  const view = viewOf(attachment.octets);
  for (let at = 0; at + PREFIX_OCTETS <= attachment.octets.length; at++) {
    for (const material of byPrefix.get(view.getUint32(at)) ?? []) {
      if (Buffer.compare(attachment.octets.subarray(at, at + material.length), material) !== 0) continue;
      octets ??= Uint8Array.from(attachment.octets);
      octets.fill(0, at, at + material.length);
    }
  }
  return octets === null ? attachment : { ...attachment, octets };
}

function viewOf(octets: Uint8Array): DataView {
  return new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
}
