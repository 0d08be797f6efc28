/**
 * How far the model's ln p is from the ∞-gram's on running text at one checkpoint, by the length of the suffix that was
 * found or by position in the passage: bars of mean |ln p − ln p∞| in nats, the control's as a line across each.
 */
import * as Plot from '@observablehq/plot';
import type { MemorizationStory } from '../story/index.js';
import type { Drawing, Frame } from './chart.js';
import { bottomMargin, curveHeight, describe, draw, leftMargin, plateOf } from './plate.js';
import { paintOf } from './theme.js';
import { short } from './words.js';
import { yAxis, yAxisMarks } from './y-axis.js';

export interface AgreementBarsInput {
  readonly memorization: MemorizationStory;
  readonly by: 'suffix' | 'position';
  /** Which of its points. */
  readonly point: number;
}

const words = {
  suffix: { axis: 'Tokens of the suffix found', title: 'suffix length', of: 'suffix' },
  position: { axis: 'Position in the passage', title: 'position', of: 'position' },
};

export function agreementBars({ memorization, by, point: at }: AgreementBarsInput, frame: Frame): Drawing {
  const paint = paintOf(frame);
  const { edges, gaps } = memorization.bars?.[by] ?? { edges: [], gaps: [] };
  const control = memorization.points.findIndex(({ isControl }) => isControl);
  const point = memorization.points[at];
  const margins = {
    ...{ top: paint.size * 1.9, right: paint.size * 1.2, bottom: bottomMargin(paint), left: leftMargin(paint) },
  };
  const plate = plateOf(frame, margins, frame.height ?? Math.round(curveHeight(frame) * 0.85));
  const [left, top, right, bottom] = plate.area;
  const [width, height] = [right - left, bottom - top];
  const bars = edges.map((edge, i) => ({
    ...{ ...edge, i, name: nameOf(edge), gap: gaps[at]?.[i] ?? null },
    null: control < 0 || control === at ? null : (gaps[control]?.[i] ?? null),
  }));
  const known = bars.flatMap((bar) => (bar.gap === null ? [] : [{ ...bar, gap: bar.gap }]));
  const most = Math.max(0.1, ...bars.flatMap((bar) => [bar.gap ?? 0, bar.null ?? 0]));
  const scale = yAxis(
    [
      { value: 0, se: null },
      { value: most * 1.08, se: null },
    ],
    height,
    paint.small,
    { zero: true },
  );
  const slot = width / Math.max(1, bars.length);
  const x = (i: number) => (i + 0.5) * slot;
  // Names stand where they have room: every first, second, … of them.
  const widest = Math.max(0, ...bars.map(({ name }) => paint.measure(name)));
  const every = Math.max(1, Math.ceil((widest + paint.small * 0.4) / slot));
  const drawn = known.map((bar) => ({
    ...{ ...bar, x: x(bar.i), x1: (bar.i + 0.15) * slot, x2: (bar.i + 0.85) * slot, y: scale.at(bar.gap) },
    label: bar.gap.toFixed(bar.gap < 9.95 ? 1 : 0),
  }));
  const labelled = slot >= paint.measure('0.0') + paint.small * 0.2;
  const svg = draw(plate, [
    ...yAxisMarks(
      plate,
      scale,
      `Mean |ln p − ln p∞|, nats${control < 0 || control === at ? '' : ' (line: the control)'}`,
    ),
    Plot.rect(drawn, { x1: 'x1', x2: 'x2', y1: 'y', y2: height, fill: paint.series(0), fillOpacity: 0.75 }),
    Plot.ruleY(
      bars.filter((bar) => bar.null !== null),
      {
        ...{ y: (bar: (typeof bars)[number]) => scale.at(bar.null!), stroke: paint.ink2, strokeWidth: paint.line },
        ...{
          x1: (bar: (typeof bars)[number]) => (bar.i + 0.1) * slot,
          x2: (bar: (typeof bars)[number]) => (bar.i + 0.9) * slot,
        },
      },
    ),
    Plot.text(labelled ? drawn : [], {
      ...{ x: 'x', y: 'y', text: 'label', lineAnchor: 'bottom', dy: -paint.small * 0.3 },
      ...{ fontSize: paint.small, fill: paint.ink },
    }),
    Plot.ruleY([0], { y: height, x1: 0, x2: width, stroke: paint.rule, strokeWidth: paint.hairline }),
    Plot.text(
      bars.filter(({ i }) => i % every === 0),
      {
        ...{ x: ({ i }: (typeof bars)[number]) => x(i), y: height, text: 'name', lineAnchor: 'top' },
        ...{ dy: paint.size * 0.6, fontSize: paint.small, fill: paint.ink2 },
      },
    ),
    Plot.text([words[by].axis], {
      ...{ x: width / 2, y: height, dy: plate.height - bottom - paint.small * 0.3, lineAnchor: 'bottom' },
      ...{ fontSize: paint.size, fill: paint.ink2 },
    }),
    ...(known.length > 0 ? [] : [Plot.text(['no token with p∞ > 0'], { frameAnchor: 'middle', fill: paint.ink2 })]),
  ]);
  const title = `Gap to the ∞-gram by ${words[by].title}${point ? ` at ${point.revision}` : ''}: ${memorization.name}`;
  const description = `${known.map(({ name, gap }) => `${words[by].of} ${name}: ${short(gap)}`).join(', ')}.`;
  describe(svg, title, description);
  return {
    ...{ svg, title, description, area: plate.area },
    places: drawn.map((bar) => ({
      ...{ x: left + bar.x, y: top + bar.y, series: '', checkpoint: -1 },
      lines: [
        `${words[by].of} ${bar.name}`,
        `gap ${short(bar.gap)} nats`,
        ...(bar.null === null ? [] : [`the control ${short(bar.null)} nats`]),
        `${bar.tokens.toLocaleString('en-US')} tokens` +
          (bar.share === null ? '' : `, ${(100 * bar.share).toFixed(1)} % with p∞ > 0`),
      ],
    })),
    data: {
      columns: ['revision', by, 'tokens', 'possible', 'gap', 'control_gap'],
      rows: bars.map((bar) => [point?.revision ?? null, bar.name, bar.tokens, bar.share, bar.gap, bar.null]),
    },
  };
}

/** `3`, `9–16`, `33+`. */
function nameOf({ from, to }: { readonly from: number; readonly to: number | null }): string {
  if (to === null) return `${from}+`;
  return to === from ? String(from) : `${from}–${to}`;
}
