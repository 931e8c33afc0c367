// Starts the terminal program on a real terminal, and leaves the terminal in order however it ends.

import { Application } from './app/application.ts';
import { SettingsFiles } from './config/settings-files.ts';
import type { Feed } from './feed.ts';
import { Session } from './model/session.ts';
import { BlessedScreen } from './screen/blessed-screen.ts';
import { terminalTraits } from './screen/terminal-traits.ts';
import { themePalette } from './theme.ts';
import { allViews } from './views/all-views.ts';

/**
 * Shows a feed until the program is left.
 *
 * @param filter display filter to begin with; empty: none
 * @returns the exit code
 */
export async function runFeed(feed: Feed, filter: string): Promise<number> {
  const files = new SettingsFiles(process.env);
  const { settings, ownKeys, problems } = files.read();
  const { depth, ascii } = terminalTraits(process.env);
  const palette = themePalette(settings.theme, depth);
  const screen = new BlessedScreen({ input: process.stdin, output: process.stdout }, palette, ascii);
  return new Promise((resolve, reject) => {
    const failed = (error: unknown): void => {
      screen.close();
      void feed.close();
      reject(error instanceof Error ? error : new Error('unknown'));
    };
    process.once('uncaughtException', failed);
    const application = new Application({
      screen,
      session: new Session(feed),
      settings,
      depth,
      ownKeys,
      timer: {
        now: () => performance.now(),
        after: (milliseconds, call) => {
          const timer = setTimeout(call, milliseconds);
          return () => clearTimeout(timer);
        },
      },
      views: allViews,
      ended: (exitCode) => {
        process.off('uncaughtException', failed);
        try {
          files.write(settings);
        } catch {
          // Without a home folder, or in one that may not be written, nothing is remembered.
        }
        resolve(exitCode);
      },
      writeSettings: () => files.write(settings),
    });
    application.start();
    if (filter !== '') application.setFilter(filter);
    if (problems.length > 0) application.say(`${files.path ?? ''}: ${problems.join('; ')}`, 'warning');
  });
}
