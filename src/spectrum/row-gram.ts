/**
 * The same spectra for fewer rows than columns, from the N×N Gram of the rows K = (X−1μᵀ)(X−1μᵀ)ᵀ, whose submatrices are
 * the Grams of the left-outs and halves. Centring a subset of n rows removes the direction 1/√n: reflected to the first
 * coordinate (eigen.ts), the rest of the tridiagonal matrix is the centred Gram; the whole, with the mean's part added
 * to the first column, the uncentred one: XXᵀ = K + a1ᵀ + 1aᵀ + c11ᵀ, a = (X−1μᵀ)μ, c = ‖μ‖².
 */
import type { Spectra } from './covariance.js';
import { reduce, solve } from './eigen.js';
import type { Reflection, Tridiagonal, Workspace } from './kernel/kernel.js';
import type { Scan } from './scan.js';

/** Slots that `rowGramSpectra` needs. */
export function rowGramSlots(errors: boolean): number {
  return errors ? 2 : 1;
}

export async function rowGramSpectra(
  space: Workspace,
  scan: Scan,
  alongMean: Float64Array,
  errors: boolean,
  done: () => void,
): Promise<Spectra> {
  const n = scan.index.length;
  await scan.rowGram(space, 0, scan.mean, null);
  const groups = Uint8Array.from(scan.index, (i) => scan.groups[i]!);
  const positions = Int32Array.from(groups.keys());
  const subset = async (keep: (group: number) => boolean): Promise<Float64Array> => {
    const index = positions.filter((i) => keep(groups[i]!));
    await space.gather(1, 0, index);
    const [values] = await solve(space, [trailing(await reduce(space, 1, index.length, ones(index.length)))]);
    done();
    return padded(values!, index.length);
  };
  // The subsets first: the total's own reduction destroys the Gram.
  let without: Float64Array[] | null = null;
  let halves: Spectra['halves'] = null;
  if (errors) {
    without = [];
    for (let k = 0; k < scan.sums.groupRows.length; k++) without.push(await subset((group) => group !== k));
    halves = { even: await subset((group) => group % 2 === 0), odd: await subset((group) => group % 2 === 1) };
  }
  const whole = await reduce(space, 0, n, ones(n), (reflection) => meanColumn(reflection, alongMean, scan.meanSquare));
  const [all, uncentred] = await solve(space, [trailing(whole), whole]);
  done();
  return { all: padded(all!, n), uncentred: uncentred!.map((x) => x / n), without, halves };
}

/** Centred spectrum alone, of rows times `scale` about `mean`: for `rankme[l2]`. */
export async function rowGramEigenvalues(
  space: Workspace,
  scan: Scan,
  mean: Float64Array,
  scale: Float64Array,
): Promise<Float64Array> {
  const n = scan.index.length;
  await scan.rowGram(space, 0, mean, scale);
  const [values] = await solve(space, [trailing(await reduce(space, 0, n, ones(n)))]);
  return padded(values!, n);
}

function ones(n: number): Float64Array {
  return new Float64Array(n).fill(1);
}

/** Without the first row and column. */
function trailing({ diagonal, off }: Tridiagonal): Tridiagonal {
  return { diagonal: diagonal.subarray(1), off: off.subarray(1) };
}

/** n−1 eigenvalues over n, and the zero of the mean's direction. */
function padded(values: Float64Array, n: number): Float64Array {
  return Float64Array.from({ length: n }, (_, i) => (i < n - 1 ? values[i]! / n : 0));
}

/** H(a1ᵀ + 1aᵀ + c11ᵀ)H has only a first row and column: β·Ha, and 2β(Ha)₀ + cβ² in the corner. */
function meanColumn({ beta, tau, u }: Reflection, a: Float64Array, c: number): Float64Array {
  const along = u.reduce((s, x, i) => s + x * a[i]!, 0);
  const column = a.map((x, i) => beta * (x - tau * u[i]! * along));
  column[0] = 2 * column[0]! + c * beta * beta;
  return column;
}
