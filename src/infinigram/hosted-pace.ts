/**
 * How fast a hosted index is asked: at most so many requests at once and so many a second, and nobody while the service
 * has asked for a pause. It is shared by all who ask the same service.
 */
import { setTimeout as sleep } from 'node:timers/promises';

export interface PaceOptions {
  /** Requests under way at once. */
  readonly concurrency: number;
  /** Starts of requests a second. */
  readonly perSecond: number;
}

export class Pace {
  readonly #concurrency: number;
  readonly #interval: number;
  #running = 0;
  /** When the next may start, by `performance.now`. */
  #next = 0;
  readonly #waiting: (() => void)[] = [];

  constructor({ concurrency, perSecond }: PaceOptions) {
    this.#concurrency = concurrency;
    this.#interval = 1000 / perSecond;
  }

  /** Does `work` when a place is free; within it every request waits for its `start`. */
  async place<T>(work: () => Promise<T>): Promise<T> {
    while (this.#running >= this.#concurrency) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running++;
    try {
      return await work();
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }

  /** Waits until a request may be sent. Rejects when the signal fires. */
  async start(signal?: AbortSignal): Promise<void> {
    for (;;) {
      const wait = this.#next - performance.now();
      if (wait <= 0) break;
      await sleep(wait, undefined, signal ? { signal } : {});
    }
    this.#next = performance.now() + this.#interval;
  }

  /** Nobody starts for so long. */
  pause(milliseconds: number): void {
    this.#next = Math.max(this.#next, performance.now() + milliseconds);
  }
}
