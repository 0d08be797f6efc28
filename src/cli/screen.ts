/**
 * stderr as a place for progress: permanent lines, and on a terminal one live line below them that is rewritten in
 * place. Piped there is no live line and no control sequence.
 */
import type { Context, Output } from './context.js';

const hideCursor = '\u001b[?25l';
const showCursor = '\u001b[?25h';
const clearLine = '\r\u001b[2K';

export class Screen {
  /** Whether there is a live line. */
  readonly live: boolean;
  readonly #output: Output;
  #shown = '';
  #hidden = false;

  constructor(output: Output, env: Context['env']) {
    this.#output = output;
    this.live = output.isTTY === true && env.TERM !== 'dumb';
  }

  /** Characters a line may have. */
  get width(): number {
    return this.live ? Math.max(20, (this.#output.columns || 80) - 1) : 100;
  }

  /** A line that stays. */
  line(text: string): void {
    this.#output.write(this.#shown === '' ? `${text}\n` : `${clearLine}${text}\n${this.#shown}`);
  }

  /** Rewrites the live line; an empty text removes it. Nothing happens when piped. */
  show(text: string): void {
    if (!this.live || text === this.#shown) return;
    const start = this.#hidden ? '' : hideCursor;
    this.#hidden = true;
    this.#output.write(`${start}${clearLine}${text}`);
    this.#shown = text;
  }

  /** Removes the live line and gives the cursor back. */
  close(): void {
    if (!this.#hidden) return;
    this.#output.write(`${clearLine}${showCursor}`);
    this.#hidden = false;
    this.#shown = '';
  }
}
