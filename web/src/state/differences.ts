/** Two series checkpoint by checkpoint. */
import { difference, figureCurve, type Difference } from '../../../src/story/index.js';
import type { SeriesStory } from '../../../src/story/index.js';

export interface DifferenceAt extends Difference {
  /** Index of the checkpoint in the first series. */
  readonly at: number;
}

export const onSameRows = (a: SeriesStory, b: SeriesStory): boolean =>
  a.corpus !== null && a.corpus.rowsSha256 === b.corpus?.rowsSha256 && a.unpaired === null && b.unpaired === null;

/**
 * Differences `other − of` at checkpoints of the same stage and step (or revision, where steps aren't known). On the same
 * rows each has its paired error; on others none, for a page can't know whether the rows overlap (definitions §6).
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
  return of.checkpoints.flatMap((checkpoint, at) => {
    const to = places.get(name(checkpoint));
    const found = to === undefined ? null : difference(a, at, b, to, paired);
    return found === null ? [] : [{ ...found, se: found.paired ? found.se : null, at }];
  });
}
