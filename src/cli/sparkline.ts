/** A curve in one line of block characters, scaled from its least to its greatest value; absent values are gaps. */

const blocks = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

/**
 * At most `width` characters; more values than that are averaged in bins of neighbours. A constant curve stands at
 * half height.
 */
export function sparkline(values: readonly (number | null)[], width: number): string {
  const points = binned(values, width);
  const present = points.filter((p) => p !== null);
  const low = Math.min(...present);
  const high = Math.max(...present);
  return points
    .map((p) => {
      if (p === null) return ' ';
      if (high === low) return blocks[3];
      return blocks[Math.min(7, Math.floor(((p - low) / (high - low)) * 8))];
    })
    .join('');
}

function binned(values: readonly (number | null)[], width: number): (number | null)[] {
  if (values.length <= width) return [...values];
  return Array.from({ length: width }, (_, i) => {
    const from = Math.floor((i * values.length) / width);
    const to = Math.floor(((i + 1) * values.length) / width);
    const present = values.slice(from, to).filter((v) => v !== null);
    return present.length === 0 ? null : present.reduce((sum, v) => sum + v, 0) / present.length;
  });
}
