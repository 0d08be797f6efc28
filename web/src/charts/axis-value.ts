/** Where a checkpoint lies on an x axis. */
import type { Axis } from '../../../src/charts/index.js';
import type { SeriesStory } from '../../../src/story/index.js';

/** In the axis' own unit; null where it isn't known, or where the axis has none (stages stand side by side). */
export function axisValue(series: SeriesStory, index: number, axis: Axis): number | null {
  const checkpoint = series.checkpoints[index];
  if (!checkpoint) return null;
  if (axis === 'tokens') return checkpoint.tokens;
  if (axis === 'steps') return checkpoint.step;
  if (axis === 'stages' || checkpoint.tokens === null || series.parameters === null) return null;
  return 6 * series.parameters * checkpoint.tokens;
}
