/** Opens the fastest kernel that the host can run: WebAssembly threads, else plain TypeScript. */
import { EigentraceError } from '../../errors.js';
import type { Kernel, StartThread } from './kernel.js';
import { mostPages, mostThreads } from './memory.js';
import { PureKernel } from './pure.js';
import { ThreadedKernel } from './threads.js';
import { wasm } from './wasm.js';
import { webAssembly } from './webassembly.js';

export interface KernelOptions {
  /** How the host starts a thread; without it the kernel is plain TypeScript on the calling thread. */
  startThread?: StartThread;
  /** Threads for matrices of order ≥ 768, 1 to 8 (more are cut to 8). Default 2. */
  threads?: number;
}

/** The kernel must be closed, or its threads wait (without keeping a process alive) and its memory stays. */
export function openKernel(options: KernelOptions = {}): Kernel {
  const { startThread, threads = 2 } = options;
  if (!Number.isInteger(threads) || threads < 1) {
    throw new EigentraceError('usage', `threads: not a number of threads, got ${threads} (expected an integer ≥ 1)`);
  }
  if (!startThread || !webAssembly || typeof SharedArrayBuffer === 'undefined') return new PureKernel();
  const bytes = Uint8Array.from(atob(wasm), (character) => character.charCodeAt(0));
  // Says no where the engine lacks SIMD or threads.
  if (!webAssembly.validate(bytes)) return new PureKernel();
  try {
    const memory = new webAssembly.Memory({ initial: 2, maximum: mostPages, shared: true });
    return new ThreadedKernel(Math.min(threads, mostThreads), startThread, new webAssembly.Module(bytes), memory);
  } catch (error) {
    // No room for 4 GiB of addresses (a memory limit of the process): the slow way still works.
    if (error instanceof RangeError) return new PureKernel();
    throw error;
  }
}
