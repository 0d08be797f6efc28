/** `eigentrace verify`: the record's verification with a kernel for the rows that were kept. */
import { verifyRun as verifyRecord, type Verification } from '../record/index.js';
import { openKernel } from '../spectrum/index.js';
import { startThread } from './kernel-threads.js';

export interface VerifyOptions {
  /** Recompute every spectrum from the rows where they were kept. Default false. */
  readonly deep?: boolean;
  /** Threads of the recomputation. Default 2. */
  readonly threads?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, of: number, file: string) => void;
}

/** Verifies the run in folder `path`; see `Verification`. Rejects where there is no run there. */
export async function verifyRun(path: string, options: VerifyOptions = {}): Promise<Verification> {
  const { deep = false, threads = 2, signal, onProgress } = options;
  if (!deep) return verifyRecord(path, { signal, onProgress });
  const kernel = openKernel({ startThread, threads });
  try {
    return await verifyRecord(path, { deep: { kernel, signal }, signal, onProgress });
  } finally {
    await kernel.close();
  }
}
