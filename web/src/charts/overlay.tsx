/** What lies over a drawing: the shared cursor and the pinned checkpoint, the tooltip, and the hand that moves them. */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useMemo, useRef } from 'preact/hooks';
import type { Drawing, Place } from '../../../src/charts/index.js';
import { cursor, focus, keyOf, look, moveCursor, pinned, view } from '../state/store.js';
import { checkpointText } from '../state/words.js';
import { nearest, placesOf } from './places.js';
import { Tooltip } from './tooltip.js';

/** Turns checkpoints at either end of a dragged stretch into ends of the x axis. */
export type Brush = (from: number, to: number) => void;

export interface OverlayProps {
  readonly drawing: Drawing;
  readonly brush?: Brush;
  readonly kind: 'points' | 'map' | 'still';
}

/** Pixels that a mouse moves before it is a drag. */
const dragFrom = 6;

export function Overlay({ drawing, brush, kind }: OverlayProps): JSX.Element {
  const still = kind === 'still';
  const hovered = useSignal<Place | null>(null);
  const drag = useSignal<readonly [number, number] | null>(null);
  const start = useRef<number | null>(null);
  const frame = useRef(0);
  const series = focus.value;
  const own = useMemo(() => placesOf(drawing, series?.id ?? ''), [drawing, series]);

  const [left, top, right, bottom] = drawing.area;
  const at = cursor.value === null || still ? undefined : own.get(cursor.value);
  const pin = pinned.value === null || still ? undefined : own.get(pinned.value);

  const pointAt = (event: PointerEvent) => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const moveTo = ({ x, y }: { x: number; y: number }) => {
    const place = nearest(drawing.places, x, y);
    hovered.value = place;
    if (!place || still) return;
    const mine = place.series === series?.id ? place : nearest([...own.values()], place.x, place.y);
    if (mine) moveCursor(mine.checkpoint);
  };
  const onPointerMove = (event: PointerEvent) => {
    const point = pointAt(event);
    if (start.current !== null && brush && event.pointerType !== 'touch') {
      if (drag.value || Math.abs(point.x - start.current) > dragFrom) {
        drag.value = [start.current, Math.min(Math.max(point.x, left), right)];
        hovered.value = null;
        return;
      }
    }
    // At most once a frame: a mouse reports more often than a screen shows.
    cancelAnimationFrame(frame.current);
    frame.current = requestAnimationFrame(() => moveTo(point));
  };
  const onPointerDown = (event: PointerEvent) => {
    const point = pointAt(event);
    if (event.pointerType === 'touch' || !brush || event.button !== 0) {
      moveTo(point);
      return;
    }
    start.current = point.x;
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
  };
  const onPointerUp = () => {
    const stretch = drag.value;
    start.current = null;
    drag.value = null;
    if (!stretch || !brush) return;
    const [from, to] = [Math.min(...stretch), Math.max(...stretch)];
    const within = [...own.values()]
      .filter(({ x }) => x >= from - 2 && x <= to + 2)
      .map(({ checkpoint }) => checkpoint);
    if (within.length >= 2) brush(Math.min(...within), Math.max(...within));
  };
  const leave = () => {
    cancelAnimationFrame(frame.current);
    hovered.value = null;
  };

  const count = series?.checkpoints.length ?? 0;
  const onKeyDown = (event: KeyboardEvent) => {
    const now = cursor.value ?? 0;
    const moves: Readonly<Record<string, number>> = {
      ...{ ArrowRight: now + 1, ArrowUp: now + 1, ArrowLeft: now - 1, ArrowDown: now - 1 },
      ...{ PageUp: now + 10, PageDown: now - 10, Home: 0, End: count - 1 },
    };
    const next = moves[event.key];
    if (next !== undefined) moveCursor(next);
    else if (event.key === 'Escape') {
      if (view.value.zoom) look({ zoom: null });
    } else if (event.key === 'Enter' && series && cursor.value !== null) {
      look({ pinned: pinned.value === cursor.value ? null : keyOf(series.checkpoints[cursor.value]!) });
    } else return;
    hovered.value = next === undefined ? hovered.value : (own.get(Math.min(Math.max(next, 0), count - 1)) ?? null);
    event.preventDefault();
  };

  const hands = {
    onPointerMove,
    onPointerDown,
    onPointerUp,
    onPointerLeave: leave,
    onPointerCancel: leave,
  };
  const keys =
    still || cursor.value === null || !series
      ? {}
      : {
          role: 'slider' as const,
          tabIndex: 0,
          'aria-label': `Checkpoint, in the chart ${drawing.title}`,
          'aria-valuemin': 1,
          'aria-valuemax': count,
          'aria-valuenow': cursor.value + 1,
          'aria-valuetext': checkpointText(series.checkpoints[cursor.value]!),
          onKeyDown,
          onBlur: leave,
        };
  return (
    <>
      <div
        class={['overlay', brush ? 'brushable' : '', kind === 'map' ? 'over-map' : ''].join(' ').trim()}
        {...hands}
        {...keys}
      >
        <svg class="marks" aria-hidden="true">
          {at && <line class="cursor" x1={at.x} x2={at.x} y1={top} y2={bottom} />}
          {pin && <line class="cursor pinned" x1={pin.x} x2={pin.x} y1={top} y2={bottom} />}
          {pin && kind === 'points' && <circle class="cursor-dot pinned" cx={pin.x} cy={pin.y} r={5} />}
          {at && kind === 'points' && <circle class="cursor-dot" cx={at.x} cy={at.y} r={5} />}
          {drag.value && (
            <rect
              class="brush"
              x={Math.min(...drag.value)}
              width={Math.abs(drag.value[1] - drag.value[0])}
              y={top}
              height={bottom - top}
            />
          )}
        </svg>
      </div>
      {hovered.value && <Tooltip place={hovered.value} area={drawing.area} />}
    </>
  );
}
