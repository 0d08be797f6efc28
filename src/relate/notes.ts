/** What a reader of correlations must know of the checkpoints behind them, in words; null where there is nothing. */
import type { Curve, Run } from '../record/index.js';
import { checkpointOf, type DownstreamCurve, type PlacedCheckpoint } from '../story/index.js';

const most = 4;

/** Results of checkpoints that were not measured. */
export function unmatchedNote(
  curves: readonly DownstreamCurve[],
  checkpoints: readonly PlacedCheckpoint[],
): string | null {
  const names = new Set(
    curves.flatMap(({ points }) =>
      points.flatMap((point) =>
        checkpointOf(checkpoints, point) >= 0 ? [] : [point.revision ?? `step${point.step ?? '?'}`],
      ),
    ),
  );
  return names.size === 0 ? null : `results of checkpoints that were not measured are left out: ${listed([...names])}`;
}

/** Checkpoints that failed, in trace or in evaluate. */
export function failuresNote({ record }: Run, series: string): string | null {
  const measured = record.failures.filter((failure) => failure.series === series && failure.variant === null);
  const scored = (record.findings?.failures ?? []).filter(
    (failure) => failure.series === series && failure.kind === 'tasks',
  );
  const parts = [[measured, 'could not be measured'] as const, [scored, 'could not be scored'] as const].flatMap(
    ([failed, what]) => {
      const names = [...new Set(failed.map(({ revision }) => revision))];
      return names.length === 0 ? [] : [`${listed(names)} ${what}`];
    },
  );
  return parts.length === 0 ? null : `${parts.join('; ')}: left out`;
}

/** Checkpoints whose weights are another's count twice. */
export function copiesNote({ points }: Curve): string | null {
  const first = new Map<string, string>();
  const copies = points.flatMap(({ revision, measurement }) => {
    const sha256 = measurement.provenance.weights?.sha256;
    if (sha256 === undefined) return [];
    const other = first.get(sha256);
    if (other === undefined) first.set(sha256, revision);
    return other === undefined ? [] : [`${revision} (as ${other})`];
  });
  if (copies.length === 0) return null;
  return `weights that are another checkpoint's count twice: ${listed(copies)}; eigentrace audit says more`;
}

function listed(names: readonly string[]): string {
  return names.length <= most ? names.join(', ') : `${names.slice(0, most).join(', ')} and ${names.length - most} more`;
}
