/** How fast bytes come, over the last seconds, and how long the rest takes. */
import type { FetchProgress } from './hooks.js';

const window = 8_000;

export class Rate {
  readonly #of: number;
  readonly #now: () => number;
  #done: number;
  /** Time and bytes so far, oldest first. */
  readonly #seen: { at: number; done: number }[] = [];

  constructor(done: number, of: number, now: () => number = () => performance.now()) {
    this.#done = done;
    this.#of = of;
    this.#now = now;
    this.#seen.push({ at: now(), done });
  }

  add(bytes: number): void {
    this.#done += bytes;
    const at = this.#now();
    // A tenth of a second is fine enough, and keeps the list short.
    if (at - this.#seen.at(-1)!.at >= 100) this.#seen.push({ at, done: this.#done });
    while (this.#seen.length > 2 && at - this.#seen[1]!.at > window) this.#seen.shift();
  }

  progress(): FetchProgress {
    const start = this.#seen[0]!;
    const seconds = (this.#now() - start.at) / 1000;
    const came = this.#done - start.done;
    const bytesPerSecond = seconds > 0 && came > 0 ? came / seconds : null;
    const secondsLeft = bytesPerSecond === null ? null : (this.#of - this.#done) / bytesPerSecond;
    return { done: this.#done, of: this.#of, bytesPerSecond, secondsLeft };
  }
}
