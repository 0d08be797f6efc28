/** The table of architectures, by `model_type`. */
import { EigentraceError, nearest } from '../errors.js';
import type { Architecture } from './architecture.js';
import { gemma2, gemma3 } from './gemma.js';
import { gptNeox } from './gpt-neox.js';
import { gpt2 } from './gpt2.js';
import { llama } from './llama.js';
import { mistral } from './mistral.js';
import { olmo } from './olmo.js';
import { olmo2, olmo3 } from './olmo2.js';
import { opt } from './opt.js';
import { qwen2, qwen3 } from './qwen.js';

const all = [gptNeox, olmo, olmo2, olmo3, llama, qwen2, qwen3, mistral, gemma2, gemma3, gpt2, opt];

export const architectures: ReadonlyMap<string, Architecture> = new Map(
  all.map((architecture) => [architecture.modelType, architecture]),
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
