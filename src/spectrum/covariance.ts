/**
 * The spectra behind a measurement from float64 Grams about a provisional mean μ (definitions §2, §6):
 *   all rows      Σ = (G − s sᵀ/N)/N,              G = Σ (x−μ)(x−μ)ᵀ, s = Σ (x−μ)
 *   without k     the total less the group's Gram, centred about its own mean
 *   even, odd     the groups 0, 2, … and 1, 3, …
 *   uncentred     Σ + x̄x̄ᵀ, from the same reduction as Σ (eigen.ts)
 * One d×d matrix without errors, three with them: total, even half, and the one at work.
 */
import { reduce, solve } from './eigen.js';
import type { Workspace } from './kernel/kernel.js';

/** Raw eigenvalues (descending, rounding included, min(n, d) of them), n being the rows of each. */
export interface Spectra {
  all: Float64Array;
  uncentred: Float64Array;
  /** By group; null without errors. */
  without: Float64Array[] | null;
  halves: { even: Float64Array; odd: Float64Array } | null;
}

/** Where the Grams come from: rows read again (scan.ts), or Grams that were summed as rows came (accumulate.ts). */
export interface GramSource {
  readonly d: number;
  /** Finite rows of each group. */
  readonly groupRows: readonly number[];
  /** x̄ over all rows. */
  readonly mean: Float64Array;
  /** Σ (x−μ) over group k. */
  shift(k: number): Float64Array;
  /** slot ← Gram of all rows about μ. */
  total(space: Workspace, slot: number): Promise<void>;
  /** slot ← Gram of group k about μ. */
  group(space: Workspace, slot: number, k: number): Promise<void>;
  /**
   * slot ← Gram of the rows without group k about their own mean, summed anew: where the group holds nearly all the
   * variance and a difference would leave only rounding. False when the difference is good.
   */
  others?(space: Workspace, slot: number, k: number): Promise<boolean>;
}

const [TOTAL, HALF] = [0, 1];

/** Slots that `covarianceSpectra` needs. */
export function covarianceSlots(errors: boolean): number {
  return errors ? 3 : 1;
}

export async function covarianceSpectra(
  space: Workspace,
  source: GramSource,
  errors: boolean,
  done: () => void,
): Promise<Spectra> {
  const { d, groupRows, mean } = source;
  const n = groupRows.reduce((s, x) => s + x, 0);
  const work = errors ? 2 : 0;
  const shifts = groupRows.map((_, k) => source.shift(k));
  const shift = added(d, shifts);

  const eigenvaluesOf = async (slot: number, count: number): Promise<Float64Array> => {
    const [values] = await solve(space, [await reduce(space, slot, d, null)]);
    done();
    return scaled(values!, count, d);
  };

  await source.total(space, TOTAL);
  await space.form(d, work, TOTAL, 1, TOTAL, 0, shift, 1 / n);
  // The mean's direction first: N·x̄x̄ᵀ then adds to one corner of the tridiagonal matrix.
  const centred = await reduce(space, work, d, mean);
  const uncentred = { diagonal: centred.diagonal.slice(), off: centred.off };
  uncentred.diagonal[0]! += n * mean.reduce((s, x) => s + x * x, 0);
  const [all, raw] = await solve(space, [centred, uncentred]);
  done();
  const spectra: Spectra = { all: scaled(all!, n, d), uncentred: scaled(raw!, n, d), without: null, halves: null };
  if (!errors) return spectra;

  spectra.without = [];
  await space.clear(HALF);
  const evens = shifts.filter((_, k) => k % 2 === 0);
  for (const [k, rows] of groupRows.entries()) {
    await source.group(space, work, k);
    if (k % 2 === 0) await space.form(d, HALF, HALF, 1, work, 1);
    if (!(await source.others?.(space, work, k))) {
      const rest = shift.map((x, j) => x - shifts[k]![j]!);
      await space.form(d, work, TOTAL, 1, work, -1, rest, 1 / (n - rows));
    }
    spectra.without.push(await eigenvaluesOf(work, n - rows));
  }
  const evenShift = added(d, evens);
  const evenRows = groupRows.reduce((s, x, k) => s + (k % 2 === 0 ? x : 0), 0);
  await space.form(d, work, HALF, 1, HALF, 0, evenShift, 1 / evenRows);
  const even = await eigenvaluesOf(work, evenRows);
  const oddShift = shift.map((x, j) => x - evenShift[j]!);
  await space.form(d, work, TOTAL, 1, HALF, -1, oddShift, 1 / (n - evenRows));
  spectra.halves = { even, odd: await eigenvaluesOf(work, n - evenRows) };
  return spectra;
}

/** Σ of vectors of d values. */
function added(d: number, vectors: readonly Float64Array[]): Float64Array {
  const total = new Float64Array(d);
  for (const v of vectors) for (let j = 0; j < d; j++) total[j]! += v[j]!;
  return total;
}

/** The first min(count, d) eigenvalues over the count. */
function scaled(values: Float64Array, count: number, d: number): Float64Array {
  return values.slice(0, Math.min(count, d)).map((x) => x / count);
}
