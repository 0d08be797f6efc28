/** Greedy tokens of transformers (../shared, which may not be copied), whatever else is in the batch. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openTokenizer } from '../../src/corpus/index.js';
import { complete } from '../../src/generation/index.js';
import { Model } from '../../src/models/index.js';
import { ModelProcess } from '../../src/runtime/index.js';
import { modelSource } from '../golden/checkpoint.js';

const shared = fileURLToPath(new URL('../../../shared', import.meta.url));
interface Item {
  readonly question: string;
  readonly greedy_ids: number[];
  readonly smallest_logit_margin: number;
}

describe.skipIf(!existsSync(`${shared}/golden/evaluation`)).each(['llama', 'gpt_neox'])('%s', (name) => {
  it('writes the tokens of transformers, alone and in a batch that thins out', async () => {
    const { models } = JSON.parse(readFileSync(`${shared}/golden/evaluation/evaluation.json`, 'utf8')) as {
      models: Record<string, { tasks: { triviaqa: { items: Item[] } } }>;
    };
    const { items } = models[name]!.tasks.triviaqa;
    const tokenizer = await openTokenizer(`${shared}/data/tokenizers/gpt-neox-20b.json`);
    const model = Model.read(await modelSource(`${shared}/golden/evaluation/models/${name}`));
    const prompts = items.map(({ question }) => {
      const text = `Question: ${question}?\nAnswer:`;
      return { text, ids: tokenizer.encode(text) };
    });
    const child = ModelProcess.start();
    try {
      const most = items[0]!.greedy_ids.length;
      const options = { sampling: null, samples: 1, maxNewTokens: most, stop: [], ends: [], threads: 1 };
      let held = 0;
      for (const batch of [1, 16]) {
        const found = await complete(child, model, tokenizer, prompts, { ...options, batch });
        items.forEach(({ greedy_ids, smallest_logit_margin }, i) => {
          // Below it another order of sums may tip the choice.
          if (smallest_logit_margin <= 0.01) return;
          held++;
          expect(found[i]![0]).toMatchObject({ sample: 0, ids: greedy_ids, finish: 'length' });
        });
      }
      expect(held).toBeGreaterThan(4);
    } finally {
      child.kill(new Error('done') as never);
    }
  });
});
