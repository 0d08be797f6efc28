/** `eigentrace evaluate`: tasks at every checkpoint, with the prompts and numbers of lm-evaluation-harness. */
import { command } from '../command.js';
import { exitStatus, widthOf } from '../context.js';
import { evaluateTables, taskList } from '../evaluate-table.js';
import type { EvaluateRequest, EvaluateResult } from '../library.js';
import { required, type Resolved } from '../resolve.js';
import { evaluateSettings } from '../settings/evaluate.js';
import { styleOf } from '../style.js';
import { json, watchedVisit } from '../watch.js';
import { concludeVisit } from '../visit-conclusion.js';

export const evaluate = command({
  name: 'evaluate',
  summary: 'Score tasks (SciQ, ARC, LAMBADA, TriviaQA, …) at every checkpoint.',
  description:
    'Asks every checkpoint the questions of tasks: multiple choice (acc, acc_norm, acc_bytes), the last word of a passage, ' +
    'answers in its own words, perplexity of a text. Prompts, tokens and numbers are those of lm-evaluation-harness; a ' +
    "question's context is computed once for all its choices. A task is a small JSON file, and yours may be one too.",
  usage: 'SERIES --task TASK,… [--data FILE] [--out RUN] [options]',
  examples: [
    { does: 'the tasks that are known', type: 'eigentrace evaluate' },
    {
      does: 'offline: two tasks of the bundled sample at every checkpoint',
      type: 'eigentrace evaluate sample: --task cloze,addition --out run',
    },
    {
      does: 'SciQ from a file of its questions, at ten checkpoints',
      type: 'eigentrace evaluate checkpoints/ --task sciq --data sciq.jsonl --revisions log:10 --out run',
    },
    {
      does: 'one checkpoint, five examples before each question, the first 200 questions',
      type: 'eigentrace evaluate checkpoints/step1000 --task arc_easy --data arc.parquet --fewshot 5 --limit 200',
    },
    {
      does: 'a task of your own',
      type: 'eigentrace evaluate checkpoints/ --task ./mine.task.json --out run',
    },
  ],
  settings: evaluateSettings,
  notes: [
    'Scores go to RUN/tasks (table: eigentrace export RUN --table tasks) and are reused when nothing that determines them ' +
      "changed; RUN/lm-eval holds the same in lm-evaluation-harness's layout, for other programs. report and serve draw them, relate holds them against the geometry.",
    'A context longer than the model is cut from the left, counted and flagged. acc_norm divides by characters.',
  ],
  async run(resolved, context) {
    const { json: asJson, quiet, task } = resolved.values;
    const library = await context.library();
    const style = styleOf(context.stdout, context.env);
    const limit = Math.max(60, widthOf(context.stdout));
    if (task.length === 0) {
      const tasks = await library.listTasks();
      context.stdout.write(asJson ? json(tasks) : taskList(tasks, style, limit));
      return exitStatus.done;
    }
    const request = requestOf(resolved);
    const start = context.clock.now();
    const result = await watchedVisit(context, quiet, foundLine, (hooks) => library.evaluate(request, hooks));
    context.stdout.write(asJson ? json(result) : evaluateTables(result.results, style));
    return concludeVisit(result, { noun: 'score', start, quiet }, context);
  },
});

/** What was found at a checkpoint, for its line. */
function foundLine({ part, finding }: EvaluateResult['results'][number]): string {
  const [value] = finding?.values ?? [];
  return value?.value === undefined || value.value === null
    ? part
    : `${part} ${value.metric} ${value.value.toFixed(3)}`;
}

function requestOf(resolved: Resolved<typeof evaluateSettings>): EvaluateRequest {
  const { task, out, data, examples, fewshot, fewshotSeed, limit, revisions, tokensPerStep, memory, threads, force } =
    resolved.values;
  return {
    series: required(evaluateSettings, resolved, 'series'),
    tasks: task
      .flatMap((names) => names.split(','))
      .map((name) => name.trim())
      .filter((name) => name !== ''),
    ...{
      out,
      data,
      examples,
      fewshot,
      fewshotSeed,
      limit,
      revisions,
      tokensPerStep,
      memory,
      threads,
      force,
      randomInit: null,
    },
  };
}
