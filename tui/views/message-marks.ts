// Marks on messages: plain ones, and ones with a letter to come back to.

/** We chose: marks that are kept; the oldest go first. */
const MARK_CAP = 4096;

/** See the head of the file. Messages are named by ordinal. */
export class MessageMarks {
  readonly #marks = new Map<number, string>();

  /** Marked messages and their letters; a plain mark has an empty one. */
  get byMessage(): ReadonlyMap<number, string> {
    return this.#marks;
  }

  /** Sets a plain mark, or takes any mark away. */
  toggle(message: number): void {
    if (!this.#marks.delete(message)) this.#set(message, '');
  }

  /** Gives a message a letter, which no other message has then. */
  name(message: number, letter: string): void {
    for (const [each, name] of this.#marks) if (name === letter) this.#marks.delete(each);
    this.#set(message, letter);
  }

  /** The message with a letter, or null. */
  withLetter(letter: string): number | null {
    for (const [message, name] of this.#marks) if (name === letter) return message;
    return null;
  }

  /** The next marked message behind (1) or before (-1) another one; from the end it goes on at the beginning. */
  next(message: number, direction: 1 | -1): number | null {
    const marked = [...this.#marks.keys()].sort((a, b) => (a - b) * direction);
    return marked.find((each) => (each - message) * direction > 0) ?? marked[0] ?? null;
  }

  #set(message: number, letter: string): void {
    this.#marks.set(message, letter);
    if (this.#marks.size <= MARK_CAP) return;
    const [oldest] = this.#marks.keys();
    this.#marks.delete(oldest);
  }
}
