// A reason that goes on record: words of somebody, and not the option that follows where they were left out.

/** Whether the text says why. */
export function isReason(text: string | undefined): boolean {
  return /^[^-\s]/.test((text ?? '').trim());
}
