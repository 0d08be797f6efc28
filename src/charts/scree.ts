/**
 * Eigenspectra of one or several checkpoints, log–log: share of variance against rank, the ranks of the α fit marked,
 * the fitted power law over them, α ± SE and r² in words. Ghosts are other checkpoints, faint.
 * Made to be drawn again at every move of a slider: what doesn't stand out is thinned to a few dozen ranks.
 */
import * as Plot from '@observablehq/plot';
import { withError } from '../story/format.js';
import type { LayerSpectra, SeriesStory } from '../story/index.js';
import type { Drawing, Frame, Place } from './chart.js';
import { checkpointLine } from './curves.js';
import { logAxis, logXMarks, logYMarks, type LogAxis } from './log-axis.js';
import { bottomMargin, describe, draw, leftMargin, pathMark, plateOf, type Plate } from './plate.js';
import { paintOf } from './theme.js';
import { short } from './words.js';

export interface ScreeSpectrum {
  readonly series: SeriesStory;
  readonly spectra: LayerSpectra;
  /** Index of the checkpoint within its series. */
  readonly checkpoint: number;
  /** `current` and `pinned` are drawn in full with their fits; ghosts are faint. */
  readonly role: 'current' | 'pinned' | 'ghost';
}

export interface ScreeInput {
  readonly spectra: readonly ScreeSpectrum[];
  /** Least and greatest share of variance; default what the spectra need. Fixed over training, a slider doesn't make the axis jump. */
  readonly domain?: readonly [number, number] | undefined;
}

interface Curve extends ScreeSpectrum {
  readonly points: readonly { readonly rank: number; readonly share: number }[];
  readonly colour: string;
  readonly fit: Fit | null;
  readonly words: string;
}

interface Fit {
  readonly from: readonly [number, number];
  readonly to: readonly [number, number];
}

export function scree(input: ScreeInput, frame: Frame): Drawing {
  const paint = paintOf(frame);
  const shown = input.spectra.filter(({ role }) => role !== 'ghost');
  const colours = new Map(shown.map((one, i) => [one, paint.series(i)]));
  const curves = input.spectra.map((one) => curveOf(one, colours.get(one) ?? paint.ink3));
  const drawn = curves.filter(({ role, points }) => role !== 'ghost' && points.length > 0);
  const margins = {
    ...{ top: paint.size * 2.9, right: paint.size * 1.2, bottom: bottomMargin(paint), left: leftMargin(paint) },
  };
  const height =
    frame.height ??
    Math.round(
      frame.theme === 'paper' ? Math.min(frame.width * 0.7, 220) : Math.min(360, Math.max(240, frame.width * 0.6)),
    );
  const plate = plateOf(frame, margins, height);
  const [left, top, right, bottom] = plate.area;
  const pad = paint.dot * 2;
  const ranks = Math.max(2, ...curves.map(({ points }) => points.at(-1)?.rank ?? 1));
  const x = logAxis([1, ranks], pad, right - left - pad);
  const y = logAxis(input.domain ?? screeDomain(input.spectra), bottom - top - pad, pad);
  const ghosts = curves.filter(({ role }) => role === 'ghost');
  const window = shown[0]?.series.alphaRange ?? input.spectra[0]?.series.alphaRange ?? null;
  const marks: Plot.Markish[] = [
    ...(window === null || window[0] >= ranks ? [] : windowMarks(plate, x, window)),
    ...logYMarks(plate, y, 'Share of variance, λ / Σλ'),
    ...logXMarks(plate, x, 'Rank'),
    ...(ghosts.length === 0 ? [] : [ghostPath(ghosts)]),
    ...[...drawn].reverse().flatMap(curveMarks),
    ...fitWords(),
    ...(drawn.length > 0 || ghosts.length > 0
      ? []
      : [Plot.text(['no eigenvalues are stored'], { frameAnchor: 'middle', fill: paint.ink2 })]),
  ];
  const svg = draw(plate, marks);
  const title = 'Eigenspectrum';
  const description = [
    ...drawn.map(({ series, checkpoint, points, words }) => {
      const [first, last] = [points[0]!, points.at(-1)!];
      return (
        `${series.label}, ${checkpointLine(series.checkpoints[checkpoint]!)}: share of variance from ${short(first.share)} ` +
        `at rank 1 to ${short(last.share)} at rank ${last.rank}; ${words}.`
      );
    }),
    ...(ghosts.length > 0 ? [`${ghosts.length} other checkpoints stand faintly behind.`] : []),
  ].join(' ');
  describe(svg, title, description);
  let places: Place[] | null = null;
  return {
    ...{ svg, title, description, area: plate.area },
    // Made when they are asked for: a slider draws without them.
    get places() {
      return (places ??= drawn.flatMap(placesOf));
    },
    get data() {
      return dataOf(curves);
    },
  };

  function at() {
    return { x: (p: { rank: number }) => x.at(p.rank), y: (p: { share: number }) => y.at(p.share) };
  }

  /** All ghosts as one path: at every move of a slider there may be hundreds. */
  function ghostPath(all: readonly Curve[]): Plot.Markish {
    const rounded = (value: number) => Math.round(value * 10) / 10;
    const d = all
      .flatMap((curve) =>
        thinned(curve, x, paint.size * 0.6).map(
          ({ rank, share }, i) => `${i === 0 ? 'M' : 'L'}${rounded(x.at(rank))},${rounded(y.at(share))}`,
        ),
      )
      .join('');
    return pathMark(plate, d, {
      ...{ fill: 'none', stroke: paint.ink3, 'stroke-width': paint.hairline },
      'stroke-opacity': all.length > 4 ? 0.22 : 0.45,
    });
  }

  function curveMarks(curve: Curve): Plot.Markish[] {
    const { colour, points, fit } = curve;
    const line = { stroke: colour, strokeWidth: paint.line };
    const r = paint.dot * 0.75;
    return [
      Plot.line(points, { ...at(), ...line, strokeOpacity: 0.55 }),
      Plot.dot(thinned(curve, x, r * 2.4), { ...at(), r, fill: colour }),
      ...(fit === null
        ? []
        : [
            Plot.link([fit], {
              ...{
                x1: (f: Fit) => x.at(f.from[0]),
                x2: (f: Fit) => x.at(f.to[0]),
                y1: (f: Fit) => y.at(f.from[1]),
                y2: (f: Fit) => y.at(f.to[1]),
              },
              ...{
                stroke: paint.ink,
                strokeWidth: paint.line * 0.9,
                strokeDasharray: `${paint.line * 2.5},${paint.line * 1.5}`,
              },
            }),
          ]),
    ];
  }

  /** At the lower left, below the spectra: they fall from the upper left to the lower right. */
  function fitWords(): Plot.Markish[] {
    const lineHeight = paint.size * 1.3;
    return drawn.map((curve, i) => {
      const { revision } = curve.series.checkpoints[curve.checkpoint]!;
      const several = new Set(drawn.map(({ series }) => series)).size > 1;
      const name = several ? `${curve.series.label} ${revision}` : revision;
      return Plot.text([`${name}: ${curve.words}`], {
        ...{ frameAnchor: 'bottom-left', textAnchor: 'start', lineAnchor: 'bottom' },
        ...{ dx: paint.size * 0.6, dy: -paint.size * 0.5 - (drawn.length - 1 - i) * lineHeight },
        ...{
          fontSize: paint.small,
          fill: curve.colour,
          stroke: paint.ground,
          strokeWidth: paint.size * 0.25,
          strokeOpacity: 0.8,
        },
      });
    });
  }

  function placesOf(curve: Curve): Place[] {
    const { series, checkpoint } = curve;
    return thinned(curve, x, paint.dot).map(({ rank, share }) => ({
      ...{ x: left + x.at(rank), y: top + y.at(share), series: series.id, checkpoint },
      lines: [
        checkpointLine(series.checkpoints[checkpoint]!),
        `rank ${rank}: ${short(100 * share)} % of variance`,
        curve.words,
      ],
    }));
  }
}

/** Least and greatest share of variance of spectra, rounded out to powers of ten in half steps. */
export function screeDomain(spectra: readonly Pick<ScreeSpectrum, 'spectra' | 'checkpoint'>[]): [number, number] {
  let [low, high] = [Infinity, 0];
  for (const { spectra: all, checkpoint } of spectra) {
    const values = all.eigenvalues[checkpoint];
    const total = all.totals[checkpoint];
    if (!values || values.length === 0 || !total) continue;
    low = Math.min(low, values.at(-1)! / total);
    high = Math.max(high, values[0]! / total);
  }
  if (!(high > 0 && low > 0)) return [1e-4, 1];
  const step = 0.5;
  const [from, to] = [Math.floor(Math.log10(low) / step) * step, Math.ceil(Math.log10(high) / step) * step];
  return [10 ** from, 10 ** (to > from ? to : from + step)];
}

function curveOf(one: ScreeSpectrum, colour: string): Curve {
  const { spectra, checkpoint, series } = one;
  const values = spectra.eigenvalues[checkpoint] ?? [];
  const total = spectra.totals[checkpoint];
  const points = values.flatMap((value, i) =>
    value > 0 && total ? [{ rank: spectra.ranks[i]!, share: value / total }] : [],
  );
  const curves = series.curves[spectra.layer];
  const figure = (name: string) => curves?.figures[name]?.[checkpoint] ?? null;
  const [alpha, r2] = [figure('alpha'), figure('r2')];
  const reasons = curves?.reasons['alpha'];
  const why = reasons?.[String(checkpoint)] ?? reasons?.['*'] ?? 'not measured';
  const words =
    alpha === null
      ? `α absent, ${why}`
      : `α ${withError(alpha, figure('alpha_se'))}${r2 === null ? '' : `, r² ${r2.toFixed(2)}`}`;
  return { ...one, points, colour, words, fit: alpha === null ? null : fitOf(points, alpha, series.alphaRange) };
}

/** The line of slope −α through the fit's weighted mean (weights 1/rank), from the first to the last rank fitted. */
function fitOf(points: Curve['points'], alpha: number, [from, to]: readonly [number, number]): Fit | null {
  let [sum, weights] = [0, 0];
  for (const { rank, share } of points) {
    if (rank < from || rank > to) continue;
    sum += (Math.log(share) + alpha * Math.log(rank)) / rank;
    weights += 1 / rank;
  }
  if (weights === 0) return null;
  const at = (rank: number): [number, number] => [rank, Math.exp(sum / weights - alpha * Math.log(rank))];
  return { from: at(from), to: at(to) };
}

function dataOf(curves: readonly Curve[]): Drawing['data'] {
  return {
    columns: ['series', 'stage', 'revision', 'layer', 'rank', 'eigenvalue', 'share'],
    rows: curves.flatMap(({ series, spectra, checkpoint, points }) => {
      const { stage, revision } = series.checkpoints[checkpoint]!;
      const total = spectra.totals[checkpoint]!;
      return points.map(({ rank, share }) => [
        ...[series.label, stage, revision, spectra.layer, rank],
        ...[share * total, share],
      ]);
    }),
  };
}

/** Points at least `spacing` pixels apart along x. */
function thinned({ points }: Curve, x: LogAxis, spacing: number): { rank: number; share: number }[] {
  let last = -Infinity;
  return points.filter(({ rank }, i) => {
    const here = x.at(rank);
    if (here - last < spacing && i < points.length - 1) return false;
    last = here;
    return true;
  });
}

function windowMarks(plate: Plate, x: LogAxis, [from, to]: readonly [number, number]): Plot.Markish[] {
  const { paint, area } = plate;
  const height = area[3] - area[1];
  const width = area[2] - area[0];
  const ends = { x1: x.at(from), x2: Math.min(width, x.at(to)) };
  const text = `α fit: ranks ${from}–${to}`;
  const short = paint.measure(text) > ends.x2 - ends.x1 + paint.size * 4 ? 'α fit' : text;
  return [
    Plot.rect([ends], { x1: 'x1', x2: 'x2', y1: 0, y2: height, fill: paint.phase('warmup') ?? paint.grid }),
    Plot.text([short], {
      ...{ x: (ends.x1 + ends.x2) / 2, y: 0, dy: -paint.size * 0.35, lineAnchor: 'bottom' },
      ...{ fontSize: paint.small, fill: paint.ink2 },
    }),
  ];
}
