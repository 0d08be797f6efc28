/** Zooming without a mouse: around the cursor, by halves, and back to all of the axis. */
import type { JSX } from 'preact';
import { axisValue } from '../charts/axis-value.js';
import { axis, cursor, focus, look, view } from '../state/store.js';

export function Zoom(): JSX.Element {
  const zoomed = view.value.zoom !== null;
  return (
    <div class="zoom" role="group" aria-label="Zoom of the x axis">
      <button type="button" class="quiet icon" aria-label="Zoom in around the cursor" onClick={() => zoomBy(0.5)}>
        +
      </button>
      <button type="button" class="quiet icon" aria-label="Zoom out" disabled={!zoomed} onClick={() => zoomBy(2)}>
        −
      </button>
      {zoomed && (
        <button type="button" class="quiet" onClick={() => look({ zoom: null })}>
          Reset zoom
        </button>
      )}
    </div>
  );
}

/** Shows `factor` times as many checkpoints, the one at the cursor in the middle. */
function zoomBy(factor: number): void {
  const series = focus.value;
  if (!series || cursor.value === null) return;
  const all = series.checkpoints.map((_, i) => axisValue(series, i, axis.value));
  const values = [...new Set(all.filter((value): value is number => value !== null))].sort((a, b) => a - b);
  const [low, high] = view.value.zoom ?? [values[0]!, values.at(-1)!];
  const within = values.filter((value) => value >= low && value <= high).length;
  const many = Math.max(4, Math.round(within * factor));
  if (many >= values.length) {
    look({ zoom: null });
    return;
  }
  const here = Math.max(0, values.indexOf(all[cursor.value] ?? values.at(-1)!));
  const first = Math.min(Math.max(0, here - Math.floor(many / 2)), values.length - many);
  look({ zoom: [values[first]!, values[first + many - 1]!] });
}
