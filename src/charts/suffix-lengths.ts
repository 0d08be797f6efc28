/** How long the suffixes are that an index holds of the contexts it was asked: bars as in the paper's Table 7. */
import * as Plot from '@observablehq/plot';
import type { MemorizationStory } from '../story/index.js';
import type { Drawing, Frame } from './chart.js';
import { bottomMargin, curveHeight, describe, draw, leftMargin, plateOf } from './plate.js';
import { paintOf } from './theme.js';
import { yAxis, yAxisMarks } from './y-axis.js';

export interface SuffixLengthsInput {
  readonly memorization: Pick<MemorizationStory, 'suffixes' | 'name' | 'index'>;
}

export function suffixLengths({ memorization }: SuffixLengthsInput, frame: Frame): Drawing {
  const paint = paintOf(frame);
  const { suffixes, name, index } = memorization;
  const margins = {
    top: paint.size * 1.9,
    right: paint.size * 1.2,
    bottom: bottomMargin(paint),
    left: leftMargin(paint),
  };
  const plate = plateOf(frame, margins, frame.height ?? Math.round(curveHeight(frame) * 0.85));
  const [left, top, right, bottom] = plate.area;
  const [width, height] = [right - left, bottom - top];
  const known = suffixes.flatMap(({ share }, i) => (share === null ? [] : [{ i, percent: 100 * share }]));
  const most = Math.max(1, ...known.map(({ percent }) => percent));
  const scale = yAxis(
    [
      { value: 0, se: null },
      { value: most * 1.08, se: null },
    ],
    height,
    paint.small,
    { zero: true },
  );
  const slot = width / suffixes.length;
  const bars = known.map(({ i, percent }) => ({
    ...{ i, percent, x: (i + 0.5) * slot, x1: (i + 0.15) * slot, x2: (i + 0.85) * slot },
    ...{ y: scale.at(percent), label: percent.toFixed(percent < 9.95 ? 1 : 0) },
  }));
  const svg = draw(plate, [
    ...yAxisMarks(plate, scale, 'Share of tokens, %'),
    Plot.rect(bars, { x1: 'x1', x2: 'x2', y1: 'y', y2: height, fill: paint.series(0), fillOpacity: 0.75 }),
    Plot.text(bars, {
      ...{ x: 'x', y: 'y', text: 'label', lineAnchor: 'bottom', dy: -paint.small * 0.3 },
      ...{ fontSize: paint.small, fill: paint.ink },
    }),
    Plot.ruleY([0], { y: height, x1: 0, x2: width, stroke: paint.rule, strokeWidth: paint.hairline }),
    Plot.text(suffixes, {
      ...{ x: (_: unknown, i: number) => (i + 0.5) * slot, y: height, text: 'name', lineAnchor: 'top' },
      ...{ dy: paint.size * 0.6, fontSize: paint.small, fill: paint.ink2 },
    }),
    Plot.text(['Tokens of the suffix found'], {
      ...{ x: width / 2, y: height, dy: plate.height - bottom - paint.small * 0.3, lineAnchor: 'bottom' },
      ...{ fontSize: paint.size, fill: paint.ink2 },
    }),
    ...(known.length > 0 ? [] : [Plot.text(['no tokens'], { frameAnchor: 'middle', fill: paint.ink2 })]),
  ]);
  const title = `Suffix lengths of ${name} in ${index}`;
  const description = known.map(({ i, percent }) => `${suffixes[i]!.name} tokens: ${percent.toFixed(1)} %`).join(', ');
  describe(svg, title, `${description}.`);
  return {
    ...{ svg, title, description: `${description}.`, area: plate.area },
    places: bars.map(({ i, x, y, percent }) => ({
      ...{ x: left + x, y: top + y, series: '', checkpoint: -1 },
      lines: [`suffix of ${suffixes[i]!.name} tokens`, `${percent.toFixed(2)} % of tokens`],
    })),
    data: { columns: ['suffix_tokens', 'share'], rows: suffixes.map(({ name: bar, share }) => [bar, share]) },
  };
}
