// Messages: the list, the layers of the selected one, its octets. The selected field and its octets highlight each other.

import { SEVERITIES } from '../../daemon/events.ts';
import type { FrameDetails } from '../../daemon/inspection/contract.ts';
import { printable } from '../../dissectors/printable.ts';
import type { View, ViewHost, ViewTarget } from '../app/view.ts';
import { FeedError, type FeedState } from '../feed.ts';
import type { Command, Context } from '../keys.ts';
import { nothingHeard } from '../model/session-facts.ts';
import type { MouseInput } from '../screen/input-event.ts';
import type { Pane } from '../screen/pane.ts';
import { style } from '../screen/style.ts';
import { LayerTree } from '../widgets/layer-tree.ts';
import { OctetDump, type OctetRange } from '../widgets/octet-dump.ts';
import { RowCursor } from '../widgets/row-cursor.ts';
import { sayLastSoFar } from './last-row.ts';
import { drawMessages, messageText } from './message-list.ts';
import { MessageMarks } from './message-marks.ts';
import { RowSearch } from './row-search.ts';

type Part = 'list' | 'tree' | 'octets';
const PARTS: readonly Part[] = ['list', 'tree', 'octets'];

/** Constants we chose. */
const LEAST_SHARE = 0.2;
const MOST_SHARE = 0.85;
/** Severity from which on a finding is stepped to. */
const STEPPED_TO = SEVERITIES.indexOf('low');

/** Where a part stands, in cells of the view. */
interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** See the head of the file. */
export class MessagesView implements View {
  readonly name = 'messages';
  readonly title = 'Messages';
  readonly #host: ViewHost;
  readonly #cursor = new RowCursor(true);
  readonly #tree = new LayerTree();
  readonly #octets = new OctetDump();
  readonly #marks = new MessageMarks();
  #part: Part = 'list';
  #isMaximised = false;
  #places: Readonly<Partial<Record<Part, Place>>> = {};
  /** Message that is selected: its row changes with the filter. */
  #selected: number | null = null;
  #details: FrameDetails | null = null;
  /** Message whose details are shown or were asked for last. */
  #asked: number | null = null;
  #isAsking = false;
  #problem = '';
  /** How the feed fared when the question was refused: when it fares otherwise the question is put again. */
  #refusedIn: FeedState | null = null;
  readonly #search: RowSearch;

  constructor(host: ViewHost) {
    this.#host = host;
    this.#search = new RowSearch(host);
  }

  contexts(): readonly Context[] {
    if (this.#part === 'list') return ['messages', 'list'];
    return [this.#part, 'list', 'messages'];
  }

  shown(target: ViewTarget): void {
    const { store } = this.#host.session;
    const { message, frame } = target;
    if (message !== undefined) this.#select(message);
    else if (frame !== undefined) {
      const ordinal = store.atFrame(frame);
      if (ordinal >= store.count) this.#host.say(`no message at frame ${frame} or behind it`, 'warning');
      else if (this.#select(ordinal) && store.frame(ordinal) !== frame) {
        this.#host.say(`frame ${frame} completes no message; this is the next one that does`, 'warning');
      }
    }
  }

  draw(pane: Pane): void {
    const { session, settings } = this.#host;
    const { rows } = session;
    this.#place(pane);
    const { list } = this.#places;
    this.#fit();
    this.#ask();
    if (list !== undefined) {
      const part = pane.part(list.x, list.y, list.width, list.height);
      drawMessages(part, session.store, rows, this.#cursor, {
        columns: settings.columns,
        isFocused: this.#part === 'list',
        marks: this.#marks.byMessage,
      });
      if (rows.count === 0) part.write(4, 2, this.#emptyText(), style('dim'));
    }
    this.#drawDetails(pane);
  }

  run(command: Command, argument: string): boolean {
    this.#search.end();
    // Messages may have come since the last picture.
    this.#fit();
    if (this.#runOnParts(command)) return true;
    if (this.#part === 'tree') {
      if (command === 'filter-on-this') return this.#filterOnField();
      const isTaken = this.#tree.run(command);
      if (isTaken) this.#revealOctets();
      return isTaken;
    }
    if (this.#part === 'octets') {
      if (command === 'open') {
        if (this.#tree.selectOctet(this.#octets.source, this.#octets.offset)) this.#part = 'tree';
        return true;
      }
      const isTaken = this.#octets.run(command);
      if (isTaken) this.#tree.selectOctet(this.#octets.source, this.#octets.offset);
      return isTaken;
    }
    const { isAtEnd } = this.#cursor;
    if (this.#cursor.run(command)) {
      this.#moved();
      if (isAtEnd && this.#cursor.isAtEnd) sayLastSoFar(this.#host);
      return true;
    }
    return this.#runOnList(command, argument);
  }

  mouse(event: MouseInput): void {
    const part = PARTS.find((each) => isIn(this.#places[each], event));
    const place = part === undefined ? undefined : this.#places[part];
    if (part === undefined || place === undefined) return;
    this.#fit();
    const x = event.x - place.x;
    const y = event.y - place.y;
    const wheel = event.action === 'wheel-down' ? 1 : event.action === 'wheel-up' ? -1 : 0;
    if (wheel !== 0) {
      if (part === 'list') {
        this.#cursor.wheel(wheel);
        this.#moved();
      } else if (part === 'tree') this.#tree.cursor.wheel(wheel);
      else this.#octets.wheel(wheel);
      return;
    }
    if (event.action !== 'press' || event.button !== 'left') return;
    this.#part = part;
    if (part === 'list') {
      if (this.#cursor.click(y - 1)) this.#moved();
    } else if (part === 'tree') {
      this.#tree.click(y, x);
      this.#revealOctets();
    } else if (this.#octets.click(y, x)) this.#tree.selectOctet(this.#octets.source, this.#octets.offset);
  }

  copied(): { readonly text: string; readonly what: string } | null {
    const { store } = this.#host.session;
    if (this.#part === 'list' || this.#details === null) {
      if (this.#selected === null || !store.has(this.#selected)) return null;
      return { text: messageText(store.message(this.#selected)), what: `frame ${store.frame(this.#selected)}` };
    }
    if (this.#part === 'tree') {
      const row = this.#tree.selected;
      return row === null ? null : { text: row.text, what: row.field ?? 'the line' };
    }
    const source = this.#details.sources[this.#octets.source];
    if (source === undefined) return null;
    const { name, bytes } = source;
    return { text: Buffer.from(bytes).toString('hex'), what: `${bytes.length} octets (${name})` };
  }

  search(text: string, direction: 1 | -1): void {
    const { store } = this.#host.session;
    const wanted = text.toLowerCase();
    const holds = (ordinal: number): boolean => {
      const { groupName, sourceName, groupId, sourceId, verdict, summary } = store.message(ordinal);
      const all = `${groupName ?? ''} ${groupId} ${sourceName ?? ''} ${sourceId} ${verdict} ${summary}`;
      return all.toLowerCase().includes(wanted);
    };
    this.#stepTo(direction, holds, `${text}: not found`, true);
  }

  #runOnParts(command: Command): boolean {
    const { settings } = this.#host;
    switch (command) {
      case 'next-pane':
      case 'previous-pane': {
        const step = command === 'next-pane' ? 1 : PARTS.length - 1;
        this.#part = PARTS[(PARTS.indexOf(this.#part) + step) % PARTS.length];
        return true;
      }
      case 'back':
        this.#part = 'list';
        this.#isMaximised = false;
        return true;
      case 'maximise':
        this.#isMaximised = !this.#isMaximised;
        return true;
      case 'wider':
      case 'narrower': {
        const share = settings.listShare + (command === 'wider' ? 0.1 : -0.1);
        // In hundredths: it is written into a file that people read.
        settings.listShare = Math.max(LEAST_SHARE, Math.min(MOST_SHARE, Math.round(share * 100) / 100));
        return true;
      }
      default:
        return false;
    }
  }

  #runOnList(command: Command, argument: string): boolean {
    const { session } = this.#host;
    const { store } = session;
    const selected = this.#selected;
    switch (command) {
      case 'follow':
        return false;
      case 'next-finding':
      case 'previous-finding':
        this.#stepTo(
          command === 'next-finding' ? 1 : -1,
          (each) => store.worst(each) >= STEPPED_TO,
          'no further message with a finding',
        );
        return true;
      case 'next-mark':
      case 'previous-mark':
        this.#goTo(
          this.#marks.next(selected ?? 0, command === 'next-mark' ? 1 : -1),
          'nothing else is marked; Space marks',
        );
        return true;
      case 'go-to-mark':
        this.#goTo(this.#marks.withLetter(argument), `no message has the letter ${argument}`);
        return true;
      default:
    }
    if (selected === null || !store.has(selected)) return false;
    const message = store.message(selected);
    switch (command) {
      case 'open':
        this.#part = 'tree';
        this.#isMaximised = false;
        return true;
      case 'mark':
        this.#marks.toggle(selected);
        this.#cursor.run('down');
        this.#moved();
        return true;
      case 'mark-letter':
        this.#marks.name(selected, argument);
        return true;
      case 'show-flow':
        this.#host.show('flow', { group: message.group, message: selected });
        return true;
      case 'filter-on-this':
        this.#host.setFilter(`slrb.group == ${message.groupId} and mac-lte.slsch.src-l2-id == ${message.sourceId}`);
        return true;
      default:
        return false;
    }
  }

  #filterOnField(): boolean {
    const filter = this.#tree.selected?.filter ?? null;
    if (filter === null) this.#host.say('this line has no field to filter by', 'warning');
    else this.#host.setFilter(filter);
    return true;
  }

  #stepTo(direction: 1 | -1, isWanted: (ordinal: number) => boolean, otherwise: string, isRound = false): void {
    this.#search.begin({
      ...{ from: this.#cursor.row, direction, isRound, isWanted },
      found: (ordinal) => this.#select(ordinal),
      nowhere: () => this.#host.say(otherwise, 'warning'),
    });
  }

  #goTo(ordinal: number | null, otherwise: string): void {
    if (ordinal === null || !this.#host.session.store.has(ordinal)) this.#host.say(otherwise, 'warning');
    else this.#select(ordinal);
  }

  /** Goes to a message. @returns false where the filter hides it, which is said: the cursor stands on the next one */
  #select(ordinal: number): boolean {
    const { rows, filter, store } = this.#host.session;
    const row = rows.rowOf(ordinal);
    const isSettled = filter === null || filter.isDone || filter.seen > ordinal;
    const isHidden = filter !== null && isSettled && (row >= rows.count || rows.ordinal(row) !== ordinal);
    this.#selected = ordinal;
    this.#cursor.fit(rows.count, this.#places.list?.height ?? 10);
    this.#cursor.reveal(row);
    this.#host.stopFollowing();
    if (isHidden && store.has(ordinal)) {
      this.#host.say(`the filter hides the message of frame ${store.frame(ordinal)}; \\ takes it away`, 'warning');
    }
    this.#host.redraw();
    return !isHidden;
  }

  /** Brings cursor and selected message to the rows that there are now. */
  #fit(): void {
    const { rows, filter } = this.#host.session;
    this.#follow();
    if (this.#selected !== null) this.#cursor.row = rows.rowOf(this.#selected);
    // Nothing will come: what was pressed meant rows of this filter and not those of the next one.
    else if (rows.count === 0 && filter?.isDone === true) this.#cursor.row = 0;
    this.#cursor.fit(rows.count, (this.#places.list?.height ?? 2) - 1);
    if (this.#isSettled()) this.#selected = rows.count === 0 ? null : rows.ordinal(this.#cursor.row);
  }

  /** The cursor was moved by hand. */
  #moved(): void {
    const { rows } = this.#host.session;
    this.#selected = rows.count === 0 ? null : rows.ordinal(this.#cursor.row);
    if (!this.#cursor.isLast) this.#host.stopFollowing();
  }

  /** False while a filter has not come to the selected message yet: the cursor goes back to it then. */
  #isSettled(): boolean {
    const { filter } = this.#host.session;
    return this.#selected === null || filter === null || filter.isDone || filter.seen > this.#selected;
  }

  #follow(): void {
    const { rows } = this.#host.session;
    if (this.#host.follows && rows.count > 0) this.#selected = rows.ordinal(rows.count - 1);
  }

  /** Asks for the details of the selected message; one question at a time, the newest next. */
  #ask(): void {
    const { session } = this.#host;
    const selected = this.#selected;
    if (this.#refusedIn !== null && this.#refusedIn !== session.state) {
      this.#refusedIn = null;
      this.#asked = null;
    }
    const needsNone = this.#places.tree === undefined && this.#places.octets === undefined;
    if (selected === null || needsNone || this.#isAsking || selected === this.#asked || !session.store.has(selected))
      return;
    this.#asked = selected;
    this.#isAsking = true;
    void this.#layOpen(selected);
  }

  async #layOpen(ordinal: number): Promise<void> {
    try {
      this.#details = await this.#host.session.details(ordinal);
      this.#problem = this.#details === null ? 'this frame is not there any more' : '';
      this.#tree.show(this.#details?.rows ?? []);
      this.#octets.show(this.#details?.sources ?? []);
      this.#revealOctets();
    } catch (error) {
      this.#details = null;
      this.#refusedIn = this.#host.session.state;
      this.#problem = error instanceof FeedError ? `${error.message}; ${error.hint}` : 'the frame cannot be laid open';
    }
    this.#isAsking = false;
    this.#host.redraw();
  }

  #revealOctets(): void {
    const range = this.#linked();
    if (range !== null) this.#octets.reveal(range);
  }

  /** Octets of the field that is selected in the tree. */
  #linked(): OctetRange | null {
    const row = this.#tree.selected;
    return row === null || row.length === 0 ? null : { source: row.source, start: row.start, length: row.length };
  }

  #place(pane: Pane): void {
    const { width, height } = pane;
    if (this.#isMaximised) {
      this.#places = { [this.#part]: { x: 0, y: 0, width, height } };
      return;
    }
    const listHeight = Math.max(4, Math.min(height - 5, Math.round(height * this.#host.settings.listShare)));
    const below = { y: listHeight + 1, height: Math.max(0, height - listHeight - 1) };
    const octets = width >= 150 ? 71 : width >= 76 ? 39 : 23;
    this.#places = {
      list: { x: 0, y: 0, width, height: listHeight },
      tree: { x: 1, ...below, width: width - octets - 3 },
      octets: { x: width - octets, ...below, width: octets },
    };
  }

  #drawDetails(pane: Pane): void {
    const { tree, octets, list } = this.#places;
    if (tree !== undefined && list !== undefined && octets !== undefined) {
      pane.fillRow(list.height, style('line'), '─');
      for (let y = octets.y - 1; y < octets.y + octets.height; y++) {
        pane.put(octets.x - 2, y, y === octets.y - 1 ? '┬' : '│', style('line'));
      }
    }
    if (this.#problem !== '' && tree !== undefined) {
      pane.write(tree.x, tree.y, this.#problem, style('warning'), tree.width);
      return;
    }
    if (this.#details === null) return;
    if (tree !== undefined) {
      this.#tree.draw(pane.part(tree.x, tree.y, tree.width, tree.height), this.#part === 'tree');
    }
    if (octets !== undefined) {
      const part = pane.part(octets.x, octets.y, octets.width, octets.height);
      this.#octets.draw(part, this.#part === 'octets', this.#linked());
    }
  }

  #emptyText(): string {
    const { session } = this.#host;
    const { filter, state } = session;
    if (filter !== null && filter.problem !== null) {
      return printable(`the filter failed: ${filter.problem.message}; ${filter.problem.hint}`);
    }
    if (filter !== null) return filter.isDone ? 'no message passes the filter; \\ takes it away' : 'filtering ...';
    return state === 'loading' || state === 'live' ? 'no message yet' : nothingHeard(session);
  }
}

function isIn(place: Place | undefined, { x, y }: MouseInput): boolean {
  if (place === undefined) return false;
  return x >= place.x && x < place.x + place.width && y >= place.y && y < place.y + place.height;
}
