/**
 * Phases of one curve: its turning points and what lies between them, named. For RankMe a fall before the first rise is
 * warmup, a rise entropy-seeking, a later fall compression-seeking; for α, which runs against it, mirrored.
 */
import { errorOfDifference } from '../statistics/index.js';
import { layOut, positionAt, type LaidCurve } from './axis.js';
import type { CurvePhases, Phase, PhaseName, PhasePoint, TurningPoint } from './phases.js';
import { counts, turningExtrema, type Extremum, type Thresholds } from './prominence.js';
import { placeOf } from './vertex.js';

/** Fewer checkpoints than these show no phases. */
const leastCheckpoints = 4;

type Direction = 'rise' | 'fall';

/** A stretch between two kept extrema, the ends among them; without turning points it is all of the curve. */
interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly change: number;
  readonly changeSe: number | null;
  readonly direction: Direction | 'flat' | 'not resolved';
}

export function curvePhases(
  points: readonly PhasePoint[],
  curve: 'rankme' | 'alpha',
  thresholds: Thresholds,
): CurvePhases {
  // Warmup is where RankMe falls and α rises.
  const warming: Direction = curve === 'rankme' ? 'fall' : 'rise';
  let laid = layOut(points, curve, true);
  let found = read(laid, thresholds);
  // No phase begins at the random network unless what begins there is the warmup.
  const isDropped =
    laid.isRandomFirst && laid.values.length >= leastCheckpoints && found.stretches[0]?.direction !== warming;
  if (isDropped) {
    laid = layOut(points, curve, false);
    found = read(laid, thresholds);
  }
  const { extrema, stretches } = found;
  const { values, curves, position } = laid;
  const notes = [...laid.notes];
  if (isDropped && position.length > 0) notes.push('the random network (step 0) begins no phase and is left out');

  const turningPoints = extrema.map((extremum, i) =>
    turningPoint(
      extremum,
      [extrema[i - 1]?.index ?? 0, extrema[i + 1]?.index ?? values.length - 1],
      laid,
      curve,
      points,
    ),
  );
  const bounds = [position[0], ...turningPoints.map(({ at }) => at), position.at(-1)];
  const phases = namesOf(stretches, warming).map((name, i): Phase => {
    const { change, changeSe } = stretches[i]!;
    return { name, from: bounds[i]!, to: bounds[i + 1]!, change, changeSe };
  });
  notes.push(...remarks(points, laid, phases, turningPoints));
  const standardErrors = curves === null ? null : thresholds.standardErrors;
  return {
    ...{ curve, axis: laid.axis },
    rule: { text: ruleText(curve, laid.axis, thresholds, standardErrors), standardErrors, change: thresholds.change },
    ...{ phases, turningPoints, notes },
  };
}

function read(laid: LaidCurve, thresholds: Thresholds): { extrema: Extremum[]; stretches: Stretch[] } {
  const { values, curves } = laid;
  if (values.length === 0) return { extrema: [], stretches: [] };
  const errorOf = (from: number, to: number) => (curves === null ? null : errorOfDifference(curves, from, to));
  const stretch = (from: number, to: number): Stretch => {
    const change = values[to]! - values[from]!;
    const changeSe = errorOf(from, to);
    const direction = !counts(change, changeSe, thresholds) ? 'flat' : change > 0 ? 'rise' : 'fall';
    return { from, to, change, changeSe, direction };
  };
  if (values.length < leastCheckpoints) {
    return { extrema: [], stretches: [{ ...stretch(0, values.length - 1), direction: 'not resolved' }] };
  }
  const extrema = turningExtrema(values, errorOf, thresholds);
  if (extrema.length > 0) {
    const at = [0, ...extrema.map(({ index }) => index), values.length - 1];
    return { extrema, stretches: at.slice(1).map((to, i) => stretch(at[i]!, to)) };
  }
  // Nothing turns: the largest change there is, between the lowest and the highest point in their order.
  const lowest = values.indexOf(Math.min(...values));
  const highest = values.indexOf(Math.max(...values));
  return { extrema, stretches: [stretch(Math.min(lowest, highest), Math.max(lowest, highest))] };
}

function namesOf(stretches: readonly Stretch[], warming: Direction): PhaseName[] {
  let isSeeking = false;
  return stretches.map(({ direction }) => {
    if (direction === 'flat' || direction === 'not resolved') return direction;
    if (direction !== warming) {
      isSeeking = true;
      return 'entropy-seeking';
    }
    return isSeeking ? 'compression-seeking' : 'warmup';
  });
}

function turningPoint(
  extremum: Extremum,
  sides: readonly [number, number],
  laid: LaidCurve,
  curve: 'rankme' | 'alpha',
  points: readonly PhasePoint[],
): TurningPoint {
  const { values, curves, x } = laid;
  const anchored = (i: number) => i > 0 || !laid.isRandomFirst;
  const place = placeOf(extremum, x, values, curves, sides, anchored);
  const changes = sides.map((side) => Math.abs(values[extremum.index]! - values[side]!));
  const smaller = changes[0]! <= changes[1]! ? 0 : 1;
  const index = laid.index[extremum.index]!;
  return {
    kind: extremum.kind,
    at: positionAt(laid, place.at),
    interval: [positionAt(laid, place.low), positionAt(laid, place.high)],
    index,
    value: points[index]![curve]!,
    prominence: changes[smaller]!,
    prominenceSe: curves === null ? null : errorOfDifference(curves, sides[smaller], extremum.index),
  };
}

/** What a reader must know of how far to trust the phases. */
function remarks(
  points: readonly PhasePoint[],
  { values, curves, index }: LaidCurve,
  phases: readonly Phase[],
  turningPoints: readonly TurningPoint[],
): string[] {
  if (values.length === 0) return ['not resolved: no checkpoints'];
  const name = (i: number) => points[i]!.revision ?? `checkpoint ${i + 1}`;
  const notes: string[] = [];
  if (values.length < leastCheckpoints) {
    notes.push(`not resolved: ${values.length} checkpoints (expected at least ${leastCheckpoints})`);
  }
  if (curves === null) notes.push('no paired standard errors: changes count by their size alone');
  else {
    const without = index.filter((_, i) => curves.some((curve) => curve[i] === null));
    if (without.length > 0) {
      notes.push(
        `no standard errors at ${without.map(name).join(', ')}: changes from and to there count by their size alone`,
      );
    }
  }
  const names = phases.map((phase) => phase.name);
  if (names.includes('warmup') && names.length === 1) {
    notes.push('there is no entropy-seeking: whether this is the warmup or compression-seeking can not be told');
  }
  for (const { kind, index: at } of turningPoints) {
    const flags = points[at]!.flags ?? [];
    if (flags.length > 0) notes.push(`the ${kind} at ${name(at)} stands on a flagged checkpoint (${flags.join(', ')})`);
  }
  return notes;
}

function ruleText(
  curve: 'rankme' | 'alpha',
  axis: 'tokens' | 'steps',
  { change }: Thresholds,
  standardErrors: number | null,
): string {
  const figure = curve === 'rankme' ? 'ln RankMe' : 'α';
  const size = curve === 'rankme' ? `ln ${round(Math.exp(change))}` : `${round(change)}`;
  const error = standardErrors === null ? '' : `${standardErrors} paired standard errors of them and `;
  return (
    `turning points of ${figure} over ln(${axis}) by prominence: an extremum counts when the changes to the kept ` +
    `extrema on either side, ends included, exceed ${error}${size}`
  );
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}
