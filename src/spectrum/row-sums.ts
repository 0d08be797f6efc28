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
    const { d, unitSum } = this;
    this.rows++;
    let square = 0;
    for (let j = 0; j < d; j++) square += source[from + j]! * source[from + j]!;
    // Squares of finite float32 stay far below float64's largest number.
    if (!Number.isFinite(square)) return NaN;
    const norm = Math.sqrt(square);
    const target = this.groupSums[group]!;
    const unit = norm > 0 ? 1 / norm : 0;
    for (let j = 0; j < d; j++) {
      const x = source[from + j]!;
      target[j]! += x;
      unitSum[j]! += x * unit;
    }
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

/** ‖v‖². */
export function squaredNorm(v: Float64Array): number {
  let s = 0;
  for (const x of v) s += x * x;
  return s;
}
