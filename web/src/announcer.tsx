/** Tells a screen reader the checkpoint at the cursor once the cursor rests. */
import { useSignal, useSignalEffect } from '@preact/signals';
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { curves, cursor, focus } from './state/store.js';
import { checkpointText, figureText } from './state/words.js';

export function Announcer(): JSX.Element {
  const said = useSignal('');
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useSignalEffect(() => {
    const text = atCursor();
    clearTimeout(timer.current);
    timer.current = setTimeout(() => (said.value = text), 400);
  });
  return (
    <div class="unseen" role="status" aria-live="polite">
      {said}
    </div>
  );
}

/** `Checkpoint 11 of 20: step512 · 2.1M tokens. RankMe 42.68 ± 0.78, α 1.442 ± 0.014.` */
function atCursor(): string {
  const series = focus.value;
  const figures = curves.value;
  const at = cursor.value;
  if (!series || !figures || at === null) return '';
  const texts = [
    ['RankMe', figureText(figures, 'rankme', at)],
    ['α', figureText(figures, 'alpha', at)],
  ].flatMap(([name, text]) => (text === null ? [] : [`${name} ${text}`]));
  const checkpoint = series.checkpoints[at]!;
  const flags = checkpoint.flags.map(({ code }) => code).join(', ');
  const place = `Checkpoint ${at + 1} of ${series.checkpoints.length}: ${checkpointText(checkpoint)}.`;
  return [place, `${texts.join(', ') || 'not measured'}.`, flags === '' ? '' : `Flagged: ${flags}.`].join(' ').trim();
}
