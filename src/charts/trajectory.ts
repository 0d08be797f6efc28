/**
 * One figure of one or several series over training. Points are measurements and lines only join them; the ribbon is
 * ± 1 SE; nothing is smoothed. A flagged checkpoint is hollow, a failed one a cross at the axis, one without a value a
 * tick there, and the random network (step 0) stands apart. Phases are shaded and named for one of the series.
 */
import * as Plot from '@observablehq/plot';
import { si, withError } from '../story/format.js';
import type { Failure, SeriesStory } from '../story/index.js';
import type { Axis, Drawing, Frame, Place } from './chart.js';
import { curvePoints, layerOf, pointLines, type CurvePoint } from './curves.js';
import { endLabels, labelMargin, type EndLabel } from './end-labels.js';
import { failureMarks } from './failures.js';
import { laneNames, phaseMarks } from './phase-marks.js';
import { paperMarks } from './paper-marks.js';
import { bottomMargin, curveHeight, describe, draw, leftMargin, plateOf, xAxisMarks } from './plate.js';
import { fitText } from './text-width.js';
import { paintOf } from './theme.js';
import { figureName, short } from './words.js';
import { xAxis, type XAxis } from './x-axis.js';
import { yAxis, yAxisMarks } from './y-axis.js';

export interface TrajectoryInput {
  /** Drawn in this order; labels follow the last value. */
  readonly series: readonly SeriesStory[];
  /** `rankme`, `alpha`, or any other name in `curves[layer].figures`. */
  readonly figure: string;
  /** Default: `final`, or the last layer there is. */
  readonly layer?: string | undefined;
  /** Default `tokens`. */
  readonly axis?: Axis | undefined;
  /** Values of the axis shown (tokens, steps or FLOP); default all. */
  readonly domain?: readonly [number, number] | undefined;
  /** By id of a series: number of its colour, from 0, so that it keeps its colour when others go. Default: its place. */
  readonly colours?: Readonly<Record<string, number>> | undefined;
  /** Id of the series that stands out and whose phases are shaded. Default: the first that is no control. */
  readonly emphasis?: string | undefined;
  /** Shade the phases. Default true. */
  readonly phases?: boolean | undefined;
  /** Checkpoints that could not be measured. */
  readonly failures?: readonly Failure[] | undefined;
  /** Draw what the paper shows of its models faintly behind: of α, and of RankMe as the published code defines it. Default false. */
  readonly paper?: boolean | undefined;
  /** More values that the axis must hold: what a chart on the same axis below shows. */
  readonly also?: readonly { readonly tokens: number | null; readonly step: number | null }[] | undefined;
  /** Least margin at the right, so that charts above one another align. */
  readonly right?: number | undefined;
  /** Names of the x axis; false where another chart with the same axis stands below. Default true. */
  readonly xLabels?: boolean | undefined;
}

/** Above this many series one stands out over the others, which are grey. */
const mostColours = 6;

export function trajectory(input: TrajectoryInput, frame: Frame): Drawing {
  const { series, figure, xLabels = true } = input;
  const paint = paintOf(frame);
  const leader =
    series.find(({ id }) => id === input.emphasis) ?? series.find(({ control }) => control === null) ?? series[0];
  const isCrowded = series.length > mostColours;
  const colourOf = (s: SeriesStory) => {
    if (s.control !== null || (isCrowded && s !== leader)) return paint.ink3;
    return paint.series(isCrowded ? 0 : (input.colours?.[s.id] ?? series.indexOf(s)));
  };
  const named = series.length > 1 ? (isCrowded ? [leader!] : series) : [];
  const isStaged = input.axis === 'stages';
  const hasPhases = input.phases !== false && leader !== undefined && layerPhases(leader, input) !== null;
  const margins = {
    top: paint.size * 1.6 + (hasPhases || isStaged ? paint.size * 1.5 : paint.size * 0.3),
    right: Math.max(
      input.right ?? 0,
      paint.size * 1.2,
      labelMargin(
        named.map(({ label }) => label),
        frame.width,
        paint,
      ),
    ),
    bottom: bottomMargin(paint, xLabels),
    left: leftMargin(paint),
  };
  const plate = plateOf(frame, margins, curveHeight(frame));
  const [left, top, right, bottom] = plate.area;
  const axis = xAxis({
    ...{ series, kind: input.axis ?? 'tokens', width: right - left, paint, domain: input.domain, also: input.also },
  });
  const curves = series.map((s) => curvePoints(s, figure, axis, input.layer));
  const points = curves.flat();
  const levels = series.flatMap((s) => levelOf(s) ?? []);
  const measured = points.filter((p): p is CurvePoint & { value: number } => p.value !== null);
  const read = input.paper === true ? paperMarks(plate, axis, series, figure) : null;
  const scale = yAxis([...measured, ...levels, ...(read?.values ?? [])], bottom - top, paint.small, {
    zero: figure.startsWith('rankme'),
    headroom: hasPhases ? paint.size : 0,
  });

  const shaded = hasPhases ? phaseMarks(plate, axis, leader, layerPhases(leader, input)!) : null;
  const failed = failureMarks(plate, axis, series, input.failures ?? []);
  const order = [...series.filter((s) => s !== leader), ...(leader === undefined ? [] : [leader])];
  const marks: Plot.Markish[] = [
    ...(shaded?.behind ?? []),
    ...yAxisMarks(plate, scale, axisTitle(figure)),
    ...(axis.lanes.length > 1 || isStaged ? laneNames(plate, axis) : []),
    ...xAxisMarks(plate, axis, { label: xLabels }),
    ...(shaded?.above ?? []),
    ...remarks(),
    ...(read?.marks(scale.at) ?? []),
    ...order.flatMap((s) => levelMarks(s)),
    ...order.flatMap((s) => curveMarks(curves[series.indexOf(s)]!, s, colourOf(s))),
    ...failed.marks,
    ...absentMarks(),
    ...endLabels(plate, named.flatMap(endLabel)),
  ];
  const svg = draw(plate, marks);
  const title = `${figureName(figure)} over ${axis.name}`;
  const description = describeCurves();
  describe(svg, title, description);
  const places: Place[] = [
    ...points.map((point) => ({
      ...{ x: left + point.x, y: point.value === null ? bottom : top + scale.at(point.value) },
      ...{ series: point.series.id, checkpoint: point.index },
      lines: pointLines(point, figure, series.length > 1),
    })),
  ];
  return { svg, title, description, data: dataOf(points, figure, axis), places, area: plate.area };

  function curveMarks(all: CurvePoint[], s: SeriesStory, colour: string): Plot.Markish[] {
    const drawn = all.map((p) => ({ ...p, y: p.value === null ? NaN : scale.at(p.value), ...around(p) }));
    // No line reaches a point whose neighbours are other segments' or absent.
    const isJoined = (p: CurvePoint, other: CurvePoint | undefined) =>
      other?.segment === p.segment && other.value !== null;
    const lone = new Set(drawn.filter((p, i) => !isJoined(p, drawn[i - 1]) && !isJoined(p, drawn[i + 1])));
    const isMuted = isCrowded && s !== leader;
    const alone = drawn.filter((p) => p.value !== null && p.se !== null && lone.has(p));
    const spacing = (right - left) / Math.max(1, drawn.length);
    const r = Math.max(paint.dot * 0.45, Math.min(paint.dot, spacing * 0.35)) * (isMuted ? 0.7 : 1);
    const line = { strokeWidth: isMuted ? paint.line * 0.6 : paint.line, stroke: colour };
    const radius = (p: (typeof drawn)[number]) => (lone.has(p) ? Math.max(r, paint.dot * 0.8) : r);
    const dots = drawn.filter((p) => p.value !== null);
    return [
      ...(isMuted
        ? []
        : [
            Plot.areaY(drawn, { x: 'x', y1: 'low', y2: 'high', z: 'segment', fill: colour, fillOpacity: 0.2 }),
            Plot.ruleX(alone, {
              x: 'x',
              y1: 'low',
              y2: 'high',
              stroke: colour,
              strokeWidth: paint.line,
              strokeOpacity: 0.45,
            }),
          ]),
      Plot.line(joints(drawn), {
        x: 'x',
        y: 'y',
        z: 'z',
        stroke: colour,
        strokeWidth: paint.hairline,
        strokeDasharray: `${paint.line * 1.5}`,
      }),
      Plot.line(drawn, {
        ...{ x: 'x', y: 'y', z: 'segment', ...line, strokeOpacity: isMuted ? 0.55 : 1 },
        ...(s.control !== null ? { strokeDasharray: `${paint.line * 3},${paint.line * 2}` } : {}),
      }),
      Plot.dot(dots, {
        x: 'x',
        y: 'y',
        r,
        fill: colour,
        fillOpacity: isMuted ? 0.55 : 1,
        filter: (p: CurvePoint) => p.flags.length === 0,
      }),
      Plot.dot(dots, {
        ...{ x: 'x', y: 'y', r: radius, fill: paint.ground, stroke: colour, strokeWidth: paint.line * 0.75 },
        filter: (p: CurvePoint) => p.flags.length > 0,
      }),
    ];
  }

  /** A control of no checkpoint (random weights, white noise) is a level: a dashed line across. */
  function levelMarks(s: SeriesStory): Plot.Markish[] {
    const level = levelOf(s);
    if (level === null) return [];
    const line = { stroke: colourOf(s), strokeDasharray: `${paint.line * 3},${paint.line * 2}` };
    const [low, high] = [scale.at(level.value - (level.se ?? 0)), scale.at(level.value + (level.se ?? 0))];
    return [
      Plot.rect([level], { x1: 0, x2: right - left, y1: low, y2: high, fill: colourOf(s), fillOpacity: 0.15 }),
      Plot.ruleY([level], { y: scale.at(level.value), x1: 0, x2: right - left, strokeWidth: paint.line, ...line }),
    ];
  }

  function levelOf(s: SeriesStory): { value: number; se: number | null } | null {
    const name = layerOf(s, input.layer);
    const [only] = s.checkpoints;
    if (s.control === null || s.checkpoints.length !== 1 || only!.step !== null || only!.tokens !== null) return null;
    const figures = name === null ? undefined : s.curves[name]?.figures;
    const value = figures?.[figure]?.[0] ?? null;
    return value === null ? null : { value, se: figures?.[`${figure}_se`]?.[0] ?? null };
  }

  /** At the upper right: whose phases are shaded, where several series are drawn, and what the crosses are. */
  function remarks(): Plot.Markish[] {
    const words = [
      ...(hasPhases && series.length > 1 ? [`phases of ${leader.label}`] : []),
      ...(read !== null && read.values.length > 0 ? ['×  the paper, read off'] : []),
    ];
    if (words.length === 0) return [];
    const room = right - left - paint.measure(axisTitle(figure), paint.size) + left - paint.size;
    return [
      Plot.text([fitText(words.join(' · '), room, paint)], {
        ...{ frameAnchor: 'top-right', textAnchor: 'end', lineAnchor: 'top', dy: paint.size * 0.15 - top },
        ...{ fontSize: paint.small, fill: paint.ink2 },
      }),
    ];
  }

  function around({ value, se }: CurvePoint) {
    const half = se ?? 0;
    return value === null || se === null
      ? { low: NaN, high: NaN }
      : { low: scale.at(value - half), high: scale.at(value + half) };
  }

  /** Dashed lines from a stage's last measurement to the next stage's first: trained from it, nothing between. */
  function joints(drawn: (CurvePoint & { y: number })[]) {
    const stages = axis.lanes.map((lane) => drawn.filter((p) => p.checkpoint.stage === lane.stage && p.value !== null));
    const known = stages.filter(
      (all) => all.length > 0 && new Set(all.map((p) => p.segment.replace(/ 0$/, ''))).size <= 2,
    );
    return known.slice(1).flatMap((all, i) => {
      const [before, after] = [known[i]!.at(-1)!, all[0]!];
      return [before, after].map(({ x, y }) => ({ x, y, z: String(i) }));
    });
  }

  function absentMarks(): Plot.Markish[] {
    const height = bottom - top;
    const absent = points.filter((p) => p.value === null);
    const why = [...new Set(absent.map((p) => p.reason))][0];
    const text = `${figureName(figure)} is absent: ${why ?? 'nothing was measured'}`;
    return [
      Plot.ruleX(absent, {
        x: 'x',
        y1: height - paint.size * 0.6,
        y2: height,
        stroke: paint.ink3,
        strokeWidth: paint.line * 0.75,
      }),
      ...(measured.length > 0
        ? []
        : [
            Plot.text([text], {
              ...{ frameAnchor: 'middle', lineWidth: Math.max(12, (right - left) / paint.size - 2), fill: paint.ink2 },
              fontSize: paint.size,
            }),
          ]),
    ];
  }

  function endLabel(s: SeriesStory): EndLabel[] {
    const level = levelOf(s);
    if (level !== null) return [{ text: s.label, colour: paint.ink2, x: right - left, y: scale.at(level.value) }];
    const last = curves[series.indexOf(s)]!.filter((p) => p.value !== null).at(-1);
    if (last === undefined) return [];
    return [
      { text: s.label, colour: s.control !== null ? paint.ink2 : colourOf(s), x: last.x, y: scale.at(last.value!) },
    ];
  }

  function describeCurves(): string {
    const sentences = series.map((s) => {
      const level = levelOf(s);
      if (level !== null) return `${s.label}: ${withError(level.value, level.se)}, a level.`;
      const own = measured.filter((p) => p.series === s);
      if (own.length === 0) return `${s.label}: ${figureName(figure)} is absent.`;
      const sorted = [...own].sort((a, b) => a.value - b.value);
      const [first, last, least, most] = [own[0]!, own.at(-1)!, sorted[0]!, sorted.at(-1)!];
      const flagged = own.filter((p) => p.flags.length > 0);
      const codes = [...new Set(flagged.flatMap((p) => p.flags.map(({ code }) => code)))];
      const absent = points.filter((p) => p.series === s && p.value === null);
      return (
        `${s.label}: ${own.length} checkpoints, ${withError(first.value, first.se)} at ${where(first)}, ` +
        `lowest ${short(least.value)} at ${where(least)}, highest ${short(most.value)} at ${where(most)}, ` +
        `${withError(last.value, last.se)} at ${where(last)}${flagged.length > 0 ? `; ${flagged.length} flagged (${codes.join(', ')})` : ''}${absent.length > 0 ? `; absent at ${absent.map(where).join(', ')} (${absent[0]!.reason})` : ''}.`
      );
    });
    const words =
      shaded === null || shaded.words.length === 0 ? [] : [`Phases of ${leader!.label}: ${shaded.words.join(', ')}.`];
    const notes = [axis.note, ...failed.words, ...(read?.words ?? [])]
      .filter((note) => note !== null)
      .map((note) => `${note}.`);
    return [...sentences, ...words, ...notes].join(' ');
  }
}

function where({ checkpoint }: CurvePoint): string {
  return checkpoint.tokens !== null && checkpoint.stage === 'pretrain'
    ? `${si(checkpoint.tokens)} tokens`
    : checkpoint.revision;
}

/** α's axis says which way is faster decay. */
export function axisTitle(figure: string): string {
  return /^alpha/.test(figure) ? `${figureName(figure)}  (up: faster decay)` : figureName(figure);
}

/** The curve whose phases go with the figure: α's with α, RankMe's with every other. */
function layerPhases(series: SeriesStory, { figure, layer }: TrajectoryInput) {
  const name = layerOf(series, layer);
  const phases = name === null ? undefined : series.phases[name];
  if (phases === undefined) return null;
  return /^alpha/.test(figure) ? phases.alpha : phases.rankme;
}

function dataOf(points: readonly CurvePoint[], figure: string, axis: XAxis): Drawing['data'] {
  const columns = ['series', 'stage', 'revision', 'step', 'tokens', figure, `${figure}_se`, 'flags'];
  const isCompute = axis.kind === 'compute';
  return {
    columns: isCompute ? [...columns, 'compute'] : columns,
    rows: points.map((p) => [
      ...[p.series.label, p.checkpoint.stage, p.checkpoint.revision, p.checkpoint.step, p.checkpoint.tokens],
      ...[p.value, p.se, [...p.flags.map(({ code }) => code), ...(p.reason === null ? [] : [p.reason])].join('; ')],
      ...(isCompute ? [axis.value(p.series, p.checkpoint)] : []),
    ]),
  };
}
