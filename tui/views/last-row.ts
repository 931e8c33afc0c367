// What is said where a list goes no further down, though more is being added to it at the end.

import type { ViewHost } from '../app/view.ts';

/** For a key that was pressed in the last row and led no further. */
export function sayLastSoFar(host: ViewHost): void {
  if (host.session.state !== 'loading' || host.follows) return;
  host.say('this is the last row so far; F follows the newest message');
}
