/**
 * One pass over rows: which are finite, and the float64 sums that need no mean (norms, unit vectors, sums by group).
 * Rows are added in corpus order, so no bit depends on how they were batched.
 */
export class RowSums {
  readonly d: number;
  /** Σ x by group: (d) float64 each. */
  readonly groupSums: Float64Array[];
  readonly groupRows: number[];
  readonly groupSquares: number[];
  /** Σ x/‖x‖ over rows that are not zero: (d). */
  readonly unitSum: Float64Array;
  /** Rows added, finite or not. */
  rows = 0;
  /** Finite rows. */
  n = 0;
  norms = 0;
  squares = 0;
  zeroRows = 0;

  constructor(d: number, groups: number) {
    this.d = d;
    this.groupSums = Array.from({ length: groups }, () => new Float64Array(d));
    this.groupRows = new Array<number>(groups).fill(0);
    this.groupSquares = new Array<number>(groups).fill(0);
    this.unitSum = new Float64Array(d);
  }

  /** Adds the row at `from`; its norm, or NaN for a row with NaN or Inf, which is only counted. */
  add(source: Float32Array, from: number, group: number): number {
    const norm = this.count(squareOf(source, from, this.d), group);
    if (Number.isNaN(norm)) return NaN;
    addScaled(source, from, this.groupSums[group]!, this.unitSum, norm > 0 ? 1 / norm : 0);
    return norm;
  }

  /** Counts a row of that ‖x‖² whose vector is added elsewhere; its norm, NaN where the square is not finite. */
  count(square: number, group: number): number {
    this.rows++;
    // Squares of finite float32 stay far below float64's largest number.
    if (!Number.isFinite(square)) return NaN;
    const norm = Math.sqrt(square);
    this.n++;
    this.norms += norm;
    this.squares += square;
    if (norm === 0) this.zeroRows++;
    this.groupRows[group]!++;
    this.groupSquares[group]! += square;
    return norm;
  }

  /** x̄ over the finite rows; zeros when there are none. */
  mean(): Float64Array {
    const mean = new Float64Array(this.d);
    for (const group of this.groupSums) for (let j = 0; j < this.d; j++) mean[j]! += group[j]!;
    return mean.map((x) => (this.n > 0 ? x / this.n : 0));
  }

  /** Σ (x − μ) over group k: (d). */
  shift(k: number, mean: Float64Array): Float64Array {
    const n = this.groupRows[k]!;
    return this.groupSums[k]!.map((x, j) => x - n * mean[j]!);
  }
}

/** sum += x and scaled += factor·x, four columns a step: twice as fast as one in V8. */
function addScaled(source: Float32Array, from: number, sum: Float64Array, scaled: Float64Array, factor: number): void {
  let j = 0;
  for (; j + 3 < sum.length; j += 4) {
    const x0 = source[from + j]!;
    const x1 = source[from + j + 1]!;
    const x2 = source[from + j + 2]!;
    const x3 = source[from + j + 3]!;
    sum[j]! += x0;
    sum[j + 1]! += x1;
    sum[j + 2]! += x2;
    sum[j + 3]! += x3;
    scaled[j]! += x0 * factor;
    scaled[j + 1]! += x1 * factor;
    scaled[j + 2]! += x2 * factor;
    scaled[j + 3]! += x3 * factor;
  }
  for (; j < sum.length; j++) {
    sum[j]! += source[from + j]!;
    scaled[j]! += source[from + j]! * factor;
  }
}

/** Σ x² of d values, in four sums: the additions don't wait for each other. */
function squareOf(source: Float32Array, from: number, d: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  const end = from + d;
  let i = from;
  for (; i + 3 < end; i += 4) {
    const x0 = source[i]!;
    const x1 = source[i + 1]!;
    const x2 = source[i + 2]!;
    const x3 = source[i + 3]!;
    s0 += x0 * x0;
    s1 += x1 * x1;
    s2 += x2 * x2;
    s3 += x3 * x3;
  }
  for (; i < end; i++) s0 += source[i]! * source[i]!;
  return s0 + s1 + (s2 + s3);
}

/** ‖v‖². */
export function squaredNorm(v: Float64Array): number {
  let s = 0;
  for (const x of v) s += x * x;
  return s;
}
