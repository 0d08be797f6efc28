/**
 * Position `all`: rows that are too many to keep are summed into one Gram a group as they come, about a provisional mean
 * (that of the first batch), with the sums that the other figures need, the fourth moments included. The same figures as
 * `measureRows` on the same rows; only the share of the rows that vary most is not known. Grams lie in ordinary memory
 * as packed triangles, 4·d² bytes each, so that many layers share one kernel.
 * Rows are summed in the order in which they come.
 */
import { EigentraceError } from '../errors.js';
import { defaultAlphaRange } from './alpha.js';
import { covarianceSlots, covarianceSpectra, type GramSource } from './covariance.js';
import { figuresFrom } from './figures.js';
import { defaultGroups, jackknifeProblem } from './jackknife.js';
import { blockRows, type Kernel, type Workspace } from './kernel/kernel.js';
import { openKernel } from './kernel/open.js';
import { Pace } from './kernel/pace.js';
import { arraysOf, type LayerMeasurement, type MeasureOptions } from './measure.js';
import { RowSums, squaredNorm } from './row-sums.js';
import { packSums } from './sums.js';

export interface AccumulatorOptions {
  /** What sums the Grams; without one, plain TypeScript on the calling thread. */
  kernel?: Kernel;
  /** Groups of the jackknife, 2 to 255, or 0 for no errors: one Gram instead of one a group. Default 10. */
  groups?: number;
  signal?: AbortSignal;
}

/** Rows of a group that wait for its Gram. */
const waitingRows = blockRows;

export class GramAccumulator implements GramSource {
  readonly d: number;
  readonly #kernel: Kernel;
  readonly #signal: AbortSignal | undefined;
  readonly #pace: Pace;
  readonly #sums: RowSums;
  /** Packed lower triangles Σ (x−μ)(x−μ)ᵀ by group. */
  readonly #grams: Float64Array[];
  readonly #waiting: { rows: Float32Array; count: number }[];
  readonly #errors: boolean;
  /** μ; null before the first finite row. */
  #provisional: Float64Array | null = null;
  /** With y = x−μ, q = ‖y‖²: Σ q, Σ q² and Σ q·y. */
  #q = 0;
  #qq = 0;
  readonly #qy: Float64Array;
  #last: Promise<void> = Promise.resolve();

  /** `d` columns. */
  constructor(d: number, options: AccumulatorOptions = {}) {
    const { groups = defaultGroups, kernel = openKernel(), signal } = options;
    if (!Number.isInteger(groups) || groups < 0 || groups === 1 || groups > 255) {
      throw new EigentraceError('usage', `groups: can't be cut so, got ${groups} (expected 0, or 2 to 255)`);
    }
    this.d = d;
    this.#errors = groups > 0;
    this.#kernel = kernel;
    this.#signal = signal;
    this.#pace = new Pace(signal);
    const count = Math.max(1, groups);
    this.#sums = new RowSums(d, count);
    this.#grams = Array.from({ length: count }, () => new Float64Array((d * (d + 1)) / 2));
    this.#waiting = Array.from({ length: count }, () => ({ rows: new Float32Array(waitingRows * d), count: 0 }));
    this.#qy = new Float64Array(d);
  }

  /**
   * Adds `count` rows (count·d float32, row-major; may be reused once this resolves) with the group of each, which is
   * ignored without errors. Rows with NaN or Inf are counted and left out.
   */
  add(rows: Float32Array, count: number, groups: Uint8Array): Promise<void> {
    const mine = this.#last.then(() => this.#add(rows, count, groups));
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  /** The figures of all rows added. The accumulator can't be used after it. */
  async finish(
    options: Omit<MeasureOptions, 'groups' | 'groupOf' | 'kernel'> & { kernel?: Kernel },
  ): Promise<LayerMeasurement> {
    const { errors = 'jackknife', alphaRange = defaultAlphaRange, variants = [], kernel = this.#kernel } = options;
    await this.#last;
    for (let k = 0; k < this.#grams.length; k++) await this.#flush(k);
    const { n } = this.#sums;
    const withErrors = errors === 'jackknife' && this.#errors && jackknifeProblem(this.groupRows) === null;
    const arrays: Record<string, Float64Array> = { mean: this.mean };
    const of = withErrors ? this.#grams.length + 3 : 1;
    let done = 0;
    let deviations = { deviation2: 0, deviation4: 0 };
    if (n > 0) {
      const spectra = await kernel.use(
        this.d,
        covarianceSlots(withErrors),
        options.signal ?? this.#signal,
        async (space) => {
          deviations = await this.#deviations();
          return covarianceSpectra(space, this, withErrors, () => {
            done++;
            options.onProgress?.(done, of);
          });
        },
      );
      Object.assign(arrays, arraysOf(spectra));
    }
    arrays['sums'] = packSums({
      rows: this.#sums.rows,
      n,
      d: this.d,
      meanNorm: Math.sqrt(squaredNorm(this.mean)),
      norms: this.#sums.norms,
      squares: this.#sums.squares,
      unitSquare: squaredNorm(this.#sums.unitSum),
      zeroRows: this.#sums.zeroRows,
      ...deviations,
      topDeviation2: null,
      groupRows: this.#sums.groupRows,
      groupSquares: this.#sums.groupSquares,
    });
    const asked = { alphaRange, variants, errors: this.#errors ? errors : ('none' as const) };
    return { n, d: this.d, arrays, decompositions: done, ...figuresFrom(arrays, asked) };
  }

  get groupRows(): readonly number[] {
    return this.#sums.groupRows;
  }

  get mean(): Float64Array {
    return this.#sums.mean();
  }

  shift(k: number): Float64Array {
    return this.#sums.shift(k, this.#provisional!);
  }

  async total(space: Workspace, slot: number): Promise<void> {
    await space.clear(slot);
    for (const gram of this.#grams) space.addFrom(slot, gram);
  }

  async group(space: Workspace, slot: number, k: number): Promise<void> {
    await space.clear(slot);
    space.addFrom(slot, this.#grams[k]!);
  }

  async #add(rows: Float32Array, count: number, groups: Uint8Array): Promise<void> {
    const { d } = this;
    if (rows.length < count * d || groups.length < count) {
      const got = `${rows.length} values, ${groups.length} groups`;
      throw new EigentraceError('internal', `internal: ${count} rows of ${d} are not there, got ${got}`);
    }
    this.#provisional ??= provisionalMean(rows, count, d);
    for (let i = 0; i < count; i++) {
      const k = this.#errors ? groups[i]! : 0;
      const waiting = this.#waiting[k];
      if (!waiting) {
        throw new EigentraceError('internal', `internal: no group ${k} among ${this.#waiting.length}`);
      }
      if (Number.isNaN(this.#sums.add(rows, i * d, k))) continue;
      if (this.#provisional) this.#moments(rows, i * d, this.#provisional);
      waiting.rows.set(rows.subarray(i * d, (i + 1) * d), waiting.count * d);
      if (++waiting.count === waitingRows) await this.#flush(k);
      if (this.#pace.due()) await this.#pace.rest();
    }
  }

  #moments(rows: Float32Array, from: number, mean: Float64Array): void {
    let q = 0;
    for (let j = 0; j < this.d; j++) q += (rows[from + j]! - mean[j]!) ** 2;
    for (let j = 0; j < this.d; j++) this.#qy[j]! += q * (rows[from + j]! - mean[j]!);
    this.#q += q;
    this.#qq += q * q;
  }

  /** The waiting rows of a group into its Gram. */
  async #flush(k: number): Promise<void> {
    const waiting = this.#waiting[k]!;
    const { count } = waiting;
    if (count === 0) return;
    waiting.count = 0;
    await this.#kernel.use(this.d, 1, this.#signal, async (space) => {
      space.stage(0).set(waiting.rows.subarray(0, count * this.d));
      await space.clear(0);
      await space.covariance(0, 0, count, this.#provisional!, null);
      space.addTo(0, this.#grams[k]!);
    });
  }

  /**
   * Σ‖x−x̄‖² and Σ‖x−x̄‖⁴ from the moments about μ: with δ = x̄−μ, ‖x−x̄‖² = q − 2y·δ + ‖δ‖², whose square sums to
   * Σq² + 4 δᵀGδ + N‖δ‖⁴ − 4 δ·Σqy + 2‖δ‖²Σq − 4‖δ‖²·N‖δ‖².
   */
  async #deviations(): Promise<{ deviation2: number; deviation4: number }> {
    const { d } = this;
    const { n } = this.#sums;
    const mean = this.mean;
    const delta = mean.map((x, j) => x - this.#provisional![j]!);
    const square = squaredNorm(delta);
    let quadratic = 0;
    for (const gram of this.#grams) {
      for (let j = 0, at = 0; j < d; j++) {
        quadratic += gram[at++]! * delta[j]! * delta[j]!;
        for (let i = j + 1; i < d; i++) quadratic += 2 * gram[at++]! * delta[i]! * delta[j]!;
        if (this.#pace.due()) await this.#pace.rest();
      }
    }
    const along = this.#qy.reduce((s, x, j) => s + x * delta[j]!, 0);
    return {
      deviation2: this.#q - n * square,
      deviation4: this.#qq + 4 * quadratic - 3 * n * square * square - 4 * along + 2 * square * this.#q,
    };
  }
}

/** Mean of the finite rows of a batch; null when there is none. */
function provisionalMean(rows: Float32Array, count: number, d: number): Float64Array | null {
  const sums = new RowSums(d, 1);
  for (let i = 0; i < count; i++) sums.add(rows, i * d, 0);
  return sums.n > 0 ? sums.mean() : null;
}
