// The views, in the order of their numbers.

import type { View, ViewHost } from '../app/view.ts';
import { EpochsView } from './epochs.ts';
import { FindingsView } from './findings.ts';
import { FlowView } from './flow.ts';
import { GroupsView } from './groups.ts';
import { MessagesView } from './messages.ts';
import { StatusView } from './status.ts';

/** Makes them. */
export function allViews(host: ViewHost): readonly View[] {
  return [
    new GroupsView(host),
    new FlowView(host),
    new EpochsView(host),
    new FindingsView(host),
    new MessagesView(host),
    new StatusView(host),
  ];
}
