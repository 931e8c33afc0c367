// What the engine's process is told of a configuration: where its keys are, never what they are.

import type { EngineSettings } from '../engine-process/pipe-messages.ts';
import type { DaemonConfig } from './config.ts';

/** @param by who acts, for the audit log */
export function engineSettings({ keys, severities }: DaemonConfig, by: string): EngineSettings {
  if (keys.kind === 'keyring') {
    return {
      ...{ vault: null, anchor: null, passphraseFile: null, identity: null, keepDelivered: false },
      ...{ keyrings: keys.paths, severities, by },
    };
  }
  const { path, anchor, passphraseFile, identity, keepDelivered } = keys;
  return { vault: path, anchor, passphraseFile, identity, keepDelivered, keyrings: [], severities, by };
}
