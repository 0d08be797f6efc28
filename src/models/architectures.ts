/** The table of architectures, by `model_type`. */
import { EigentraceError, nearest } from '../errors.js';
import type { Architecture } from './architecture.js';
import { gptNeox } from './gpt-neox.js';

export const architectures: ReadonlyMap<string, Architecture> = new Map(
  [gptNeox].map((architecture) => [architecture.modelType, architecture]),
);

/** The architecture of a config; the error names the nearest known ones. */
export function architectureOf(checkpoint: string, modelType: unknown): Architecture {
  const found = typeof modelType === 'string' ? architectures.get(modelType) : undefined;
  if (found) return found;
  if (typeof modelType !== 'string') {
    throw new EigentraceError(
      'input',
      `checkpoint ${checkpoint}: config.json: model_type: got ${modelType === undefined ? 'nothing' : JSON.stringify(modelType)} (expected a name)`,
    );
  }
  throw new EigentraceError(
    'input',
    `checkpoint ${checkpoint}: config.json: model_type: unknown architecture, got ${modelType} ` +
      `(nearest known: ${nearest(modelType, architectures.keys()).join(', ')})`,
  );
}
