/**
 * What every chart shares: margins, axes and their marks, and how a list of Plot marks becomes a drawing. Plot's own
 * axes are used with explicit ticks; its style sheet is taken out (a file for papers reads attributes only, and a page
 * has its own), and nothing in a drawing has an id, so that any number of them stand on one page.
 */
import * as Plot from '@observablehq/plot';
import type { Frame } from './chart.js';
import { paintOf, type Paint } from './theme.js';
import type { XAxis } from './x-axis.js';

export interface Margins {
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly left: number;
}

/** The frame with its margins worked out. */
export interface Plate {
  readonly frame: Frame;
  readonly paint: Paint;
  readonly width: number;
  readonly height: number;
  readonly margins: Margins;
  /** Left, top, right, bottom of the plotting area. */
  readonly area: readonly [number, number, number, number];
}

export function plateOf(frame: Frame, margins: Margins, height: number): Plate {
  const { width } = frame;
  const area = [margins.left, margins.top, width - margins.right, height - margins.bottom] as const;
  return { frame, paint: paintOf(frame), width, height, margins, area };
}

/** Left margin that fits tick labels such as `1,000` and `0.001`: the same for all charts, so that they align. */
export function leftMargin(paint: Paint): number {
  return Math.ceil(paint.measure('1,000') + paint.size * 1.1);
}

/** Height that suits a chart of curves. */
export function curveHeight(frame: Frame): number {
  if (frame.height !== undefined) return frame.height;
  if (frame.theme === 'paper') return Math.round(frame.width < 300 ? frame.width * 0.58 : frame.width * 0.36);
  return Math.round(Math.min(320, Math.max(210, frame.width * 0.4)));
}

/** Draws marks whose x and y are pixels from the left and the top of the plotting area. */
export function draw(plate: Plate, marks: Plot.Markish[]): SVGSVGElement {
  const { frame, width, height, margins, paint, area } = plate;
  const svg = Plot.plot({
    document: frame.document,
    ...{ width, height },
    ...{ marginTop: margins.top, marginRight: margins.right, marginBottom: margins.bottom, marginLeft: margins.left },
    x: { type: 'linear', domain: [0, area[2] - area[0]], axis: null },
    y: { type: 'linear', domain: [area[3] - area[1], 0], axis: null },
    r: { type: 'identity' },
    marks,
  }) as SVGSVGElement;
  for (const style of Array.from(svg.querySelectorAll('style'))) style.remove();
  // Plot names its groups of marks (`dot`, `rule`), which says nothing within one image.
  for (const group of Array.from(svg.querySelectorAll('[aria-label]'))) group.removeAttribute('aria-label');
  svg.removeAttribute('class');
  svg.setAttribute('font-family', paint.font);
  svg.setAttribute('font-size', String(paint.size));
  svg.setAttribute('fill', paint.ink);
  svg.setAttribute('style', 'font-variant-numeric:tabular-nums');
  if (frame.theme === 'paper') {
    const ground = frame.document.createElementNS('http://www.w3.org/2000/svg', 'rect');
    for (const [name, value] of [...Object.entries({ width, height }), ['fill', paint.ground]] as const) {
      ground.setAttribute(name, String(value));
    }
    svg.prepend(ground);
  }
  return svg;
}

/** A path in pixels of the plotting area, as a mark. */
export function pathMark(plate: Plate, d: string, attributes: Readonly<Record<string, string | number>>): Plot.Markish {
  const [left, top] = plate.area;
  const path = plate.frame.document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('transform', `translate(${left},${top})`);
  path.setAttribute('d', d);
  for (const [name, value] of Object.entries(attributes)) path.setAttribute(name, String(value));
  return () => path;
}

/** Names a drawing for assistive technology. */
export function describe(svg: SVGSVGElement, title: string, description: string): void {
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', `${title}. ${description}`);
}

/** The x axis with its ticks, minor ticks, breaks and labels under the plotting area. */
export function xAxisMarks(plate: Plate, axis: XAxis, options: { readonly label?: boolean } = {}): Plot.Markish[] {
  const { paint, area, height } = plate;
  const bottom = area[3] - area[1];
  const tick = paint.size * 0.45;
  const lines = (places: readonly number[], length: number) =>
    Plot.ruleX(places, {
      x: (x: number) => x,
      y1: bottom,
      y2: bottom + length,
      stroke: paint.rule,
      strokeWidth: paint.hairline,
    });
  const marks: Plot.Markish[] = [];
  for (const lane of axis.lanes) {
    // The axis line is interrupted where it is broken.
    const cuts = axis.breaks.filter((x) => x > lane.from && x < lane.to);
    const half = paint.size * 0.22;
    const edges = [lane.from, ...cuts.flatMap((x) => [x - half, x + half]), lane.to];
    const pieces = Array.from({ length: edges.length / 2 }, (_, i) => [edges[2 * i]!, edges[2 * i + 1]!] as const);
    marks.push(
      Plot.ruleY(pieces, { y: bottom, x1: '0', x2: '1', stroke: paint.rule, strokeWidth: paint.hairline }),
      Plot.link(
        cuts.flatMap((x) => [x - half, x + half]),
        {
          ...{ x1: (x: number) => x - tick * 0.35, x2: (x: number) => x + tick * 0.35 },
          ...{ y1: bottom + tick * 0.8, y2: bottom - tick * 0.8, stroke: paint.rule, strokeWidth: paint.hairline },
        },
      ),
    );
  }
  marks.push(
    lines(axis.minor, tick * 0.55),
    lines(
      axis.ticks.map(({ at }) => at),
      tick,
    ),
    Plot.text(axis.ticks, {
      ...{ x: 'at', y: bottom, text: 'label', dy: tick + paint.small * 0.35, lineAnchor: 'top' },
      ...{ fontSize: paint.small, fill: paint.ink2, fontVariant: 'tabular-nums' },
    }),
  );
  if (options.label !== false) {
    const below = height - area[3];
    marks.push(
      Plot.text(axis.lanes, {
        ...{ x: (lane: { from: number; to: number }) => (lane.from + lane.to) / 2, y: bottom },
        ...{ text: (lane: { label: string; from: number; to: number }) => laneLabel(lane, paint) },
        ...{ dy: below - paint.small * 0.3, lineAnchor: 'bottom', fontSize: paint.size, fill: paint.ink2 },
      }),
    );
  }
  return marks;
}

/** A lane too narrow for `SFT steps` says `steps`. */
function laneLabel({ label, from, to }: { label: string; from: number; to: number }, paint: Paint): string {
  return paint.measure(label, paint.size) <= to - from + paint.size ? label : (label.split(' ').at(-1) ?? label);
}

/** Room under the plotting area for ticks and a label. */
export function bottomMargin(paint: Paint, isLabelled = true): number {
  return Math.ceil(paint.size * 0.45 + paint.small * (isLabelled ? 1.6 : 1.5) + (isLabelled ? paint.size * 1.25 : 0));
}
