/** Warnings as data: what a reader of a figure must know, one value a kind, shown once (definitions §6). */

export interface Flag {
  code: 'small-sample' | 'biased' | 'few-rows-dominate' | 'not-finite' | 'alpha-absent' | 'no-variance' | 'no-rows';
  /** In words, with the numbers. */
  message: string;
  /** How many rows or groups it concerns, where that is a number. */
  count?: number;
}

export function smallSample(n: number, d: number): Flag | null {
  if (n >= 2 * d) return null;
  return { code: 'small-sample', message: `N = ${n} is below 2d = ${2 * d}: effective ranks read low, α reads flat` };
}

/** `limit` is where the halves say N → ∞ would be. */
export function biased(value: number, limit: number): Flag | null {
  const off = Math.abs(limit - value) / Math.abs(value);
  if (!(off > 0.05)) return null;
  const message = `RankMe ${value.toPrecision(4)} extrapolates to ${limit.toPrecision(4)}: a bias of ${(100 * off).toFixed(1)} % at this N`;
  return { code: 'biased', message };
}

export function fewRowsDominate(figures: readonly { name: string; share: number; group: number }[]): Flag | null {
  const found = figures.filter(({ share }) => share > 0.5);
  if (found.length === 0) return null;
  const words = found.map(
    ({ name, share, group }) => `${(100 * share).toFixed(0)} % of SE² of ${name} is group ${group}`,
  );
  return {
    code: 'few-rows-dominate',
    message: `${words.join('; ')}: its intervals are optimistic`,
    count: found.length,
  };
}

export function notFinite(count: number, rows: number): Flag | null {
  if (count === 0) return null;
  return { code: 'not-finite', message: `${count} of ${rows} rows hold NaN or Inf and were left out`, count };
}
