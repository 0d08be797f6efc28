/** Numbers and checkpoints in words, as the charts write them. */
import { stageName } from '../../../src/charts/words.js';
import { count, duration, si, withError } from '../../../src/story/index.js';
import type { CheckpointStory, LayerCurves } from '../../../src/story/index.js';

export { count, duration, si, stageName, withError };

/** A sentence whose errors stay beside their values where a line breaks. */
export const unbroken = (text: string): string => text.replaceAll(/ ([±×]) /g, '\u00a0$1\u00a0');

/** An absent figure. */
export const absent = '–';

/** `step512 · 1.07B tokens`, with its stage where that is no pretraining. */
export function checkpointText({ revision, stage, tokens }: CheckpointStory): string {
  const parts = [revision];
  if (stage !== 'pretrain' && !revision.toLowerCase().startsWith(stage.toLowerCase())) parts.push(stageName(stage));
  if (tokens !== null) parts.push(`${si(tokens)} tokens`);
  return parts.join(' · ');
}

/** A figure of checkpoint `i` with its error; null where it is absent. */
export function figureText(curves: LayerCurves, figure: string, i: number): string | null {
  const value = curves.figures[figure]?.[i] ?? null;
  return value === null ? null : withError(value, curves.figures[`${figure}_se`]?.[i]);
}

/** Why a figure of checkpoint `i` is absent; null where no reason is known. */
export function reasonOf(curves: LayerCurves, figure: string, i: number): string | null {
  const reasons = curves.reasons[figure];
  return reasons?.[String(i)] ?? reasons?.['*'] ?? null;
}

/** `26 Nov 2026`. */
export function day(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  return date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' });
}
