/**
 * `--memory` where tokens are scored or texts written: scoring runs a model that doesn't fit in stages, as `trace` does;
 * writing reads all of the model for every token, so that one that doesn't fit is refused before it is loaded.
 */
import { EigentraceError } from '../errors.js';
import type { Model } from '../models/index.js';
import { tokenBudget, type Stages } from '../runtime/index.js';
import { chooseMemory, freeMemory, mebibytes, scoringNeed, stagesOf, wholeMemory } from '../trace/memory.js';
import type { VisitTools } from './request.js';

type Bounds = Pick<VisitTools, 'threads' | 'memory' | 'scratch' | 'noteStages'>;

/** How sequences of these lengths are scored within the bound; null: all of the model in one session. */
export function scoringStages(model: Model, tools: Bounds): (lengths: readonly number[]) => Promise<Stages | null> {
  return async (lengths) => {
    const need = scoringNeed(model, lengths, tools);
    const longest = lengths.reduce((most, length) => Math.max(most, length), 1);
    const besides = branchingMemory(model, longest);
    // Answers that share a context hold their attention's scores, which plain sequences don't.
    const together = await chooseMemory(
      { ...need, besides, memory: tools.memory ?? freeMemory() },
      tools.scratch,
    ).catch(() => null);
    if (together && together.parts.length + together.headPieces === 1) return null;
    const choice = await chooseMemory(need, tools.scratch);
    const { parts, headPieces, waveTokens, waiting } = choice;
    tools.noteStages(parts.length + headPieces);
    return (
      stagesOf(choice, tools.scratch) ?? { parts, headPieces, waveTokens, memory: waiting, scratch: tools.scratch }
    );
  };
}

/** Scores, their softmax and the mask of a batch: T² of every head. */
function branchingMemory(model: Model, longest: number): number {
  const { shapes } = model.cachedGraph({ maxTokens: longest, past: false });
  const heads = shapes.reduce((most, shape) => Math.max(most, shape.heads), 1);
  return 3 * 4 * heads * Math.max(tokenBudget, longest) * longest;
}

/** Refuses to write texts of up to so many tokens, `batch` at once, with a model that has no room for it. */
export function refuseUnfit(
  model: Model,
  { maxTokens, batch }: { readonly maxTokens: number; readonly batch: number },
  tools: Pick<Bounds, 'threads' | 'memory'>,
): void {
  const { shapes } = model.cachedGraph({ maxTokens, past: true });
  // Keys and values of every token, kept and while they are moved.
  const kept = shapes.reduce((sum, { heads, size }) => sum + 2 * 4 * heads * size * batch * maxTokens * 2, 0);
  const lengths = Array.from({ length: batch }, () => maxTokens);
  const needed = wholeMemory({ ...scoringNeed(model, lengths, tools), besides: kept });
  // What a system calls free is no hard bound: a default leaves no margin.
  const room = tools.memory ?? process.availableMemory() + process.memoryUsage.rss();
  if (needed <= room) return;
  throw new EigentraceError(
    tools.memory === null ? 'environment' : 'usage',
    `checkpoint ${model.name}: writing texts needs all of the model at once, about ${mebibytes(needed, 'up')}, got ` +
      `${mebibytes(room, 'down')} ${tools.memory === null ? 'free' : 'by --memory'} (expected as much); ` +
      'tasks that score given answers, trace and the others run it in stages',
  );
}
