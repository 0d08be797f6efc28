/** The slider over training, and a button that plays it. */
import { useSignal } from '@preact/signals';
import type { JSX, TargetedInputEvent } from 'preact';
import { useEffect } from 'preact/hooks';
import { cursor, focus, moveCursor } from '../state/store.js';
import { checkpointText } from '../state/words.js';

const calm = matchMedia('(prefers-reduced-motion: reduce)');

/** Milliseconds a checkpoint stays: all of training in about ten seconds; one a second for who wants no motion. */
export function pace(checkpoints: number, isCalm: boolean): number {
  return isCalm ? 1000 : Math.min(600, Math.max(1000 / 30, 10_000 / checkpoints));
}

export function Player(): JSX.Element | null {
  const playing = useSignal(false);
  const series = focus.value;
  const count = series?.checkpoints.length ?? 0;
  useEffect(() => {
    if (!playing.value) return;
    const timer = setInterval(
      () => {
        const next = (cursor.peek() ?? 0) + 1;
        if (next >= count) playing.value = false;
        else moveCursor(next);
      },
      pace(count, calm.matches),
    );
    return () => clearInterval(timer);
  }, [playing.value, count]);
  if (!series || cursor.value === null || count < 2) return null;
  const play = () => {
    if (!playing.value && cursor.value === count - 1) moveCursor(0);
    playing.value = !playing.value;
  };
  return (
    <div class="player">
      <button type="button" class="icon" aria-label={playing.value ? 'Pause' : 'Play training'} onClick={play}>
        <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
          <path d={playing.value ? 'M3 2h3.5v12H3zM9.5 2H13v12H9.5z' : 'M3.5 1.5v13l10-6.5z'} fill="currentColor" />
        </svg>
      </button>
      <input
        type="range"
        min={0}
        max={count - 1}
        step={1}
        value={cursor.value}
        aria-label="Checkpoint"
        aria-valuetext={checkpointText(series.checkpoints[cursor.value]!)}
        onInput={(event: TargetedInputEvent<HTMLInputElement>) => {
          playing.value = false;
          moveCursor(Number(event.currentTarget.value));
        }}
      />
      <span class="of">
        {cursor.value + 1} / {count}
      </span>
    </div>
  );
}
