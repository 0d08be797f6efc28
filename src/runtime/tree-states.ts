/** States of tokens that branch: as scored-states.ts, through the graph whose mask says what a token sees. */
import type { Model } from '../models/index.js';
import { batchesOf } from './batches.js';
import { loadOn } from './device.js';
import { interruptible } from './interruptible.js';
import type { ModelProcess } from './process.js';
import type { Planned } from './score-plan.js';
import { runBatches, sendRows, type ScoringOptions, type StatesSink } from './scored-states.js';

export async function eachTreeStates(
  child: ModelProcess,
  model: Model,
  planned: readonly Planned[],
  options: ScoringOptions,
  sink: StatesSink,
): Promise<void> {
  await interruptible(child, options.signal, async () => {
    child.label = `checkpoint ${model.name}`;
    const lengths = planned.map(({ ids }) => ids.length);
    const maxTokens = lengths.reduce((most, length) => Math.max(most, length), 1);
    const graph = model.cachedGraph({ maxTokens, past: false });
    await loadOn(child, 'tree', graph, options.threads, options.device ?? 'cpu');
    await runBatches(
      batchesOf(lengths, options.budget),
      lengths,
      options,
      (batch) => child.step({ ...messageOf(batch, planned), shapes: graph.shapes, windows: graph.windows }),
      (batch, states) => sendRows(batch, states, (index) => planned[index]!.places.length * model.width, sink),
    );
  });
}

function messageOf(batch: readonly number[], planned: readonly Planned[]) {
  const lengths = Int32Array.from(batch, (index) => planned[index]!.ids.length);
  const count = lengths.reduce((sum, length) => sum + length, 0);
  const [ids, parents] = [new Int32Array(count), new Int32Array(count)];
  let at = 0;
  for (const index of batch) {
    const each = planned[index]!;
    ids.set(each.ids, at);
    parents.set(each.parents ?? each.ids.map((_, t) => t - 1), at);
    at += each.ids.length;
  }
  const rows = Int32Array.from(batch.flatMap((index, b) => planned[index]!.places.flatMap((place) => [b, place])));
  return { slot: 'tree', handle: null, keep: false, ids, lengths, parents, rows } as const;
}
