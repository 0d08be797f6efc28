/**
 * What a curve does, in words, from its phases: `RankMe falls to 11.5 ± .5 by 131k tokens, rises to 63.4 ± 1.1 at 24.6M`.
 * Only changes that the phases' rule accepts are told; the rest is `flat` or `not resolved`.
 */
import type { CurvePhases, Phase, Phases, TurningPoint } from '../phases/index.js';
import { figureCurve, isPretraining, type FigureCurve } from './curve.js';
import { si, withError } from './format.js';
import type { SeriesStory } from './story.js';

/** The head's sentence: RankMe's way, and α's beside it. */
export function trajectoryWords(series: SeriesStory, layer: string): string {
  const phases = series.phases[layer];
  const rankme = figureCurve(series, 'rankme', layer);
  if (phases === undefined) return levelsWords(rankme);
  const alpha = figureCurve(series, 'alpha', layer);
  // One measurement has no way to tell of.
  if (series.checkpoints.length === 1) {
    return alpha.values[0] == null ? levelsWords(rankme) : `${levelsWords(rankme)} ${levelsWords(alpha)}`;
  }
  const first = curveWords(rankme, phases.rankme);
  const beside = besideWords(alpha, phases);
  return beside === null ? `${first}.` : `${first}; ${beside}.`;
}

/** Of a series without a pretraining: where it begins and ends. */
function levelsWords(curve: FigureCurve): string {
  const known = curve.values.flatMap((value, at) => (value === null ? [] : [at]));
  const [first, last] = [known[0], known.at(-1)];
  if (first === undefined || last === undefined) return `${curve.symbol} could not be measured anywhere.`;
  const place = (at: number) => `${level(curve, at)} at ${curve.series.checkpoints[at]!.revision}`;
  return first === last ? `${curve.symbol} is ${place(first)}.` : `${curve.symbol} is ${place(first)}, ${place(last)}.`;
}

function curveWords(curve: FigureCurve, { phases, turningPoints, axis, notes }: CurvePhases): string {
  const ends = endsOf(curve, phases, axis);
  if (phases.length === 0 || phases[0]!.name === 'not resolved' || ends === null) {
    const unresolved = 'not resolved: ';
    const note = notes.find((text) => text.startsWith(unresolved)) ?? notes[0] ?? 'too few checkpoints';
    const reason = note.replace(unresolved, '');
    return `${curve.symbol}'s phases are not resolved (${reason})`;
  }
  const { first, last } = ends;
  const unit = axis === 'tokens' ? ' tokens' : ' steps';
  if (phases.length === 1) {
    const [{ name, change }] = phases as [Phase];
    const from = `${level(curve, first)} at ${placeOf(curve, first, axis)}`;
    const to = `${level(curve, last)} at ${placeOf(curve, last, axis)}${unit}`;
    if (name === 'flat') return `${curve.symbol} shows no change beyond the thresholds: ${from}, ${to}`;
    return `${curve.symbol} ${change < 0 ? 'falls' : 'rises'} from ${from} to ${to}`;
  }
  const words = phases.map((phase, i) => {
    const point = turningPoints[i];
    const at = point === undefined ? last : checkpointOf(curve, point, axis);
    const value = at === null ? withError(point!.value, null) : level(curve, at);
    const place = at === null ? si(point!.at) : placeOf(curve, at, axis);
    const verb = phase.name === 'flat' ? 'stays at' : phase.change < 0 ? 'falls to' : 'rises to';
    return `${verb} ${value} ${i === 0 ? `by ${place}${unit}` : `at ${place}`}`;
  });
  return `${curve.symbol} ${listed(words)}`;
}

/** α's own way, or that it mirrors RankMe's: as many phases, each the other way, turning at places whose intervals meet. */
function besideWords(alpha: FigureCurve, { rankme, alpha: phases }: Phases): string | null {
  if (alpha.values.every((value) => value === null)) return null;
  if (isUnresolved(rankme) && isUnresolved(phases)) return null;
  const moves = (curve: CurvePhases) =>
    curve.phases.map(({ name, change }) => (name === 'flat' || name === 'not resolved' ? 0 : Math.sign(change)));
  const [up, down] = [moves(rankme), moves(phases)];
  const isMirrored =
    up.length === down.length &&
    up.every((move, i) => move !== 0 && move === -down[i]!) &&
    rankme.turningPoints.length === phases.turningPoints.length;
  if (!isMirrored) return curveWords(alpha, phases);
  const meets = rankme.turningPoints.every((point, i) => overlaps(point, phases.turningPoints[i]!));
  return meets ? 'α mirrors it' : `α mirrors it at other places: ${curveWords(alpha, phases)}`;
}

function isUnresolved({ phases }: CurvePhases): boolean {
  return phases.every(({ name }) => name === 'not resolved');
}

function overlaps(a: TurningPoint, b: TurningPoint): boolean {
  return a.interval[0] <= b.interval[1] && b.interval[0] <= a.interval[1];
}

/** The first and last checkpoint that the phases cover. */
function endsOf(
  curve: FigureCurve,
  phases: readonly Phase[],
  axis: CurvePhases['axis'],
): { first: number; last: number } | null {
  const [from, to] = [phases[0]?.from, phases.at(-1)?.to];
  if (from === undefined || to === undefined) return null;
  const inside = curve.series.checkpoints.flatMap((checkpoint, at) => {
    const x = axis === 'tokens' ? checkpoint.tokens : checkpoint.step;
    return x !== null && x >= from && x <= to && curve.values[at] !== null && isPretraining(checkpoint) ? [at] : [];
  });
  const [first, last] = [inside[0], inside.at(-1)];
  return first === undefined || last === undefined ? null : { first, last };
}

/** The checkpoint that a turning point was found at: of its value, nearest to its place. */
export function checkpointOf(curve: FigureCurve, point: TurningPoint, axis: CurvePhases['axis']): number | null {
  let best: number | null = null;
  let nearest = Infinity;
  curve.values.forEach((value, at) => {
    const checkpoint = curve.series.checkpoints[at]!;
    const x = axis === 'tokens' ? checkpoint.tokens : checkpoint.step;
    if (value === null || x === null || !isPretraining(checkpoint)) return;
    if (Math.abs(value - point.value) > 1e-6 * Math.abs(point.value)) return;
    const distance = Math.abs(Math.log((x + 1) / (point.at + 1)));
    if (distance < nearest) [best, nearest] = [at, distance];
  });
  return best;
}

function level(curve: FigureCurve, at: number): string {
  return withError(curve.values[at]!, curve.errors[at]);
}

function placeOf(curve: FigureCurve, at: number, axis: CurvePhases['axis']): string {
  const { tokens, step } = curve.series.checkpoints[at]!;
  return si((axis === 'tokens' ? tokens : step) ?? 0);
}

/** `a`, `a, b`, `a, b, c`. */
function listed(words: readonly string[]): string {
  return words.join(', ');
}

/** Each phase and turning point with its interval, and where RankMe and α disagree. */
export function phaseDetails(series: SeriesStory, layer: string): string[] {
  const phases = series.phases[layer];
  if (phases === undefined) return [];
  const { rankme, alpha } = phases;
  const unit = rankme.axis;
  const details = rankme.phases
    .filter(({ name }) => name !== 'not resolved')
    .map((phase, i) => {
      const [before, after] = [rankme.turningPoints[i - 1], rankme.turningPoints[i]];
      const from = before === undefined ? si(phase.from) : pointWords(before);
      const to = after === undefined ? `${si(phase.to)} ${unit}, the last checkpoint` : `${pointWords(after)} ${unit}`;
      const ratio = Math.exp(phase.change);
      const times = withError(ratio, phase.changeSe === null ? null : ratio * phase.changeSe);
      const what = phase.name === 'flat' ? 'no change beyond the thresholds' : `RankMe × ${times}`;
      return `${capital(phase.name)} from ${from} to ${to}: ${what}.`;
    });
  const curve = figureCurve(series, 'alpha', layer);
  const turns = alpha.turningPoints.map((point) => {
    const at = checkpointOf(curve, point, alpha.axis);
    const value = at === null ? withError(point.value, null) : level(curve, at);
    return `α has a ${point.kind} of ${value} at ${pointWords(point)} ${alpha.axis}.`;
  });
  return [...details, ...openEnd(rankme), ...turns, ...phases.disagreements.map(sentence)];
}

/** What a series that ends on a rise can't say. */
function openEnd({ phases, axis }: CurvePhases): string[] {
  const last = phases.at(-1);
  if (last?.name !== 'entropy-seeking') return [];
  return [`No compression-seeking phase is seen up to ${si(last.to)} ${axis}; what comes later can't be said.`];
}

function pointWords({ at, interval }: TurningPoint): string {
  return `${si(at)} (${si(interval[0])}–${si(interval[1])})`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
