// `sidescope synth`: write a labelled capture from a scenario, with its keyring and expected events.

import type { Command } from 'commander';
import { printable } from '../dissectors/printable.ts';
import { runSynth } from '../testing/synth-files.ts';
import { writeOutput } from './stdout.ts';

interface SynthOptions {
  readonly out: string;
  readonly force?: boolean;
}

/** Adds the options and the action of `synth`. */
export function configure(command: Command): void {
  command
    .argument('<scenario>', 'scenario file (docs/testing.md says what it holds)')
    .option('-o, --out <folder>', 'folder for the capture, keyring.json and expected.json', '.')
    .option('--force', 'overwrite files that exist')
    .action(async (scenarioPath: string, options: SynthOptions) => {
      const paths = await runSynth({ scenarioPath, outDir: options.out, overwrite: options.force ?? false });
      for (const path of paths) writeOutput(`${printable(path)}\n`);
    });
}
