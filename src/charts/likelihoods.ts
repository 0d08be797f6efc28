/**
 * The two likelihoods of each answer, the model's against the ∞-gram's, in nats. Hues are the answer's tokens: where points of
 * a hue make no line of their own, ρ is the length of the answers. Answers that the ∞-gram holds impossible (strict) stand in
 * a strip at the left, which ranks below all others.
 */
import * as Plot from '@observablehq/plot';
import type { MemorizationStory, SeriesStory } from '../story/index.js';
import type { Drawing, Frame } from './chart.js';
import { linearAxis, linearXMarks } from './linear-axis.js';
import { bottomMargin, describe, draw, leftMargin, plateOf } from './plate.js';
import { paintOf } from './theme.js';
import { short } from './words.js';
import { yAxis, yAxisMarks } from './y-axis.js';

export interface LikelihoodsInput {
  readonly series: SeriesStory;
  readonly memorization: MemorizationStory;
  readonly zeros?: 'strict' | 'published' | undefined;
}

interface Point {
  readonly lm: number;
  /** Null: in the strip. */
  readonly infgram: number | null;
  readonly tokens: number;
  /** Place among those of the strip, 0 … 1. */
  readonly spread: number;
}

/** Answers of more tokens share a hue. */
const hues = 4;

export function likelihoods({ series, memorization, zeros = 'strict' }: LikelihoodsInput, frame: Frame): Drawing {
  const paint = paintOf(frame);
  const { scatter } = memorization;
  const points = (scatter?.items ?? []).flatMap(([lm, strict, published, tokens], i): Point[] => {
    const infgram = zeros === 'strict' ? strict : published;
    if (infgram === null && zeros === 'published') return [];
    // The golden ratio's multiples spread evenly whatever the order.
    return [{ lm, infgram, tokens, spread: (i * 0.618034) % 1 }];
  });
  const held = points.flatMap(({ infgram }) => infgram ?? []);
  const impossible = points.length - held.length;
  const margins = {
    top: paint.size * 3.1,
    right: paint.size * 1.2,
    bottom: bottomMargin(paint),
    left: leftMargin(paint),
  };
  const height =
    frame.height ??
    Math.round(
      frame.theme === 'paper' ? Math.min(frame.width * 0.8, 230) : Math.min(380, Math.max(250, frame.width * 0.62)),
    );
  const plate = plateOf(frame, margins, height);
  const [left, top, right, bottom] = plate.area;
  const [width, tall] = [right - left, bottom - top];
  const strip = impossible > 0 ? Math.max(paint.size * 3, width * 0.1) : 0;
  const [low, high] = [Math.min(...held, -1), Math.max(...held, 0)];
  const pad = paint.dot * 2;
  const x = linearAxis([low, high], strip + (strip > 0 ? paint.size : 0) + pad, width - pad);
  const y = yAxis(
    points.map(({ lm }) => ({ value: lm, se: null })),
    tall,
    paint.small,
  );
  const place = ({ infgram, spread }: Point): number =>
    infgram === null ? strip * (0.1 + 0.8 * spread) : x.at(infgram);
  const hueOf = ({ tokens }: Point): number => Math.min(tokens, hues) - 1;
  const drawn = points.map((point) => ({ ...point, x: place(point), y: y.at(point.lm), hue: hueOf(point) }));
  const used = [...new Set(drawn.map(({ hue }) => hue))].sort((a, b) => a - b);
  const keys = used.map((hue) => `${hue + 1 === hues ? `≥ ${hues}` : hue + 1} token${hue === 0 ? '' : 's'}`);
  const svg = draw(plate, [
    ...yAxisMarks(plate, y, 'Model, ln p'),
    ...linearXMarks(plate, x, '∞-gram, ln p∞'),
    ...(strip === 0
      ? []
      : [
          Plot.ruleX([strip + paint.size * 0.5], {
            y1: 0,
            y2: tall,
            stroke: paint.rule,
            strokeWidth: paint.hairline,
            strokeDasharray: '2,2',
          }),
          Plot.text(['p∞ = 0'], {
            ...{ x: strip / 2, y: tall, lineAnchor: 'top', dy: paint.size * 0.6 },
            ...{ fontSize: paint.small, fill: paint.ink2 },
          }),
        ]),
    Plot.dot(drawn, {
      ...{ x: 'x', y: 'y', r: paint.dot * 0.75, fillOpacity: 0.55 },
      fill: ({ hue }: { hue: number }) => paint.series(hue),
    }),
    ...legend(),
    ...(points.length > 0
      ? []
      : [Plot.text(['no likelihoods are stored'], { frameAnchor: 'middle', fill: paint.ink2 })]),
  ]);
  const title = `Likelihoods of the answers of ${memorization.name}${scatter ? ` at ${scatter.revision}` : ''}`;
  const description =
    `${points.length} answers against ${memorization.index}, zeros ${zeros}` +
    (held.length === 0 ? '' : `: ln p∞ from ${short(Math.min(...held))} to ${short(Math.max(...held))}`) +
    (impossible === 0 ? '.' : `; ${impossible} of probability 0 stand at the left.`);
  describe(svg, title, description);
  const checkpoint = series.checkpoints.findIndex(({ revision }) => revision === scatter?.revision);
  return {
    ...{ svg, title, description, area: plate.area },
    get places() {
      return drawn.map(({ x: px, y: py, lm, infgram, tokens }) => ({
        ...{ x: left + px, y: top + py, series: series.id, checkpoint },
        lines: [
          `ln p ${short(lm)}, ${infgram === null ? 'p∞ = 0' : `ln p∞ ${short(infgram)}`}`,
          `${tokens} token${tokens === 1 ? '' : 's'}`,
        ],
      }));
    },
    data: {
      columns: ['revision', 'ln_p', 'ln_p_infgram', 'tokens'],
      rows: points.map(({ lm, infgram, tokens }) => [scatter?.revision ?? '', lm, infgram, tokens]),
    },
  };

  /** Above the plotting area, at the right: names in their hues. */
  function legend(): Plot.Markish[] {
    let at = width;
    const gap = paint.size;
    return [...used].reverse().map((hue, i) => {
      const text = keys[used.length - 1 - i]!;
      const end = at;
      at -= paint.measure(text) + gap;
      return Plot.text([text], {
        ...{ x: end, y: 0, dy: -paint.size * 0.5, textAnchor: 'end', lineAnchor: 'bottom' },
        ...{ fontSize: paint.small, fill: paint.series(hue) },
      });
    });
  }
}
