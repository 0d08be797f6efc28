/** Copies of a run that tests damage, and what verification says of them. */
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { openRun, verifyRun, type Run } from '../../src/record/index.js';
import type { Point } from './measured.js';

export const ref = { series: 'pythia-14m', stage: 'pretrain', revision: 'step1000', variant: null };
export const file = 'geometry/pythia-14m/pretrain/step1000.json';
export const second: Point = { revision: 'step2000', step: 2000, tokens: 4_194_304_000, decay: 1.5 };

/** A copy in the folder. */
export async function copyOf(run: Run, folder: string): Promise<Run> {
  const path = join(folder, `copy${Math.random().toString(36).slice(2)}`);
  await cp(run.path, path, { recursive: true });
  return openRun(path);
}

/** `code file` of every problem. */
export const kinds = async (path: string, options = {}) =>
  (await verifyRun(path, options)).problems.map(({ file: where, code }) => `${code} ${where}`);
