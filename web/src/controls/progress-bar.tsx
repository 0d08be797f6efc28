/** A running trace: which checkpoint, how much of it, and the time left. */
import type { JSX } from 'preact';
import { progress } from '../data/connection.js';
import { duration } from '../state/words.js';

export function ProgressBar(): JSX.Element | null {
  const now = progress.value;
  if (!now) return null;
  if (now.phase === 'wait') {
    const what = typeof now.after === 'number' ? `a checkpoint after step ${now.after}` : 'the first checkpoint';
    return (
      <div class="progress">
        <span>{`Waiting for ${what} (${now.total} measured)`}</span>
      </div>
    );
  }
  if (now.total === 0) return null;
  const within = now.of > 0 ? Math.min(1, now.done / now.of) : 0;
  const share = Math.min(1, (now.index + within) / now.total);
  const left = now.secondsLeft === null ? '' : `, ${duration(now.secondsLeft)} left`;
  const words = `Tracing ${now.revision ?? ''} (${Math.min(now.index + 1, now.total)} of ${now.total}), ${now.phase}${left}`;
  return (
    <div class="progress">
      <progress max={1} value={share} aria-label="Progress of the running trace" />
      <span>{words}</span>
    </div>
  );
}
