/**
 * A task's figures without each of K groups of its questions (the delete-a-group jackknife over questions: contiguous groups,
 * cut as NumPy's array_split does). The same questions are asked at every checkpoint, so replicate k is a whole curve.
 */
import type { Finding } from '../record/index.js';

/** Groups of questions. */
const groups = 10;

/** How a metric is made of one number a question. */
interface Kind {
  readonly of: (item: Readonly<Record<string, unknown>>, metric: string) => unknown;
  readonly from: (mean: number) => number;
}

/** In this order: the first that gives the figure that is stored is how it was made. */
const kinds: readonly Kind[] = [
  { of: (item, metric) => item[metric], from: (mean) => mean },
  { of: (item, metric) => (metric === 'acc' ? item['greedy'] : null), from: (mean) => mean },
  { of: (item, metric) => (metric === 'perplexity' ? item['loglikelihood'] : null), from: (mean) => Math.exp(-mean) },
];

/** By metric; those that are no mean over questions (bits a byte of a corpus), or of too few, have none. */
export function questionReplicates({
  values,
  detail,
}: Pick<Finding, 'values' | 'detail'>): Readonly<Record<string, readonly number[]>> {
  const items = detail?.['items'];
  if (!Array.isArray(items) || items.length < 2 * groups) return {};
  const found = values.flatMap(({ metric, value }) => {
    const replicates = value === null ? null : replicatesOf(items as readonly unknown[], metric, value);
    return replicates === null ? [] : [[metric, replicates] as const];
  });
  return Object.fromEntries(found);
}

function replicatesOf(items: readonly unknown[], metric: string, value: number): number[] | null {
  for (const { of, from } of kinds) {
    const numbers = items.map((item) => {
      const given = typeof item === 'object' && item !== null ? of(item as Record<string, unknown>, metric) : null;
      return typeof given === 'boolean' ? Number(given) : given;
    });
    if (!numbers.every((x): x is number => typeof x === 'number' && Number.isFinite(x))) continue;
    const n = numbers.length;
    const total = sum(numbers);
    if (Math.abs(from(total / n) - value) > 1e-9 * Math.max(1, Math.abs(value))) continue;
    let start = 0;
    return Array.from({ length: groups }, (_, k) => {
      const size = Math.floor(n / groups) + (k < n % groups ? 1 : 0);
      const group = sum(numbers.slice(start, start + size));
      start += size;
      return from((total - group) / (n - size));
    });
  }
  return null;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
