/** Which of the checkpoints at which something was found is shown, and a word where that is not the cursor's. */
import type { JSX } from 'preact';
import { cursor, focus, keyOf } from '../state/store.js';
import type { FoundAt } from '../state/at-cursor.js';
import { si, stageName } from '../state/words.js';
import { Pick } from './pick.js';

export interface CheckpointPickProps {
  readonly points: readonly (FoundAt & { readonly tokens: number | null })[];
  readonly at: number;
  readonly onChange: (at: number) => void;
}

export function CheckpointPick({ points, at, onChange }: CheckpointPickProps): JSX.Element {
  const options = points.map(({ stage, revision, tokens }, i) => {
    const isTold = stage === 'pretrain' || revision.toLowerCase().startsWith(stage.toLowerCase());
    const parts = [revision, ...(isTold ? [] : [stageName(stage)]), ...(tokens === null ? [] : [si(tokens)])];
    return { value: String(i), text: parts.join(' · ') };
  });
  return <Pick label="Checkpoint" options={options} value={String(at)} onChange={(value) => onChange(Number(value))} />;
}

/** ` (the last one looked at before step64)`; nothing where it is the cursor's own. */
export function besideCursor({ stage, revision }: FoundAt): string {
  const here = cursor.value === null ? undefined : focus.value?.checkpoints[cursor.value];
  if (here === undefined || keyOf(here) === `${stage}/${revision}`) return '';
  return ` (nothing was found at ${here.revision})`;
}
