/** Two series checkpoint by checkpoint. */
import { judge, type Judged } from '../../../src/statistics/index.js';
import { difference, figureCurve, type Difference } from '../../../src/story/index.js';
import type { SeriesStory } from '../../../src/story/index.js';

export interface DifferenceAt extends Difference, Judged {
  /** Index of the checkpoint in the first series. */
  readonly at: number;
}

export const onSameRows = (a: SeriesStory, b: SeriesStory): boolean =>
  a.corpus !== null && a.corpus.rowsSha256 === b.corpus?.rowsSha256 && !a.unpaired && !b.unpaired;

/**
 * Differences `other − of` at checkpoints of the same stage and step (or revision, where steps aren't known), judged as
 * `compare` does. On the same rows each has its paired error; on others none, for a page can't know whether the rows overlap
 * (definitions §6).
 */
export function differences(
  of: SeriesStory,
  other: SeriesStory,
  layer: string,
  figure: 'rankme' | 'alpha',
): DifferenceAt[] {
  const name = ({ stage, step, revision }: SeriesStory['checkpoints'][number]) => `${stage}\n${step ?? revision}`;
  const places = new Map(other.checkpoints.map((checkpoint, i) => [name(checkpoint), i]));
  const paired = onSameRows(of, other);
  const [a, b] = [figureCurve(of, figure, layer), figureCurve(other, figure, layer)];
  const found = of.checkpoints.flatMap((checkpoint, at) => {
    const to = places.get(name(checkpoint));
    const change = to === undefined ? null : difference(a, at, b, to, paired);
    if (change === null) return [];
    const groups = a.replicates[at]?.length ?? null;
    return [{ ...change, se: change.paired ? change.se : null, df: groups === null ? null : groups - 1, at }];
  });
  const judged = judge(found.map(({ value, se, df }) => ({ difference: value, se, df })));
  return found.map(({ value, se, paired: isPaired, at }, i) => ({ value, se, paired: isPaired, at, ...judged[i]! }));
}
