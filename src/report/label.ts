/** What a curve is called: the series' name, and what sets a variant apart from the main request. */
import type { Measurement, RunRequest } from '../record/index.js';
import { controlNames, type Control, type Sweep } from '../story/index.js';
import { flagsOf } from './commands.js';

export interface LabelSource {
  /** The request that measured it; null where run.json has none. */
  readonly request: RunRequest | null;
  readonly main: RunRequest | null;
  readonly control: Control | null;
  readonly sweep: Sweep | null;
}

export function labelOf(measurement: Measurement, { request, main, control, sweep }: LabelSource): string {
  const { series, variant } = measurement;
  if (variant === null) return series;
  if (control !== null) return `${series} · ${controlNames[control.kind]}`;
  if (sweep !== null) return `${series} · ${sweep.over === 'n' ? 'N' : sweep.over} ${sweep.value}`;
  const apart = request === null || main === null ? [] : apartFrom(request, main);
  return `${series} · ${apart.length === 0 ? `variant ${variant}` : apart.join(', ')}`;
}

/** Which options differ, as words: `layers all`, `position mean`. */
function apartFrom(request: RunRequest, main: RunRequest): string[] {
  const before = new Map(flagsOf(main.options).map(({ key, words }) => [key, words]));
  const after = flagsOf(request.options);
  const words = after.filter(({ key, words }) => key !== 'revisions' && before.get(key) !== words);
  return words.map(({ key, value }) => `${key.replace(/[A-Z]/g, (c) => ` ${c.toLowerCase()}`)} ${value}`);
}
