// Starts the terminal program on a real terminal.

import { Application } from './app/application.ts';
import { defaultSettings } from './app/settings.ts';
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
  const settings = defaultSettings();
  const { depth, ascii } = terminalTraits(process.env);
  const screen = new BlessedScreen(
    { input: process.stdin, output: process.stdout },
    themePalette(settings.theme, depth),
    ascii,
  );
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
        resolve(exitCode);
      },
    });
    application.start();
    if (filter !== '') application.setFilter(filter);
  });
}
