/** The checkpoint that a CHECKPOINT means, where it could be read as a series of several. */
import type { Series, SeriesEntry } from '../checkpoints/index.js';
import { EigentraceError } from '../errors.js';

/** The one of a series; an error that shows how one of several is written. */
export function onlyCheckpoint({ entries, source }: Series, path: string): SeriesEntry {
  const [entry] = entries;
  if (entry && entries.length === 1) return entry;
  const shown = entries.slice(0, 3).map(({ stage, revision }) => `${stage}/${revision}`);
  const last = entries.at(-1)?.revision ?? 'step1000';
  const separator = path.endsWith(':') ? '' : source === 'hub' ? '@' : source === 'folder' ? '/' : null;
  const such = separator === null ? '' : `, such as ${path.replace(/\/$/, '')}${separator}${last}`;
  throw new EigentraceError(
    'usage',
    `${path}: got a series of ${entries.length} checkpoints (${shown.join(', ')}, …) (expected one checkpoint${such})`,
  );
}
