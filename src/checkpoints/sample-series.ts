/** The bundled series as a SERIES: `sample:` is all of it, `sample:step6000` that checkpoint alone. */
import { sampleFile } from '../bytes/index.js';
import { EigentraceError, nearest } from '../errors.js';
import type { Series } from './series.js';
import { readSeriesFile } from './series-file.js';
import { stagesOf } from './stages.js';

const prefix = 'sample:';

export function isSample(path: string): boolean {
  return path.startsWith(prefix);
}

export async function sampleSeries(path: string, tokensPerStep: number | null): Promise<Series> {
  const series = await readSeriesFile(sampleFile('series.json'), tokensPerStep);
  const revision = path.slice(prefix.length);
  if (revision === '') return series;
  const entries = series.entries.filter((entry) => entry.revision === revision);
  if (entries.length > 0) return { ...series, entries, stages: stagesOf(entries) };
  const near = nearest(
    revision,
    series.entries.map((entry) => entry.revision),
  );
  throw new EigentraceError(
    'input',
    `${path}: the sample has no such checkpoint (nearest: ${near.join(', ')}; ${prefix} is all of them)`,
  );
}
