/** The settings of `ablate`. */
import { flag, texts, whole, type Setting } from '../setting.js';
import { evaluateSettings } from './evaluate.js';
import { representSettings } from './represent.js';
import { sampling } from './sampling.js';
import { force, memory, shared, threads } from './shared.js';
import { traceSettings } from './trace.js';

const { series, out, revisions, tokensPerStep, corpus } = traceSettings;
const { layers: _, ...sampled } = sampling;
const { task, data, fewshot, fewshotSeed, limit } = evaluateSettings;

function bands(flagName: string, meaning: string): Setting<readonly string[]> {
  return {
    flag: flagName,
    value: 'K,FROM..TO,…',
    meaning,
    shown: '10,50',
    initial: () => ['10', '50'],
    parse: (given) => {
      if (given === 'none') return [];
      const parts = given.split(',').map((part) => part.trim());
      return parts.every((part) => /^(\d{1,6}\.\.)?\d{1,6}$/.test(part)) ? parts : undefined;
    },
    wrong: 'is no list of directions',
    expected: 'numbers or bands with commas between, such as 10,50,11..100, or none',
  };
}

export const ablateSettings = {
  series,
  task: {
    ...task,
    meaning:
      'Tasks with choices or a last word, as in evaluate (sciq, arc_easy, lambada_openai, cloze, …), or a task file of your own.',
    shown: 'none',
  },
  items: texts({
    flag: '--items',
    value: 'FILE',
    meaning:
      'A file of questions in place of a task: .jsonl (as .gz too) or .parquet with context, choices and target (or label), as texts or as token ids. Can be given several times.',
    expected: 'a file, a folder or a glob',
    shown: 'none',
  }),
  keepDirections: bands('--keep', 'Variants in which only these directions are kept: the first K, or a band of ranks.'),
  removeDirections: bands(
    '--remove',
    'Variants in which these directions are removed: the first K, or a band of ranks.',
  ),
  corpus: {
    ...corpus,
    meaning:
      "The text whose final states give the directions: the eigenvectors of their covariance. sample: is the bundled passages; trace's other kinds too.",
  },
  ids: representSettings.ids,
  out: {
    ...out,
    meaning: 'The folder of the run: made, or gone on with. Without it the figures are printed and not kept.',
    shown: 'none',
  },
  ...sampled,
  mean: {
    ...flag({
      flag: '--mean',
      meaning: "Project about the corpus's mean state, as the paper; --no-mean projects about the origin.",
    }),
    shown: 'on',
    initial: () => true,
  } satisfies Setting<boolean>,
  randomDraws: whole(
    {
      flag: '--random',
      noun: 'a number of draws',
      meaning: 'Random subspaces of each size as the control, drawn so many times; 0 leaves them out.',
    },
    0,
    () => 3,
  ),
  randomSeed: whole({ flag: '--random-seed', noun: 'a seed', meaning: 'Seed of the random subspaces.' }, 0, () => 0),
  data,
  fewshot,
  fewshotSeed,
  limit,
  revisions,
  tokensPerStep,
  memory,
  threads,
  force,
  ...shared,
};
