/**
 * What a model still answers with eigen-directions removed or kept: a row a variant, ± 1 SE over questions, the random
 * directions of the same number hollow below it, the paper's Table 8 as a cross. Accuracies are bars from 0, with the level
 * of guessing and that of the unchanged model across; ln p has no natural zero, so it is dots.
 */
import * as Plot from '@observablehq/plot';
import { paperAblationFor } from '../paper/index.js';
import { signed, withError } from '../story/format.js';
import type { AblationFigure, AblationStory, AblationVariant, SeriesStory } from '../story/index.js';
import type { Drawing, Frame, Place } from './chart.js';
import { linearAxis, linearXMarks } from './linear-axis.js';
import { bottomMargin, describe, draw, plateOf } from './plate.js';
import { fitText } from './text-width.js';
import { paintOf, type Paint } from './theme.js';
import { short } from './words.js';

export interface AblationInput {
  readonly series: SeriesStory;
  readonly ablation: AblationStory;
  /** Which of its points. */
  readonly point: number;
  /** Default: the main one. */
  readonly metric?: string | undefined;
}

interface Row {
  readonly variant: AblationVariant;
  readonly figure: AblationFigure;
  readonly random: AblationFigure | null;
  readonly paper: number | null;
}

export const metricNames: Readonly<Record<string, string>> = {
  acc: 'Accuracy',
  acc_norm: 'Accuracy, by length',
  logprob: 'ln p of the right answer',
};

export function ablationChart(input: AblationInput, frame: Frame): Drawing {
  const { series, ablation, point: at } = input;
  const metric = input.metric ?? ablation.metrics[0] ?? 'acc';
  const point = ablation.points[at];
  const isShare = metric !== 'logprob';
  const paint = paintOf(frame);
  const rows = rowsOf(input, metric);
  const chance = isShare ? ablation.chance : null;
  const original = rows.find(({ variant }) => variant.kind === 'original')?.figure[0] ?? null;
  const hasRandom = rows.some(({ random }) => random !== null);
  const hasPaper = rows.some(({ paper }) => paper !== null);
  const legend = legendOf({ hasRandom, hasPaper, chance }, paint, frame.width);

  const pitch = paint.size * (hasRandom ? 2.7 : 2);
  const names = rows.map(({ variant }) => fitText(variant.name, frame.width * 0.34, paint));
  const texts = rows.map(({ figure }) => withError(figure[0]!, figure[1]));
  const margins = {
    top: paint.size * 0.5 + legend.length * paint.small * 1.5 + paint.size * 0.5,
    right: Math.ceil(Math.max(0, ...texts.map((text) => paint.measure(text)))) + paint.size * 1.1,
    bottom: bottomMargin(paint),
    left: Math.ceil(Math.max(0, ...names.map((name) => paint.measure(name)))) + paint.size * 0.9,
  };
  const height = frame.height ?? Math.ceil(margins.top + margins.bottom + Math.max(2, rows.length) * pitch);
  const plate = plateOf(frame, margins, height);
  const [left, top, right, bottom] = plate.area;
  const [width, tall] = [right - left, bottom - top];
  const step = tall / Math.max(1, rows.length);
  const all = rows.flatMap(({ figure, random, paper }) => [
    ...spanOf(figure),
    ...(random ? spanOf(random) : []),
    ...(paper === null ? [] : [paper]),
  ]);
  const axis = linearAxis(domainOf([...all, ...(chance === null ? [] : [chance])], isShare), 0, width);

  const thick = Math.min(paint.size * 1.1, step * 0.42);
  const drawn = rows.flatMap((row, i) => {
    const centre = (i + 0.5) * step - (row.random ? thick * 0.4 : 0);
    const one = (figure: AblationFigure, y: number, half: number, isHollow: boolean) => ({
      ...{ row, isHollow, x: axis.at(figure[0]!), y, y1: y - half, y2: y + half, value: figure[0]! },
      low: axis.at(figure[0]! - (figure[1] ?? 0)),
      high: axis.at(figure[0]! + (figure[1] ?? 0)),
    });
    return [
      one(row.figure, centre, thick / 2, false),
      ...(row.random ? [one(row.random, centre + thick * 0.95, thick * 0.28, true)] : []),
    ];
  });
  const filled = drawn.filter(({ isHollow }) => !isHollow);
  const hollow = drawn.filter(({ isHollow }) => isHollow);
  const zero = axis.at(0);
  const svg = draw(plate, [
    ...legend.map((line, i) =>
      Plot.text([line], {
        ...{ frameAnchor: 'top-left', textAnchor: 'start', lineAnchor: 'top', fontSize: paint.small, fill: paint.ink2 },
        ...{ dx: -left + paint.size * 0.15, dy: -top + paint.size * 0.3 + i * paint.small * 1.5 },
      }),
    ),
    ...linearXMarks(plate, axis, metricNames[metric] ?? metric),
    ...(isShare
      ? []
      : [Plot.ruleY(drawn, { y: 'y', x1: 0, x2: width, stroke: paint.grid, strokeWidth: paint.hairline })]),
    ...(original === null
      ? []
      : [
          Plot.ruleX([axis.at(original)], {
            ...{ x: (x: number) => x, y1: 0, y2: tall, stroke: paint.rule, strokeWidth: paint.hairline },
          }),
        ]),
    ...(chance === null
      ? []
      : [
          Plot.ruleX([axis.at(chance)], {
            ...{ x: (x: number) => x, y1: 0, y2: tall, stroke: paint.ink2, strokeWidth: paint.hairline },
            strokeDasharray: `${paint.line * 2},${paint.line * 2}`,
          }),
        ]),
    ...(isShare
      ? [
          Plot.rect(filled, { x1: zero, x2: 'x', y1: 'y1', y2: 'y2', fill: paint.series(0), fillOpacity: 0.75 }),
          Plot.rect(hollow, {
            ...{ x1: zero, x2: 'x', y1: 'y1', y2: 'y2', fill: paint.ground, fillOpacity: 0.6 },
            ...{ stroke: paint.ink3, strokeWidth: paint.hairline },
          }),
        ]
      : [
          Plot.dot(filled, { x: 'x', y: 'y', r: paint.dot, fill: paint.series(0) }),
          Plot.dot(hollow, {
            ...{ x: 'x', y: 'y', r: paint.dot * 0.8, fill: paint.ground, stroke: paint.ink3 },
            strokeWidth: paint.line * 0.6,
          }),
        ]),
    Plot.ruleY(drawn, {
      ...{ y: 'y', x1: 'low', x2: 'high', strokeWidth: paint.line },
      stroke: (d: (typeof drawn)[number]) => (d.isHollow ? paint.ink3 : paint.ink),
    }),
    Plot.dot(
      filled.filter(({ row }) => row.paper !== null),
      {
        ...{ x: ({ row }: (typeof drawn)[number]) => axis.at(row.paper!), y: 'y', symbol: 'times', r: paint.dot * 1.2 },
        ...{ stroke: paint.ink, strokeWidth: paint.line * 0.7 },
      },
    ),
    Plot.text(rows, {
      ...{ x: 0, y: (_: Row, i: number) => filled[i]!.y, text: (_: Row, i: number) => names[i]!, textAnchor: 'end' },
      ...{ dx: -paint.size * 0.5, fontSize: paint.small, fill: paint.ink },
    }),
    Plot.text(rows, {
      ...{ x: width, y: (_: Row, i: number) => filled[i]!.y, text: (_: Row, i: number) => texts[i]! },
      ...{ textAnchor: 'start', dx: paint.size * 0.6, fontSize: paint.small, fill: paint.ink2 },
      fontVariant: 'tabular-nums',
    }),
    ...(rows.length > 0 ? [] : [Plot.text(['nothing was measured here'], { frameAnchor: 'middle', fill: paint.ink2 })]),
  ]);
  const title = `${metricNames[metric] ?? metric} on ${ablation.name} with eigen-directions removed or kept${point ? ` at ${point.revision}` : ''}`;
  const description = [
    ...rows.map(({ variant, figure, random }) => {
      const beside = random ? `, random directions ${withError(random[0]!, random[1])}` : '';
      return `${variant.name} ${withError(figure[0]!, figure[1])}${beside}.`;
    }),
    ...(chance === null ? [] : [`Guessing gives ${short(chance)}.`]),
    ...(hasPaper ? [`Crosses are the paper's Table 8.`] : []),
    ...(rows.length === 0 ? ['Nothing was measured here.'] : []),
  ].join(' ');
  describe(svg, title, description);
  const places = filled.map(({ row, x, y }): Place => ({
    ...{ x: left + x, y: top + y, series: series.id, checkpoint: -1 },
    lines: [row.variant.name, ...linesOf(row, metric, ablation.points[at]?.d ?? 0, at)],
  }));
  return {
    ...{ svg, title, description, places, area: plate.area },
    data: {
      columns: [
        ...['questions', 'stage', 'revision', 'step', 'tokens', 'variant', 'variance', 'metric', 'value', 'se', 'n'],
        ...['change', 'change_se', 'p', 'random', 'random_se', 'vs_random', 'vs_random_se', 'vs_random_p'],
        ...['chance', 'paper'],
      ],
      rows: rows.map(({ variant, figure, random, paper }) => {
        const [value, se, change, changeSe, p, versus, versusSe, versusP] = figure;
        return [
          ...[ablation.questions, point!.stage, point!.revision, point!.step, point!.tokens],
          ...[variant.name, variant.variance[at] ?? null, metric, value, se, point!.questions],
          ...[change, changeSe, p, random?.[0] ?? null, random?.[1] ?? null, versus, versusSe, versusP],
          ...[chance, paper],
        ];
      }),
    },
  };
}

/** Those that were asked for and have a value here, the random ones beside theirs. */
function rowsOf({ series, ablation, point }: AblationInput, metric: string): Row[] {
  const at = (variant: AblationVariant | undefined) => {
    const figure = variant?.figures[metric]?.[point] ?? null;
    return figure === null || figure[0] === null ? null : figure;
  };
  const paper = metric === 'acc' && /^sciq( |$)/.test(ablation.questions) ? paperAblationFor(series.name) : null;
  const printed: Readonly<Record<string, number>> =
    paper === null
      ? {}
      : {
          original: paper.original,
          ...{ 'top-10 removed': paper.top10Removed, 'top-10 kept': paper.top10Kept },
          ...{ 'top-50 removed': paper.top50Removed, 'top-50 kept': paper.top50Kept },
        };
  return ablation.variants.flatMap((variant) => {
    const figure = at(variant);
    if (figure === null || variant.kind === 'random') return [];
    const random = at(ablation.variants.find(({ name }) => name === variant.control));
    return [{ variant, figure, random, paper: printed[variant.name] ?? null }];
  });
}

/** What the marks are, as many lines as the width asks for. */
function legendOf(
  { hasRandom, hasPaper, chance }: { hasRandom: boolean; hasPaper: boolean; chance: number | null },
  paint: Paint,
  width: number,
): string[] {
  const items = [
    ...(hasRandom ? ['hollow: as many random directions'] : []),
    ...(chance === null ? [] : [`dashed: guessing, ${short(chance)}`]),
    ...(hasPaper ? ['×: the paper, Table 8'] : []),
    'line: unchanged model',
  ];
  const lines: string[] = [];
  for (const item of items) {
    const longer = lines.length === 0 ? item : `${lines.at(-1)!}  ·  ${item}`;
    if (lines.length > 0 && paint.measure(longer) <= width - paint.size) lines[lines.length - 1] = longer;
    else lines.push(item);
  }
  return lines;
}

function spanOf([value, se]: AblationFigure): number[] {
  return value === null ? [] : [value - (se ?? 0), value + (se ?? 0)];
}

/** Bars begin at 0; dots have room on both sides. */
function domainOf(values: readonly number[], isShare: boolean): readonly [number, number] {
  if (values.length === 0) return [0, 1];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (isShare) return [0, Math.max(high * 1.04, 0.05)];
  const pad = 0.06 * (high - low || Math.abs(high) || 1);
  return [low - pad, high + pad];
}

/** Lines of a tooltip: the figure, what changed, and against what. */
function linesOf({ variant, figure, random, paper }: Row, metric: string, d: number, at: number): string[] {
  const [value, se, change, changeSe, p, versus, versusSe, versusP] = figure;
  const variance = variant.variance[at] ?? null;
  return [
    `${metric} ${withError(value!, se)}`,
    ...(variant.size === null
      ? []
      : [
          `${variant.size} of ${d} directions` +
            (variance === null ? '' : `, ${(100 * variance).toFixed(1)} % of the variance`),
        ]),
    ...(change === null ? [] : [`change ${signed(change, changeSe)}${pText(p)}`]),
    ...(random ? [`random directions ${withError(random[0]!, random[1])}`] : []),
    ...(versus === null ? [] : [`against random ${signed(versus, versusSe)}${pText(versusP)}`]),
    ...(paper === null ? [] : [`the paper ${short(paper)}`]),
  ];
}

/** `, p 0.031`, `, p < 0.0001`; nothing where there is no test. */
function pText(p: number | null): string {
  if (p === null) return '';
  return p < 0.0001 ? ', p < 0.0001' : `, p ${p.toFixed(p < 0.1 ? 4 : 2).replace(/0+$/, '')}`;
}
