// Nobody presses a key for nothing while a capture is being read: it leads on when there is something, or it is answered.

import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import type { FrameDetails, MessageBatch } from '../../daemon/inspection/contract.ts';
import { Application } from '../../tui/app/application.ts';
import { defaultSettings } from '../../tui/app/settings.ts';
import { VIEW_NAMES } from '../../tui/app/view.ts';
import type { Feed, FeedListener, FilterListener } from '../../tui/feed.ts';
import { KEY_TABLE } from '../../tui/keys.ts';
import { Session } from '../../tui/model/session.ts';
import { MemoryScreen } from '../../tui/screen/memory-screen.ts';
import { allViews } from '../../tui/views/all-views.ts';
import { sample, TerminalProgram } from './terminal-program.ts';
import { batchesOf } from './told.ts';

const running: TerminalProgram[] = [];

afterEach(() => {
  for (const program of running.splice(0)) program.close();
});

/** A capture that is read as far as a test says. */
class SlowFeed implements Feed {
  readonly kind = 'capture';
  readonly name = 'slow.pcap';
  #listener: FeedListener | null = null;
  /** Lays the frame open that was asked for. */
  layOpen: (details: FrameDetails | null) => void = () => undefined;

  open(listener: FeedListener): void {
    this.#listener = listener;
    listener.state('loading', null);
  }

  tell(batches: readonly MessageBatch[]): void {
    for (const batch of batches) this.#listener?.messages(batch);
  }

  details(): Promise<FrameDetails | null> {
    return new Promise((resolve) => {
      this.layOpen = resolve;
    });
  }

  /** Who hears of the newest filter. */
  filtered: FilterListener = { matched: () => undefined, done: () => undefined, failed: () => undefined };

  filter(_text: string, listener: FilterListener): { cancel: () => void } {
    this.filtered = listener;
    return { cancel: () => undefined };
  }

  export(): Promise<number> {
    return Promise.resolve(0);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** The program on a screen without a terminal, and time that passes when it is told to. */
class Program {
  readonly feed = new SlowFeed();
  readonly screen = new MemoryScreen(140, 40);
  #now = 0;
  #waiting: { readonly at: number; readonly call: () => void }[] = [];

  constructor() {
    new Application({
      screen: this.screen,
      session: new Session(this.feed),
      settings: defaultSettings(),
      depth: 'true',
      timer: {
        now: () => this.#now,
        after: (milliseconds, call) => {
          const waiting = { at: this.#now + milliseconds, call };
          this.#waiting.push(waiting);
          return () => {
            this.#waiting = this.#waiting.filter((each) => each !== waiting);
          };
        },
      },
      views: allViews,
      ended: () => undefined,
      writeSettings: () => '',
    }).start();
    this.draw();
  }

  /** Time for a picture of what was told. */
  draw(): void {
    this.#now += 1000;
    for (const { call } of this.#waiting.splice(0)) call();
  }

  get text(): string {
    return this.screen.shown.text();
  }

  /** Frame of the selected message; NaN where none is. */
  get selected(): number {
    return Number(/^▸ +(\d+)/m.exec(this.text)?.[1]);
  }
}

/** Messages of frames from 1 to so many. */
function messages(count: number): MessageBatch[] {
  return batchesOf(Array.from({ length: count }, (_, at) => ({ frame: at + 1 })));
}

describe('keys before the first message', () => {
  test.each([
    [['j', 'j'], 3],
    [['j', 'j', 'k'], 2],
    [['k', 'j'], 2],
    [['pagedown'], 17],
    [['G'], 100],
    [['G', 'g', 'g', 'j'], 2],
  ])('%s: the cursor is there when messages come', (keys, frame) => {
    const program = new Program();
    program.screen.press('5', ...keys);
    program.draw();
    expect(program.text).toContain('no message yet');
    program.feed.tell(messages(100));
    program.draw();
    expect(program.selected).toBe(frame);
  });

  const moves = KEY_TABLE.filter(({ contexts }) => contexts[0] === 'list');
  // Of the messages the cursor goes ahead, as above; the status has rows from the beginning.
  const inViews = VIEW_NAMES.filter((name) => name !== 'status').flatMap((name) =>
    [...KEY_TABLE.filter(({ contexts }) => contexts[0] === name), ...(name === 'messages' ? [] : moves)]
      // Nobody is anywhere yet to go back from.
      .filter(({ command }) => command !== 'back')
      .flatMap(({ keys }) => keys.map((key) => [name, key] as const)),
  );

  test.each(inViews)('%s: %s is answered', (name, key) => {
    const program = new Program();
    program.screen.press(String(VIEW_NAMES.indexOf(name) + 1));
    program.draw();
    const before = program.screen.shown;
    program.screen.press(...key.replace('*', 'x').split(' '));
    program.draw();
    const { glyphs, styles } = program.screen.shown;
    expect(glyphs.some((each, at) => each !== before.glyphs[at] || styles[at] !== before.styles[at])).toBe(true);
  });
});

test('a filter that nothing passes: what was pressed in its list does not move the cursor of the next one', () => {
  const program = new Program();
  program.feed.tell(messages(100));
  program.screen.press('5', '/', 'r', 't', 'p', 'enter');
  program.feed.filtered.done();
  program.screen.press('j', 'j', 'G');
  program.draw();
  expect(program.selected).toBeNaN();
  program.screen.press('\\');
  program.draw();
  expect(program.selected).toBe(1);
});

test('keys that come faster than pictures', () => {
  const program = new Program();
  program.feed.tell(messages(100));
  program.screen.press('5', 'j', 'j', 'space');
  program.draw();
  expect(program.selected).toBe(4);
  expect(program.text).toMatch(/^ \* +3 /m);
  program.screen.press('1', '5', 'G', 'k');
  program.draw();
  expect(program.selected).toBe(99);
});

test('the last row so far', () => {
  const program = new Program();
  program.feed.tell(messages(3));
  program.screen.press('5', 'G');
  program.draw();
  expect(program.text).not.toContain('last row so far');
  program.screen.press('j');
  program.draw();
  expect(program.text).toContain('last row so far');
  program.screen.press('k');
  program.draw();
  expect(program.text).not.toContain('last row so far');
  expect(program.selected).toBe(2);
});

test('keys in layers that are still to come', async () => {
  const program = new Program();
  program.feed.tell(messages(3));
  program.screen.press('5', 'enter', 'j', 'j');
  program.draw();
  const row = (text: string): FrameDetails['rows'][number] => ({
    ...{ depth: 0, text, field: text, source: 0, start: 0, length: 0, kind: 'field', filter: null },
  });
  program.feed.layOpen({ frame: 1, rows: ['slrb', 'one', 'two', 'three'].map(row), sources: [] });
  await setImmediate();
  program.draw();
  program.screen.press('y');
  expect(program.screen.copied).toEqual(['two']);
});

test('on a terminal: what is typed before there is a screen, in one go', async () => {
  const program = new TerminalProgram(sample('attacked'), { columns: 120, rows: 30 });
  running.push(program);
  program.type('5jj');
  expect(await program.waitFor('307 messages')).toMatch(/^▸ +3 /m);
});
