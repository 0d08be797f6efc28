/** Opens the fastest kernel that the host can run: WebAssembly threads, else plain TypeScript. */
import { EigentraceError } from '../../errors.js';
import type { Kernel, StartThread } from './kernel.js';
import { mostPages, mostThreads } from './memory.js';
import { PureKernel } from './pure.js';
import { ThreadedKernel } from './threads.js';
import { wasm, wasmRelaxed } from './wasm.js';
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
  const decode = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  // The engine says which build it can run; neither where it lacks SIMD or threads.
  const fused = webAssembly.validate(decode(wasmRelaxed));
  const bytes = decode(fused ? wasmRelaxed : wasm);
  if (!fused && !webAssembly.validate(bytes)) return new PureKernel();
  try {
    const memory = new webAssembly.Memory({ initial: 2, maximum: mostPages, shared: true });
    const module = new webAssembly.Module(bytes);
    const arithmetic = fused ? 'relaxed-simd' : 'simd';
    return new ThreadedKernel(Math.min(threads, mostThreads), startThread, module, memory, arithmetic);
  } catch (error) {
    // No room for 4 GiB of addresses (a memory limit of the process): the slow way still works.
    if (error instanceof RangeError) return new PureKernel();
    throw error;
  }
}
