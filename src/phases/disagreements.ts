/**
 * Where RankMe and α tell different stories, in words: other phases, or the same ones with boundaries whose intervals do
 * not meet. α's minimum often comes before RankMe's maximum, so a boundary is nothing without the curve that it is from.
 */
import { positionText } from './position-text.js';
import type { CurvePhases, TurningPoint } from './phases.js';

const unresolved = ['not resolved', 'flat'];

export function disagreements(rankme: CurvePhases, alpha: CurvePhases): string[] {
  const names = [rankme, alpha].map(({ phases }) => phases.map(({ name }) => name));
  if (names.some((list) => list.length === 0)) return [];
  const [ours, theirs] = names.map((list) => list.join(', ')) as [string, string];
  if (ours !== theirs) {
    // A curve too short to read contradicts nothing; its own notes say so.
    if (names.some((list) => list.includes('not resolved'))) return [];
    return [`the phases differ: RankMe shows ${ours}; α shows ${theirs}`];
  }
  if (names[0]!.some((name) => unresolved.includes(name)) || rankme.axis !== alpha.axis) return [];
  return rankme.turningPoints.flatMap((point, i) => {
    const other = alpha.turningPoints[i]!;
    if (point.interval[0] <= other.interval[1] && other.interval[0] <= point.interval[1]) return [];
    const order = other.at < point.at ? 'earlier' : 'later';
    const factor = Math.max(point.at, other.at) / Math.min(point.at, other.at);
    const apart = Number.isFinite(factor) ? ` by a factor of ${factor.toPrecision(2)}` : '';
    return [
      `α's ${other.kind} (${placeText(other, alpha.axis)}) comes ${order} than RankMe's ${point.kind} ` +
        `(${placeText(point, rankme.axis)})${apart}`,
    ];
  });
}

function placeText({ at, interval: [low, high] }: TurningPoint, axis: 'tokens' | 'steps'): string {
  return `${positionText(at)} ${axis}, ${positionText(low)}–${positionText(high)}`;
}
