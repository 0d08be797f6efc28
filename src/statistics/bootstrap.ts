/** The bootstrap (Efron): items are drawn with replacement, as often as there are, and the figure is taken of each draw. */
import type { Random } from './random.js';

export interface BootstrapInterval {
  /** The 2.5 % and 97.5 % quantiles of the draws' figures (between order statistics, linearly). */
  readonly low: number;
  readonly high: number;
  /** Draws whose figure exists. */
  readonly draws: number;
}

/**
 * Percentile intervals of several figures of the same draws; null for a figure that less than half of them have. `counts`
 * given to `figures` says how often each item was drawn, and holds only during the call.
 */
export function bootstrap(
  items: number,
  draws: number,
  random: Random,
  figures: (counts: Uint32Array) => readonly (number | null)[],
): (BootstrapInterval | null)[] {
  const found: number[][] = [];
  const counts = new Uint32Array(items);
  for (let draw = 0; draw < draws; draw++) {
    counts.fill(0);
    for (let i = 0; i < items; i++) counts[random.below(items)]!++;
    figures(counts).forEach((value, f) => {
      found[f] ??= [];
      if (value !== null && Number.isFinite(value)) found[f].push(value);
    });
  }
  return found.map((values) => {
    if (values.length < 2 || 2 * values.length < draws) return null;
    const sorted = Float64Array.from(values).sort();
    return { low: quantile(sorted, 0.025), high: quantile(sorted, 0.975), draws: values.length };
  });
}

function quantile(sorted: Float64Array, p: number): number {
  const at = p * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(sorted.length - 1, below + 1);
  return sorted[below]! + (at - below) * (sorted[above]! - sorted[below]!);
}
