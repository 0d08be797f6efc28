/**
 * Lets the event loop run during long work on the calling thread: timers, signals and Ctrl-C answer within `slice`
 * milliseconds. `rest` is where an abort is noticed.
 */
import { EigentraceError } from '../../errors.js';

const slice = 15;

export class Pace {
  #since = performance.now();
  readonly #signal: AbortSignal | undefined;

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  /** Whether it is time to `rest`: cheap enough to ask once a row. */
  due(): boolean {
    return performance.now() - this.#since > slice;
  }

  async rest(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 0));
    throwIfStopped(this.#signal);
    this.#since = performance.now();
  }

  /** Runs a generator to its end, resting where it yields and the slice is used up. */
  async drive<T>(steps: Generator<void, T>): Promise<T> {
    for (;;) {
      const { done, value } = steps.next();
      if (done) return value;
      if (this.due()) await this.rest();
    }
  }
}

/** What an aborted decomposition rejects with. */
export function stopped(): EigentraceError {
  return new EigentraceError('interrupted', 'interrupted');
}

export function throwIfStopped(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw stopped();
}
