/** The settings of `evaluate`. */
import { texts, whole, wholeOr } from '../setting.js';
import { force, memory, shared, threads } from './shared.js';
import { traceSettings } from './trace.js';

const { series, out, revisions, tokensPerStep } = traceSettings;

export const evaluateSettings = {
  series,
  task: texts({
    flag: '--task',
    value: 'TASK,…',
    meaning:
      'Tasks by name (sciq, arc_easy, lambada_openai, …), several with commas between, or a task file of your own: ./mine.task.json. Without it the tasks are listed.',
    expected: 'names of tasks, or a file',
    shown: 'the list of tasks',
  }),
  out: {
    ...out,
    meaning: 'The folder of the run: made, or gone on with. Without it the scores are printed and not kept.',
    shown: 'none',
  },
  data: texts({
    flag: '--data',
    value: '[TASK=]FILE',
    meaning:
      "A file of the task's questions in place of its data set: .jsonl or .parquet with the data set's own fields. Can be given once a task.",
    expected: 'a file, or TASK=FILE',
    shown: "the task's own",
  }),
  examples: texts({
    flag: '--examples',
    value: '[TASK=]FILE',
    meaning: 'A file of rows that few-shot examples are drawn from.',
    expected: 'a file, or TASK=FILE',
    shown: "the questions' own file, never the question itself",
  }),
  fewshot: whole(
    { flag: '--fewshot', noun: 'a number of examples', meaning: 'Examples with their answers before each question.' },
    0,
    () => 0,
  ),
  fewshotSeed: whole(
    {
      flag: '--fewshot-seed',
      noun: 'a seed',
      meaning: "Seed of the examples' choice: with lm-evaluation-harness's seed the examples are the same.",
    },
    0,
    () => 1234,
  ),
  limit: wholeOr(
    { flag: '--limit', word: 'all', noun: 'a number of questions', meaning: 'Take the first N questions of each set.' },
    1,
    null,
  ),
  revisions,
  tokensPerStep,
  memory,
  threads,
  force,
  ...shared,
};
