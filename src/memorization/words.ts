/**
 * What may be said of a curve of partial ρ in one sentence: "memorization" only where the last checkpoint's exceeds the
 * control's beyond its error, and how many of the others do.
 */
import { signed } from '../story/format.js';
import type { Summary } from './summary.js';
import type { ZeroHandling } from './likelihood.js';

/** Null for passages, and where nothing was compared. */
export function conclusionOf(
  { what, points, control }: Pick<Summary, 'what' | 'points' | 'control'>,
  zeros: ZeroHandling,
): string | null {
  if (what !== 'questions') return null;
  if (control === null)
    return 'no memorization is claimed: there is no control (step 0 or random weights) to compare with';
  const compared = points.filter(({ against }) => against !== null);
  const last = compared.at(-1);
  if (!last) return null;
  const { difference, se, verdict } = last.against![zeros];
  const whose = control.kind === 'step 0' ? "step 0's" : "random weights'";
  if (difference === null) return `no memorization is claimed: ${last.revision} or its control has no partial ρ`;
  const by = signed(difference, se);
  const above = compared.filter(({ against }) => against![zeros].verdict === 'above').length;
  const others = compared.length > 1 ? ` (${above} of ${compared.length} checkpoints are above it)` : '';
  if (verdict === 'above') {
    return `memorization: the partial ρ of ${last.revision} exceeds ${whose} by ${by}, beyond its error${others}`;
  }
  const how = verdict === 'below' ? `is below ${whose}` : `does not exceed ${whose} beyond its error`;
  return `no memorization is claimed: the partial ρ of ${last.revision} ${how}, difference ${by}${others}`;
}
