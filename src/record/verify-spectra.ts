/**
 * What must hold between the stored arrays of one layer, whatever the rows were: nothing here reads a figure. It catches
 * arrays that were edited and then given new hashes, as far as mathematics can:
 *   traces        Σλ = Σ‖x−x̄‖²/N, Σλ uncentred = Σ‖x‖²/N, Σ‖x‖² = Σ‖x−x̄‖² + N‖x̄‖² = the groups' sum
 *   rows left out (N−n)·λᵢ without the group ≤ N·λᵢ (a part's scatter is no larger), and N·λ₍ᵢ₊ₙ₎ ≤ (N−n)·λᵢ without
 *                 (removing n rows lowers the rank by n at most); the same for the halves; Σₖ scatter without k ≤ (K−1)·scatter
 *   the mean      Σ + x̄x̄ᵀ is a rank-one change: λᵢ ≤ λᵢ uncentred ≤ λᵢ₋₁
 * A spectrum that was replaced by another one inside these bounds is not seen: only the rows could tell.
 */
import { readSums, type Sums } from '../spectrum/index.js';

type Arrays = Readonly<Record<string, Float64Array>>;

/** Rounding that is let pass, relative to the largest eigenvalue or to the sum. Seen: below 1e-13. */
const tolerance = 1e-10;

/** What does not hold, in words; empty when all does. `position` all: groups are of sequences, of any size. */
export function spectraProblems(arrays: Arrays, position: string): string[] {
  const problems: string[] = [];
  const sums = readSums(arrays['sums'] ?? new Float64Array());
  problems.push(...sumsProblems(sums, position));
  if (problems.length > 0 || sums.n === 0) return problems;
  const { n, d, groupRows, groupSquares, squares, meanNorm, deviation2 } = sums;
  const all = arrays['eigenvalues'] ?? new Float64Array();
  const scale = Math.max(all[0] ?? 0, Number.MIN_VALUE);

  const left = groupRows.map((rows, k) => ({ name: `eigenvalues_without_${k}`, rows: n - rows }));
  const even = groupRows.reduce((s, rows, k) => s + (k % 2 === 0 ? rows : 0), 0);
  const halves = [
    { name: 'eigenvalues_even', rows: even },
    { name: 'eigenvalues_odd', rows: n - even },
  ];
  const parts = [...left, ...halves].filter(({ name }) => arrays[name] !== undefined);
  for (const { name, rows } of [
    { name: 'eigenvalues', rows: n },
    { name: 'eigenvalues_uncentred', rows: n },
    ...parts,
  ]) {
    const problem = formProblem(name, arrays[name], Math.min(rows, d));
    if (problem !== null) problems.push(problem);
  }
  // Uneven lengths make no pairs to compare.
  if (problems.length > 0) return problems;

  const uncentred = arrays['eigenvalues_uncentred']!;
  const close = (what: string, got: number, expected: number, size: number): void => {
    if (Math.abs(got - expected) <= tolerance * size) return;
    problems.push(`${what}, got ${got} (expected ${expected})`);
  };
  close('eigenvalues do not sum to the variance of the rows', total(all) * n, deviation2, deviation2 + 1e-3 * squares);
  close('eigenvalues_uncentred do not sum to the rows’ mean square', total(uncentred) * n, squares, squares);
  const mean = arrays['mean'];
  if (mean) {
    const norm = Math.sqrt(mean.reduce((s, x) => s + x * x, 0));
    close('mean has another norm than sums say', norm, meanNorm, Math.max(norm, meanNorm));
    if (mean.length !== d) problems.push(`mean has ${mean.length} values (expected d = ${d})`);
  }

  const above = (what: string, lower: (i: number) => number, upper: (i: number) => number, count: number): void => {
    for (let i = 0; i < count; i++) {
      const [a, b] = [lower(i), upper(i)];
      if (a <= b + tolerance * (scale * n + Math.abs(b))) continue;
      problems.push(`${what} at rank ${i + 1}, got ${a / n} (expected at most ${b / n})`);
      return;
    }
  };
  const top = tolerance * n * (uncentred[0] ?? 0);
  above(
    'eigenvalues are above the uncentred ones',
    (i) => n * all[i]!,
    (i) => n * uncentred[i]! + top,
    all.length,
  );
  above(
    'eigenvalues_uncentred do not interlace the centred ones',
    (i) => n * uncentred[i + 1]!,
    (i) => n * all[i]! + top,
    all.length - 1,
  );
  for (const { name, rows } of parts) {
    const part = arrays[name]!;
    const removed = n - rows;
    above(
      `${name} are above those of all rows`,
      (i) => rows * part[i]!,
      (i) => n * all[i]!,
      Math.min(part.length, all.length),
    );
    above(
      `${name} are below what ${removed} rows could take away`,
      (i) => n * all[i + removed]!,
      (i) => rows * part[i]!,
      Math.min(part.length, all.length - removed),
    );
  }
  for (const [k, { name, rows }] of left.entries()) {
    const part = arrays[name];
    const most = squares - groupSquares[k]!;
    if (part && total(part) * rows > most * (1 + tolerance)) {
      problems.push(
        `${name} sum to more than their rows' squares, got ${total(part) * rows} (expected at most ${most})`,
      );
    }
  }
  const sumOf = (list: readonly { name: string; rows: number }[]): number =>
    list.reduce((s, { name, rows }) => s + rows * total(arrays[name] ?? new Float64Array()), 0);
  const slack = tolerance * (deviation2 + 1e-3 * squares) * Math.max(1, groupRows.length);
  if (sumOf(left) > (groupRows.length - 1) * deviation2 + slack) {
    problems.push('the left-outs together hold more variance than K−1 times all rows');
  }
  if (sumOf(halves) > deviation2 + slack) problems.push('the halves together hold more variance than all rows');
  return problems;
}

/** Descending, finite, and not below zero beyond rounding. */
function formProblem(name: string, values: Float64Array | undefined, count: number): string | null {
  if (!values) return `${name} are missing`;
  if (values.length !== count) return `${name} are ${values.length} values (expected ${count})`;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    const place = `at rank ${i + 1}`;
    if (!Number.isFinite(value)) return `${name} hold ${value} ${place} (expected finite numbers)`;
    // One below zero is a zero, rounded: zeros that were not computed may stand after it.
    if (i > 0 && value > Math.max(0, values[i - 1]!))
      return `${name} rise ${place}, got ${value} after ${values[i - 1]}`;
    if (value < -tolerance * Math.abs(values[0]!)) return `${name} are negative ${place}, got ${value}`;
  }
  return null;
}

function sumsProblems(sums: Sums, position: string): string[] {
  const { rows, n, d, squares, norms, meanNorm, unitSquare, zeroRows, groupRows, groupSquares } = sums;
  const { deviation2, deviation4, topDeviation2 } = sums;
  const problems: string[] = [];
  const check = (holds: boolean, what: string): void => {
    if (!holds) problems.push(`sums: ${what}`);
  };
  const counts = [rows, n, d, zeroRows, ...groupRows];
  check(
    counts.every((x) => Number.isSafeInteger(x) && x >= 0),
    `counts are no whole numbers, got ${counts.join(', ')}`,
  );
  const others = [squares, norms, meanNorm, unitSquare, deviation2, deviation4, topDeviation2 ?? 0, ...groupSquares];
  check(
    others.every((x) => Number.isFinite(x) && x >= 0),
    `a sum of squares is negative or not finite, got ${others.find((x) => !(x >= 0 && Number.isFinite(x)))}`,
  );
  if (problems.length > 0) return problems;
  const sum = (values: readonly number[]): number => values.reduce((s, x) => s + x, 0);
  const atMost = (a: number, b: number): boolean => a <= b * (1 + tolerance) + Number.MIN_VALUE;
  check(n <= rows, `N = ${n} of ${rows} rows`);
  check(d > 0, `d = ${d}`);
  check(zeroRows <= n, `${zeroRows} zero rows of ${n}`);
  if (groupRows.length > 0) {
    check(sum(groupRows) === n, `the groups have ${sum(groupRows)} rows (expected N = ${n})`);
    check(
      Math.abs(sum(groupSquares) - squares) <= tolerance * squares,
      `the groups' squares are ${sum(groupSquares)} (expected ${squares})`,
    );
    // A row that drops out leaves its group smaller; with position all a group's rows are its sequences' tokens.
    if (position !== 'all') {
      const cut = groupRows.map((_, k) => Math.floor(rows / groupRows.length) + (k < rows % groupRows.length ? 1 : 0));
      const isCut = groupRows.every((size, k) => (n === rows ? size === cut[k] : size <= cut[k]!));
      check(isCut, `groups of ${groupRows.join(', ')} rows (expected ${rows} cut into ${cut.join(', ')})`);
    }
  }
  // Cauchy–Schwarz and the parallel-axis theorem.
  check(atMost(norms ** 2, n * squares), 'mean norm above the root mean square');
  check(atMost(n * meanNorm, norms), 'norm of the mean above the mean norm');
  check(atMost(unitSquare, n ** 2), `‖Σ x/‖x‖‖² = ${unitSquare} above N²`);
  check(
    Math.abs(squares - n * meanNorm ** 2 - deviation2) <= tolerance * (deviation2 + 1e-3 * squares),
    `squares, mean and deviations do not fit, got ${deviation2} (expected ${squares - n * meanNorm ** 2})`,
  );
  check(atMost(deviation2 ** 2, n * deviation4), 'fourth powers below the square of the second');
  check(atMost(deviation4, deviation2 ** 2), 'fourth powers above the square of the sum');
  if (topDeviation2 !== null) {
    check(atMost(topDeviation2, deviation2), 'the top 1 % of rows hold more than all');
    const share = Math.ceil(n / 100) / n;
    check(atMost(share * deviation2, topDeviation2), 'the top 1 % of rows hold less than their share');
  }
  return problems;
}

function total(values: Float64Array): number {
  return values.reduce((s, x) => s + x, 0);
}
