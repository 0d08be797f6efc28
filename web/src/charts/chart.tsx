/**
 * One chart with everything around it: title, links to its data and pictures, the cursor that all charts share, hover,
 * arrow keys, touch and brush. `draw` may read signals of the store and nothing else that changes: the chart is drawn
 * again when they do.
 */
import { useComputed, useSignal, useSignalEffect } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Drawing, Frame } from '../../../src/charts/index.js';
import { ChartLinks } from './links.js';
import { Overlay, type Brush } from './overlay.js';

export interface ChartProps {
  /** For file names and tests: `rankme`. */
  readonly name: string;
  readonly draw: (frame: Frame) => Drawing;
  /** What is drawn, where `draw` has it from no signal: where one of them is another, the chart is drawn again. */
  readonly of?: readonly unknown[];
  /** By the width there is; default: what suits the chart. */
  readonly height?: (width: number) => number | undefined;
  /** Whether dragging across zooms the x axis. */
  readonly brush?: Brush;
  /** `points` (default): the cursor marks a measurement; `map`: a whole column; `still`: x is not training, there is no cursor. */
  readonly kind?: 'points' | 'map' | 'still';
}

export function Chart({ name, draw, of = [], height, brush, kind = 'points' }: ChartProps): JSX.Element {
  const canvas = useRef<HTMLDivElement>(null);
  const host = useRef<HTMLDivElement>(null);
  const width = useSignal(0);
  const subject = useSignal(of);
  const drawn = useComputed<{ drawing: Drawing; of: readonly unknown[] } | { failure: string } | null>(() => {
    const shown = subject.value;
    if (width.value === 0) return null;
    try {
      const tall = height?.(width.value);
      const frame: Frame = {
        ...{ document, width: width.value, theme: 'screen' },
        ...(tall === undefined ? {} : { height: tall }),
      };
      return { drawing: draw(frame), of: shown };
    } catch (error) {
      // One chart that can't be drawn must not take the page with it.
      return { failure: error instanceof Error ? error.message : String(error) };
    }
  });

  // Only now: what is drawn again must draw by this render's `draw`.
  if (of.some((one, i) => one !== subject.peek()[i])) subject.value = of;

  useEffect(() => {
    const element = canvas.current!;
    const measure = () => (width.value = Math.floor(element.clientWidth));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useSignalEffect(() => {
    const found = drawn.value;
    if (!found || !('drawing' in found)) {
      host.current?.replaceChildren();
      return;
    }
    const { svg, title, description } = found.drawing;
    // Plot names its groups of marks (`dot`, `rule`), which says nothing within one image.
    for (const mark of svg.querySelectorAll('[aria-label]')) mark.removeAttribute('aria-label');
    svg.setAttribute('role', 'img');
    svg.setAttribute('aria-label', `${title}. ${description}`);
    host.current?.replaceChildren(svg);
  });

  const found = drawn.value;
  const drawing = found && 'drawing' in found ? found.drawing : null;
  return (
    <figure class="chart" data-chart={name}>
      <figcaption>
        <span class="chart-title">{drawing?.title ?? ' '}</span>
        {drawing && <ChartLinks name={name} drawing={drawing} />}
      </figcaption>
      <div class="canvas" ref={canvas}>
        <div class="drawing" ref={host} />
        {drawing && <Overlay drawing={drawing} {...(brush ? { brush } : {})} kind={kind} />}
        {found && 'failure' in found && <p class="note">This chart can’t be drawn: {found.failure}</p>}
      </div>
    </figure>
  );
}
