/** `eigentrace ablate`: what a model can still do without the directions along which its states vary most, or with them alone. */
import { EigentraceError } from '../../errors.js';
import { ablationTables } from '../ablation-table.js';
import { command } from '../command.js';
import type { AblateRequest, AblateResult } from '../library.js';
import { required, type Resolved } from '../resolve.js';
import { ablateSettings } from '../settings/ablate.js';
import { styleOf } from '../style.js';
import { json, watchedVisit } from '../watch.js';
import { concludeVisit } from '../visit-conclusion.js';

export const ablate = command({
  name: 'ablate',
  summary: 'Ask tasks with eigen-directions of the final states removed, or alone kept.',
  description:
    'Takes the eigenvectors of the covariance of the final states over a corpus, removes the first K of them (or a band, or all ' +
    'others) from the states that are scored, and asks the questions of tasks: how much is in the directions of most variance? ' +
    'Random subspaces of the same size are the control. One forward pass serves all variants.',
  usage: 'SERIES --task TASK,… --corpus CORPUS [--keep K,…] [--remove K,…] [options]',
  examples: [
    {
      does: 'the paper’s Table 8 for one checkpoint: SciQ with the top 10 and 50 removed, and alone kept',
      type: 'eigentrace ablate pythia-1b/step143000 --task sciq --data sciq.jsonl --corpus heldout.jsonl --keep 10,50 --remove 10,50',
    },
    {
      does: 'offline: the bundled sample at its last pretraining checkpoint',
      type: 'eigentrace ablate sample: --task cloze --corpus sample: --max-tokens 128 --revisions step6000 --keep 10,50 --remove 10,50,11..100',
    },
    {
      does: 'your own questions at ten checkpoints, kept in a run',
      type: 'eigentrace ablate checkpoints/ --items mine.jsonl --corpus heldout.jsonl --revisions log:10 --out run',
    },
    { does: 'the figures as a table', type: 'eigentrace export run --table ablation --out ablation.csv' },
  ],
  settings: ablateSettings,
  notes: [
    'Kept: h′ = μ + UUᵀ(h − μ); removed: h′ = h − UUᵀ(h − μ), U the eigenvectors and μ the mean of the corpus’s states; at every ' +
      'scored position, before the unembedding, in float64.',
    'Changes are paired by question: their standard error is over questions, p of right and wrong is McNemar’s exact test, p of ln p ' +
      'a paired t test. Where the series is one of the paper’s models its Table 8 stands beside SciQ.',
    'Findings go to RUN/ablation and are reused when nothing that determines them changed.',
  ],
  async run(resolved, context) {
    const request = requestOf(resolved);
    const { json: asJson, quiet } = resolved.values;
    const library = await context.library();
    const start = context.clock.now();
    const result = await watchedVisit(context, quiet, foundLine, (hooks) => library.ablate(request, hooks));
    const style = styleOf(context.stdout, context.env);
    context.stdout.write(asJson ? json(result) : ablationTables(result, style));
    return concludeVisit(result, { noun: 'ablation', start, quiet }, context);
  },
});

/** What was found at a checkpoint, for its line: the unchanged accuracy, and each variant's after it. */
function foundLine({ part, finding }: AblateResult['results'][number]): string {
  const levels = (finding?.values ?? []).filter(({ metric, name }) => metric === 'acc' && !name.includes(': random-'));
  return [
    part,
    ...levels.slice(0, 5).map(({ name, value }) => `${name.slice(part.length + 2)} ${value?.toFixed(3) ?? '–'}`),
  ].join('  ');
}

function requestOf(resolved: Resolved<typeof ablateSettings>): AblateRequest {
  const { values } = resolved;
  const { task, items, corpus, ids, out, field, sequences, minTokens, maxTokens, seed, rows, position } = values;
  const {
    keepDirections: keep,
    removeDirections: remove,
    mean,
    randomDraws,
    randomSeed,
    data,
    fewshot,
    fewshotSeed,
    limit,
  } = values;
  const { revisions, tokensPerStep, memory, threads, force } = values;
  if (ids !== null && resolved.origins['corpus']?.startsWith('option')) {
    const got = `${ids} and ${String(corpus)}`;
    throw new EigentraceError('usage', `--ids: given together with --corpus, got ${got} (expected one of them)`);
  }
  const tasks = task
    .flatMap((names) => names.split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (tasks.length === 0 && items.length === 0) {
    throw new EigentraceError('usage', '--task: is missing (expected a task such as sciq, or --items FILE)');
  }
  return {
    series: required(ablateSettings, resolved, 'series'),
    ...{ tasks, items, keep, remove, mean, randomDraws, randomSeed, data, fewshot, fewshotSeed, limit },
    corpus: ids === null ? required(ablateSettings, resolved, 'corpus') : null,
    ...{ ids, field, sequences, minTokens, maxTokens, seed, rows, position },
    ...{ out, revisions, tokensPerStep, memory, threads, force, randomInit: null },
  };
}
