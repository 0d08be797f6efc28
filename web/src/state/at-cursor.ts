/**
 * Findings exist at some of a series' checkpoints. Which of them is shown: the one at the page's cursor, else the last one
 * before it; a choice from a list moves the cursor there, or, where the checkpoint was not measured, holds until it moves.
 */
import { useSignal } from '@preact/signals';
import { cursor, focus, keyOf, moveCursor } from './store.js';

export interface FoundAt {
  readonly stage: string;
  readonly revision: string;
}

/** The index shown and how another is chosen. `points`: at least one, in order. */
export function useAtCursor(points: readonly FoundAt[]): readonly [at: number, choose: (at: number) => void] {
  const chosen = useSignal<{ readonly key: string; readonly cursor: number | null } | null>(null);
  const places = points.map((point) => placeOf(point));
  const key = ({ stage, revision }: FoundAt) => `${stage}/${revision}`;
  const own = chosen.value;
  const held = own !== null && own.cursor === cursor.value ? points.findIndex((point) => key(point) === own.key) : -1;
  const choose = (at: number) => {
    const point = points[at]!;
    const place = placeOf(point);
    if (place >= 0) moveCursor(place);
    chosen.value = { key: key(point), cursor: cursor.peek() };
  };
  if (held >= 0) return [held, choose];
  const now = cursor.value ?? -1;
  const before = places.findLastIndex((place) => place >= 0 && place <= now);
  return [before >= 0 ? before : 0, choose];
}

/** Among the checkpoints of the series in focus; −1 where it is none. */
export function placeOf(point: FoundAt): number {
  const key = `${point.stage}/${point.revision}`;
  return focus.value?.checkpoints.findIndex((checkpoint) => keyOf(checkpoint) === key) ?? -1;
}
