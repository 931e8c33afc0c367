// The interface of a written capture that has what was deciphered, and nothing else (docs/written-captures.md): by its name
// whoever must not pass that on leaves it out.

export const DECIPHERED_INTERFACE = 'deciphered IP';
