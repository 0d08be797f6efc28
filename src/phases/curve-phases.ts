/**
 * Phases of one curve: its turning points and what lies between them, named. For RankMe a fall before the first rise is
 * warmup, a rise entropy-seeking, a later fall compression-seeking; for α, which runs against it, mirrored.
 */
import { errorOfDifference } from '../statistics/index.js';
import { layOut, positionAt, type LaidCurve } from './axis.js';
import type { CurvePhases, Phase, PhaseName, PhasePoint, TurningPoint } from './phases.js';
import { counts, turningExtrema, type Extremum } from './prominence.js';
import { leastCheckpoints, nameOf, remarks } from './remarks.js';
import { ruleOf, scatterThreshold, type CurveThresholds } from './rule.js';
import { placeOf } from './vertex.js';

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
  thresholds: CurveThresholds,
): CurvePhases {
  // Warmup is where RankMe falls and α rises.
  const warming: Direction = curve === 'rankme' ? 'fall' : 'rise';
  const all = layOut(points, curve, true);
  const whole = read(all, thresholds);
  // No phase begins at the random network unless what begins there is the warmup.
  const isDropped =
    all.isRandomFirst && all.values.length >= leastCheckpoints && whole.stretches[0]?.direction !== warming;
  const laid = isDropped ? layOut(points, curve, false) : all;
  const { extrema, stretches } = isDropped ? read(laid, thresholds) : whole;
  const { axis, values, position } = laid;

  const bound = (i: number) => extrema[i]?.index ?? (i < 0 ? 0 : values.length - 1);
  const turningPoints = extrema.map((extremum, i) =>
    turningPoint(extremum, [bound(i - 1), bound(i + 1)], laid, curve, points),
  );
  const bounds = [position[0], ...turningPoints.map(({ at }) => at), position.at(-1)];
  const phases = namesOf(stretches, warming).map((name, i): Phase => {
    const { change, changeSe } = stretches[i]!;
    return { name, from: bounds[i]!, to: bounds[i + 1]!, change, changeSe };
  });
  const notes = [
    ...laid.notes,
    ...(isDropped ? ['the random network (step 0) begins no phase and is left out'] : []),
    ...scatterNotes(points, laid, extrema, thresholds),
    ...remarks(points, laid, phases, turningPoints),
  ];
  return { curve, axis, rule: ruleOf(curve, laid, thresholds), phases, turningPoints, notes };
}

function read(laid: LaidCurve, given: CurveThresholds): { extrema: Extremum[]; stretches: Stretch[] } {
  const { values, curves } = laid;
  if (values.length === 0) return { extrema: [], stretches: [] };
  const thresholds = { ...given, change: Math.max(given.change, scatterThreshold(laid, given)?.change ?? 0) };
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
  const at = [0, ...extrema.map(({ index }) => index), values.length - 1];
  return { extrema, stretches: at.slice(1).map((to, i) => stretch(at[i]!, to)) };
}

/** Turning points that the given thresholds alone would have kept: scatter may be overrated where a curve bends sharply. */
function scatterNotes(
  points: readonly PhasePoint[],
  laid: LaidCurve,
  kept: readonly Extremum[],
  thresholds: CurveThresholds,
): string[] {
  if (scatterThreshold(laid, thresholds) === null) return [];
  const more = read(laid, { ...thresholds, withScatter: false }).extrema.filter(
    ({ index }) => !kept.some((extremum) => extremum.index === index),
  );
  if (more.length === 0) return [];
  const shown = more.slice(0, 4).map(({ kind, index }) => `${kind} at ${nameOf(points, laid.index[index]!)}`);
  const list = more.length > 4 ? `${shown.join(', ')}, …` : shown.join(', ');
  return [`not counted because scatter could make ${more.length === 1 ? 'it' : `them (${more.length})`}: ${list}`];
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
  const { values, curves } = laid;
  const place = placeOf(extremum, laid, sides);
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
