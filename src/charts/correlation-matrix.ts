/**
 * What geometry has to do with tasks as a matrix: a row a task, a column a figure, the correlation as a number on a tint that
 * diverges around zero: one hue for going together, another for going against. Of increments those are framed and starred
 * whose p stays below .05 after Holm's correction over the matrix; levels carry no p and no mark.
 */
import * as Plot from '@observablehq/plot';
import { minus } from '../story/format.js';
import type { Relation, SeriesStory, StageRelations } from '../story/index.js';
import type { Drawing, Frame } from './chart.js';
import { describe, draw, pathMark, plateOf, type Plate } from './plate.js';
import { fitTail, fitText } from './text-width.js';
import { paintOf } from './theme.js';
import { figureName, stageName } from './words.js';

export type RelationPart = 'levels' | 'increments' | 'partial';

export interface CorrelationMatrixInput {
  readonly series: SeriesStory;
  readonly relations: StageRelations;
  /** Levels, steps between neighbours (default), or levels given ln(tokens). */
  readonly part?: RelationPart | undefined;
  /** Default Pearson's. */
  readonly kind?: 'pearson' | 'spearman' | undefined;
  /** Tasks at most. Default 30. */
  readonly most?: number | undefined;
}

/** Heads of columns must be short: they stand aslant. */
const heads: Readonly<Record<string, string>> = {
  rankme_extrapolated: 'RankMe, N → ∞',
  rankme_published: 'RankMe, published',
  participation_ratio: 'Participation',
  participation_ratio_unbiased: 'Participation, unb.',
  stable_rank: 'Stable rank',
  top1: 'Top 1',
  top10: 'Top 10',
  top50: 'Top 50',
  top100: 'Top 100',
  alpha_1_10: 'α 1–10',
  alpha_10_100: 'α 10–100',
  alpha_100_1000: 'α 100–1000',
  nll: 'NLL',
};

/** Figures that a matrix shows when nobody chooses, where they were measured. */
export const matrixFigures: readonly string[] = [
  ...['rankme', 'alpha', 'participation_ratio_unbiased', 'stable_rank', 'top1', 'mean_cosine', 'mean_norm', 'nll'],
];

const slant = -50;
/** Tint of a correlation of 1. */
const fullest = 0.55;

export function correlationMatrix(input: CorrelationMatrixInput, frame: Frame): Drawing {
  const { series, relations: stage, part = 'increments', kind = 'pearson', most = 30 } = input;
  const paint = paintOf(frame);
  const keyOf = ({ task, metric }: Relation) => `${task}\n${metric}`;
  const all = [...new Set(stage.relations.map(keyOf))];
  const rows = all.slice(0, most);
  const severalMetrics = new Set(stage.relations.map(({ metric }) => metric)).size > 1;
  const rowName = (key: string) => (severalMetrics ? key.replace('\n', ' ') : key.split('\n')[0]!);
  const found = new Map(stage.relations.map((relation) => [`${relation.figure}\n${keyOf(relation)}`, relation]));

  const gap = paint.size * 0.6;
  const named = rows.map((key) => fitTail(rowName(key), frame.width * 0.32, paint));
  const left = Math.ceil(Math.max(paint.size * 4, ...named.map((name) => paint.measure(name))) + gap);
  // A narrow screen has the first figures, whose numbers can still be read.
  const possible = [...new Set(stage.relations.map(({ figure }) => figure))];
  const narrowest = paint.measure('+.88*') + paint.size * 0.2;
  const figures = possible.slice(0, Math.max(2, Math.floor((frame.width - left - paint.size * 4) / narrowest)));
  const titles = figures.map((figure) => heads[figure] ?? figureName(figure));
  const longest = Math.max(0, ...titles.map((title) => paint.measure(title)));
  const [rise, reach] = [Math.sin((-slant * Math.PI) / 180), Math.cos((slant * Math.PI) / 180)];
  const beyond = Math.max(0, ...titles.map((title, i) => paint.measure(title) * reach - (titles.length - 1 - i) * 20));
  const margins = {
    top: Math.ceil(paint.size * 2 + longest * rise + paint.size),
    right: Math.ceil(Math.max(paint.size * 1.2, Math.min(beyond, frame.width * 0.2))),
    bottom: paint.size * 0.8,
    left,
  };
  const row = frame.theme === 'paper' ? paint.size * 1.9 : paint.size * 1.85;
  const plate = plateOf(
    frame,
    margins,
    frame.height ?? Math.round(margins.top + margins.bottom + row * Math.max(2, rows.length)),
  );
  const [x0, y0, x1] = plate.area;
  const wide = Math.min((x1 - x0) / Math.max(1, figures.length), paint.size * 6);
  const cells = rows.flatMap((key, r) =>
    figures.map((figure, c) => {
      const relation = found.get(`${figure}\n${key}`)!;
      const of = relation[part];
      const value = of[kind];
      const isMarked = part === 'increments' && relation.pHolm !== null && relation.pHolm < 0.05;
      return { relation, of, value, se: of[`${kind}Se`], isMarked, x: c * wide, y: r * row };
    }),
  );
  type Cell = (typeof cells)[number];
  const centre = { x: (cell: Cell) => cell.x + wide / 2, y: (cell: Cell) => cell.y + row / 2 };
  const known = cells.filter((cell): cell is Cell & { value: number } => cell.value !== null);
  const isEmpty = cells.length === 0;
  const svg = draw(plate, [
    ...known.map(({ x, y, value }) =>
      pathMark(plate, boxOf(x, y, wide, row, 0.5), {
        fill: hueOf(value),
        'fill-opacity': Number((Math.abs(value) * fullest).toFixed(3)),
      }),
    ),
    ...cells.map(({ x, y, isMarked }) =>
      pathMark(plate, boxOf(x, y, wide, row, isMarked ? 1.25 : 0.5), {
        ...{ fill: 'none', stroke: isMarked ? paint.ink : paint.grid },
        'stroke-width': isMarked ? paint.line : paint.hairline,
      }),
    ),
    Plot.text(cells, {
      ...{ ...centre, text: (cell: Cell) => textOf(cell.value, cell.isMarked), fontVariant: 'tabular-nums' },
      ...{ fontSize: paint.small, fill: paint.ink, fontWeight: 'normal' },
    }),
    Plot.text(rows, {
      ...{ x: 0, y: (_: string, i: number) => i * row + row / 2, text: (_: string, i: number) => named[i]! },
      ...{ textAnchor: 'end', dx: -gap, fontSize: paint.small, fill: paint.ink2 },
    }),
    ...figures.map((_, i) =>
      Plot.text([titles[i]!], {
        ...{ x: (i + 0.5) * wide, y: 0, dy: -paint.size * 0.55, text: (title: string) => title },
        ...{ textAnchor: 'start', rotate: slant, fontSize: paint.small, fill: paint.ink2 },
      }),
    ),
    ...(isEmpty ? [Plot.text(['no task to relate'], { frameAnchor: 'middle', fill: paint.ink2 })] : legend(plate)),
  ]);
  const title = `${nameOf(part, kind, stage.given)} of tasks with geometry`;
  const description = describeMatrix();
  describe(svg, title, description);
  return {
    ...{ svg, title, description, area: plate.area },
    places: cells.map((cell) => ({
      ...{ x: x0 + cell.x + wide / 2, y: y0 + cell.y + row / 2, series: series.id, checkpoint: -1 },
      lines: linesOf(cell),
    })),
    data: {
      columns: [
        ...['stage', 'figure', 'task', 'metric', 'source', 'of', 'kind', 'value', 'se', 'n', 'p', 'p_holm', 'reason'],
      ],
      rows: cells.map(({ relation, of, value, se }) => [
        ...[stage.stage, relation.figure, relation.task, relation.metric, relation.source, part, kind, value, se, of.n],
        ...(part === 'increments' ? [relation.increments.p, relation.pHolm] : [null, null]),
        value === null ? (of.reason ?? 'not defined') : null,
      ]),
    },
  };

  function hueOf(value: number): string {
    return paint.series(value < 0 ? 1 : 0);
  }

  /** What the tints mean, above the upper left corner. */
  function legend(of: Plate): Plot.Markish[] {
    const bar = Math.min(paint.size * 9, frame.width * 0.3);
    const from = paint.measure('−1') + paint.size * 0.5 - x0 + paint.size * 0.3;
    const top = -y0 + paint.size * 0.4;
    const steps = 11;
    const text = { y: top + paint.size * 0.45, fontSize: paint.small, fill: paint.ink2, text: (t: string) => t };
    return [
      ...Array.from({ length: steps }, (_, i) => {
        const value = (2 * i) / (steps - 1) - 1;
        const width = bar / steps;
        return pathMark(of, boxOf(from + i * width, top, width, paint.size * 0.9, 0), {
          fill: hueOf(value),
          'fill-opacity': Number((Math.abs(value) * fullest).toFixed(3)),
        });
      }),
      Plot.text(['−1'], { x: from - paint.size * 0.35, textAnchor: 'end', ...text }),
      Plot.text(['+1'], { x: from + bar + paint.size * 0.35, textAnchor: 'start', ...text }),
      ...(part === 'increments'
        ? [
            Plot.text([fitText('* p < .05 (Holm)', frame.width - bar - paint.size * 7, paint)], {
              ...{ x: from + bar + paint.size * 2.6, textAnchor: 'start', ...text },
            }),
          ]
        : []),
    ];
  }

  function linesOf({ relation, of, value, se, isMarked }: Cell): string[] {
    const { task, metric, figure, increments, pHolm, withoutErrors, errorsOver } = relation;
    const head = `${figureName(figure)} with ${task} ${metric}`;
    if (value === null) return [head, `none: ${of.reason ?? 'not defined'}`];
    const symbol = kind === 'pearson' ? 'r' : 'ρ';
    const lines = [
      head,
      `${symbol} ${signedText(value, 3)}${se === null ? '' : ` ± ${bare(se)} over ${errorsOver.join(' and ')}`}, n ${of.n}`,
    ];
    if (part !== 'increments') return [...lines, 'descriptive: curves that drift look correlated'];
    const p = increments.p === null ? 'no p: too few steps' : `p ${pText(increments.p)}, by Holm ${pText(pHolm ?? 1)}`;
    return [
      ...lines,
      `${p} (of r)${isMarked ? ' *' : ''}`,
      ...(withoutErrors === null ? [] : [`no ±: ${withoutErrors}`]),
    ];
  }

  function describeMatrix(): string {
    if (isEmpty) return `${series.label}: there is no task to relate.`;
    const strongest = [...known].sort((a, b) => Math.abs(b.value) - Math.abs(a.value))[0];
    const marked = cells.filter(({ isMarked }) => isMarked);
    const nameIt = ({ relation: { task, metric, figure } }: Cell) => `${task} ${metric} with ${figureName(figure)}`;
    const sentences = [
      `${series.label}, ${stageName(stage.stage)}: ${rows.length} tasks by ${figures.length} figures over ${stage.matched} checkpoints.`,
      strongest === undefined
        ? 'No correlation is defined.'
        : `Strongest: ${nameIt(strongest)}, ${signedText(strongest.value, 2)}.`,
      ...(part !== 'increments'
        ? ['Levels are descriptive.']
        : [
            marked.length === 0
              ? 'None stays below .05 after Holm’s correction.'
              : `Below .05 after Holm’s correction: ${marked.slice(0, 5).map(nameIt).join('; ')}${marked.length > 5 ? ` and ${marked.length - 5} more` : ''}.`,
          ]),
      ...(all.length > rows.length ? [`${all.length - rows.length} more tasks are not drawn.`] : []),
      ...(possible.length > figures.length ? [`${possible.length - figures.length} more figures are not drawn.`] : []),
    ];
    return sentences.join(' ');
  }
}

function nameOf(part: RelationPart, kind: 'pearson' | 'spearman', given: string): string {
  const what = kind === 'pearson' ? 'Pearson’s r' : 'Spearman’s ρ';
  if (part === 'levels') return `${what} of levels`;
  return part === 'increments' ? `${what} of increments` : `${what} given ln(${given})`;
}

function boxOf(x: number, y: number, width: number, height: number, inset: number): string {
  const r = (value: number) => Math.round(value * 100) / 100;
  return `M${r(x + inset)},${r(y + inset)}H${r(x + width - inset)}V${r(y + height - inset)}H${r(x + inset)}Z`;
}

function textOf(value: number | null, isMarked: boolean): string {
  return value === null ? '–' : `${signedText(value, 2)}${isMarked ? '*' : ''}`;
}

/** `+.82`, `−.31`, `+1.00`. */
function signedText(value: number, decimals: number): string {
  const text = value.toFixed(decimals).replace(/^(-?)0\./, '$1.');
  return minus(value < 0 ? text : `+${text}`);
}

function bare(se: number): string {
  return se < 0.0005 ? '<.001' : se.toFixed(3).replace(/^0/, '');
}

function pText(p: number): string {
  return p < 0.001 ? '<.001' : p.toFixed(3).replace(/^0/, '');
}
