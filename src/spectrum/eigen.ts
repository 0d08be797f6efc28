/**
 * Eigenvalues of symmetric matrices on a kernel. A matrix is scaled by a power of two to about 1, reflected so that a
 * given direction becomes the first coordinate, and reduced to tridiagonal form, which leaves that coordinate alone:
 * Qᵀ A Q = T with Q e₀ along the direction. So the eigenvalues of A + c·q₀q₀ᵀ, q₀ the direction, cost only a second QL on
 * T + c·e₀e₀ᵀ: that is how the uncentred spectrum comes with the centred one (Σ + x̄x̄ᵀ).
 */
import { EigentraceError } from '../errors.js';
import type { Kernel, Reflection, Tridiagonal, Workspace } from './kernel/kernel.js';
import { scaleOf } from './tridiagonal.js';

/**
 * The tridiagonal form of slot's leading n×n matrix with `direction` (n) as its first coordinate; the slot is destroyed.
 * `edge` may add a column to the reflected matrix before the reduction: it gets the reflection and the scale.
 */
export async function reduce(
  space: Workspace,
  slot: number,
  n: number,
  direction: Float64Array | null,
  edge?: (reflection: Reflection) => Float64Array,
): Promise<Tridiagonal> {
  const largest = await space.largest(slot, n);
  if (!Number.isFinite(largest)) {
    throw new EigentraceError('input', `matrix: an entry is not a number, got ${largest} (expected finite float64)`);
  }
  let scale = scaleOf(largest);
  await space.form(n, slot, slot, scale, slot, 0);
  if (direction) {
    const reflection = await space.reflect(slot, n, direction);
    if (edge) {
      const column = edge(reflection).map((x) => x * scale);
      space.addColumn(slot, column);
      // The column may be far larger than the rest (a large mean): scale again.
      const again = scaleOf(column.reduce((most, x) => Math.max(most, Math.abs(x)), 1));
      if (again !== 1) await space.form(n, slot, slot, again, slot, 0);
      scale *= again;
    }
  }
  const { diagonal, off } = await space.tridiagonalise(slot, n);
  return { diagonal: diagonal.map((x) => x / scale), off: off.map((x) => x / scale) };
}

/** Eigenvalues of tridiagonal matrices of any size of entries, descending. */
export async function solve(space: Workspace, matrices: readonly Tridiagonal[]): Promise<Float64Array[]> {
  const scales = matrices.map(({ diagonal, off }) => {
    let most = 0;
    for (let i = 0; i < diagonal.length; i++) {
      most = Math.max(most, Math.abs(diagonal[i]!), i + 1 < diagonal.length ? Math.abs(off[i]!) : 0);
    }
    return scaleOf(most);
  });
  const scaled = matrices.map(({ diagonal, off }, i) => ({
    diagonal: diagonal.map((x) => x * scales[i]!),
    off: off.map((x) => x * scales[i]!),
  }));
  const found = await space.eigenvalues(scaled);
  return found.map((values, i) => values.map((x) => x / scales[i]!));
}

/**
 * All eigenvalues, descending, of a symmetric n×n float64 matrix (row- or column-major; only the triangle that is lower
 * by columns is read). Absolute error a few 2⁻⁵² of the largest. Refuses NaN and infinities.
 */
export async function eigenvalues(
  matrix: Float64Array,
  n: number,
  kernel: Kernel,
  signal?: AbortSignal,
): Promise<Float64Array> {
  if (!Number.isInteger(n) || n < 1 || matrix.length !== n * n) {
    throw new EigentraceError('input', `matrix: not square, got ${matrix.length} values (expected ${n} × ${n})`);
  }
  const bad = matrix.findIndex((x) => !Number.isFinite(x));
  if (bad >= 0) {
    const place = `[${Math.floor(bad / n)}, ${bad % n}]`;
    throw new EigentraceError(
      'input',
      `matrix: entry ${place} is not finite, got ${matrix[bad]!} (expected finite float64)`,
    );
  }
  const packed = new Float64Array((n * (n + 1)) / 2);
  for (let j = 0, at = 0; j < n; j++) for (let i = j; i < n; i++) packed[at++] = matrix[j * n + i]!;
  return kernel.use(n, 1, signal, async (space) => {
    await space.clear(0);
    space.addFrom(0, packed);
    const [values] = await solve(space, [await reduce(space, 0, n, null)]);
    return values!;
  });
}
