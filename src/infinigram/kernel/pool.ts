/**
 * Threads that run the sorter's functions in one shared memory: workers from a few lines of code, so that no path differs
 * between source, dist and tarball. A job is the name of an exported function and its arguments. An idle worker keeps no
 * process alive.
 */
import { Worker } from 'node:worker_threads';
import { EigentraceError } from '../../errors.js';
import { mostPages } from './layout.js';
import { wasm } from './wasm.js';
import { webAssembly, type SharedMemory } from './webassembly.js';

const workerSource = `const { parentPort, workerData } = require('node:worker_threads');
const { exports } = new WebAssembly.Instance(workerData.module, {
  env: { memory: workerData.memory, abort() { throw new Error('abort'); } },
});
parentPort.on('message', ({ op, args }) => {
  try { exports[op](...args); parentPort.postMessage(null); } catch (error) { parentPort.postMessage(String(error)); }
});`;

export interface Job {
  readonly op: string;
  readonly args: readonly number[];
}

export class ThreadPool {
  readonly threads: number;
  readonly #module: object;
  readonly #memory: SharedMemory;
  readonly #workers: Worker[] = [];
  /** Rejects what is under way. */
  #fail: (error: Error) => void = () => undefined;

  constructor(threads: number) {
    this.threads = threads;
    this.#module = new webAssembly.Module(Buffer.from(wasm, 'base64'));
    try {
      this.#memory = new webAssembly.Memory({ initial: 2, maximum: mostPages, shared: true });
    } catch (error) {
      const message = 'suffix sorter: no room for 4 GiB of addresses; lift the limit on virtual memory (ulimit -v)';
      throw new EigentraceError('environment', message, { cause: error });
    }
  }

  /** The memory as it is now: it moves when it grows. */
  get buffer(): SharedArrayBuffer {
    return this.#memory.buffer;
  }

  /** Makes the memory at least so large. */
  reserve(bytes: number): void {
    const pages = Math.ceil((bytes - this.buffer.byteLength) / 65536);
    if (pages <= 0) return;
    try {
      this.#memory.grow(pages);
    } catch (error) {
      const message = `suffix sorter: no memory for a shard, got ${Math.ceil(bytes / 2 ** 20)} MiB asked (expected less: give --memory)`;
      throw new EigentraceError('environment', message, { cause: error });
    }
  }

  /** One job a thread, all at once; null: nothing for that thread. Rejects when one fails or the signal says so. */
  async run(given: readonly (Job | null)[], signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) throw new EigentraceError('interrupted', 'interrupted');
    while (this.#workers.length < given.length) this.#add();
    const jobs = given.filter((job) => job !== null);
    const workers = this.#workers.filter((_, i) => given[i]);
    const stop = (): void => this.#fail(new EigentraceError('interrupted', 'interrupted'));
    signal?.addEventListener('abort', stop);
    for (const worker of workers) worker.ref();
    try {
      await new Promise<void>((resolve, reject) => {
        this.#fail = reject;
        let left = jobs.length;
        for (const [i, worker] of workers.entries()) {
          worker.once('message', (error: string | null) => {
            if (error !== null) reject(new EigentraceError('internal', `internal: suffix sorter: ${error}`));
            else if (--left === 0) resolve();
          });
          worker.postMessage(jobs[i]);
        }
      });
    } catch (error) {
      // The others may be inside a long job on this memory: no one waits for them.
      await this.close();
      throw error;
    } finally {
      this.#fail = () => undefined;
      for (const worker of workers) worker.unref();
      signal?.removeEventListener('abort', stop);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.splice(0).map((worker) => worker.terminate()));
  }

  #add(): void {
    const workerData = { module: this.#module, memory: this.#memory };
    // No inherited flags: a loader or an inspector of the main process has no business here.
    const worker = new Worker(workerSource, { eval: true, workerData, execArgv: [] });
    const fail = (reason: string): void => {
      const message = `suffix sorter: a thread ended, got "${reason}" (expected it to work); try --threads 1`;
      this.#fail(new EigentraceError('environment', message));
    };
    worker.on('error', (error: Error) => fail(error.message));
    worker.on('exit', (code) => fail(`exit code ${code}`));
    worker.unref();
    this.#workers.push(worker);
  }
}
