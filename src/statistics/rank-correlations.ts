/**
 * Rank correlations (Spearman's, average ranks for ties) between several columns of the same items, of any multiset of
 * them: without a group (the jackknife), of a subset, or drawn with replacement (the bootstrap). Values are sorted once;
 * a multiset's ranks then come from counting, in O(items).
 *
 * Partial correlation of x and y given others: of what is left of the ranks of x and y after least squares on the ranks of
 * the others (a Schur complement of the matrix of correlations).
 */

/** What is left of a column of variance 1 that the others determine: less is rounding. */
const nothingLeft = 1e-12;

export class RankCorrelations {
  readonly length: number;
  /** By column: the place of each item's value among the different values, ascending. */
  readonly #classes: readonly Uint32Array[];
  readonly #distinct: readonly number[];

  /** `columns[c][i]`: value of item i. No NaN; infinities are values like any other. */
  constructor(columns: readonly (readonly number[])[]) {
    this.length = columns[0]?.length ?? 0;
    const classified = columns.map(classesOf);
    this.#classes = classified.map(({ classes }) => classes);
    this.#distinct = classified.map(({ distinct }) => distinct);
  }

  /**
   * The matrix of correlations of a multiset, `counts[i]` times item i (default each once). Null where a column doesn't
   * vary, or for fewer than three items.
   */
  matrix(counts?: ArrayLike<number>): (number | null)[][] {
    const all = counts ?? new Uint8Array(this.length).fill(1);
    let total = 0;
    for (let i = 0; i < this.length; i++) total += all[i]!;
    const ranks = this.#classes.map((classes, c) => centredRanks(classes, this.#distinct[c]!, all, total));
    const product = (x: Float64Array, y: Float64Array): number => {
      let sum = 0;
      for (let i = 0; i < x.length; i++) sum += all[i]! * x[i]! * y[i]!;
      return sum;
    };
    const norms = ranks.map((x) => product(x, x));
    return ranks.map((x, a) =>
      ranks.map((y, b) => {
        if (total < 3 || norms[a] === 0 || norms[b] === 0) return null;
        if (a === b) return 1;
        return Math.max(-1, Math.min(1, product(x, y) / Math.sqrt(norms[a]! * norms[b]!)));
      }),
    );
  }
}

/**
 * The correlation of columns 0 and 1 given columns 2, 3, …; null where either doesn't vary or is determined by the others.
 * A column given that doesn't vary, or that others given determine, takes nothing away.
 */
export function partialOf(matrix: readonly (readonly (number | null)[])[]): number | null {
  if (matrix[0]?.[1] === null || matrix[0]?.[1] === undefined) return null;
  const left = matrix.map((row) => row.map((r) => r ?? 0));
  for (let k = 2; k < left.length; k++) {
    const pivot = left[k]![k]!;
    if (pivot <= nothingLeft) continue;
    const row = [...left[k]!];
    for (const other of left) {
      const factor = other[k]! / pivot;
      for (let b = 0; b < other.length; b++) other[b]! -= factor * row[b]!;
    }
  }
  const [xx, yy] = [left[0]![0]!, left[1]![1]!];
  if (xx <= nothingLeft || yy <= nothingLeft) return null;
  return Math.max(-1, Math.min(1, left[0]![1]! / Math.sqrt(xx * yy)));
}

function classesOf(values: readonly number[]): { classes: Uint32Array; distinct: number } {
  const order = Array.from(values, (_, i) => i).sort((a, b) =>
    values[a]! < values[b]! ? -1 : values[a]! > values[b]! ? 1 : 0,
  );
  const classes = new Uint32Array(values.length);
  let distinct = 0;
  order.forEach((item, place) => {
    if (place > 0 && values[item] !== values[order[place - 1]!]) distinct++;
    classes[item] = distinct;
  });
  return { classes, distinct: values.length === 0 ? 0 : distinct + 1 };
}

/** Average ranks less their mean (total + 1)/2, by item. */
function centredRanks(classes: Uint32Array, distinct: number, counts: ArrayLike<number>, total: number): Float64Array {
  const sizes = new Float64Array(distinct);
  for (let i = 0; i < classes.length; i++) sizes[classes[i]!]! += counts[i]!;
  let before = 0;
  for (let c = 0; c < distinct; c++) {
    const size = sizes[c]!;
    sizes[c] = before + (size + 1) / 2 - (total + 1) / 2;
    before += size;
  }
  return Float64Array.from(classes, (c) => sizes[c]!);
}
