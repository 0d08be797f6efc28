/** The settings of `trace`. */
import { choice, flag, text, textOr, texts, whole, wholeOr, type Setting } from '../setting.js';
import { sampling } from './sampling.js';
import { force, keep, memory, precision, shared, threads } from './shared.js';

export const alphaRange: Setting<readonly [number, number]> = {
  flag: '--alpha-range',
  value: 'FROM-TO',
  meaning: 'First and last rank of the α fit, from 1, inclusive.',
  shown: '12-100',
  initial: () => [12, 100],
  parse: (given) => {
    const match = /^(\d{1,9})\s*(?:-|\.\.|,)\s*(\d{1,9})$/.exec(given);
    const from = Number(match?.[1]);
    const to = Number(match?.[2]);
    return from >= 1 && to > from ? [from, to] : undefined;
  },
  wrong: 'is not a range of ranks',
  expected: 'FROM-TO with 1 ≤ FROM < TO, such as 12-100',
};

const controls = ['shuffled-tokens', 'random-init', 'gaussian'] as const;

const control: Setting<readonly (typeof controls)[number][]> = {
  flag: '--control',
  value: 'KIND,…',
  meaning:
    'Nulls measured besides, stored as variants: shuffled-tokens (each checkpoint, tokens of each sequence permuted), ' +
    'random-init (weights drawn from the config, once), gaussian (white noise of the same N and d, once).',
  shown: 'none',
  initial: () => [],
  parse: (given) => {
    if (given === 'none') return [];
    const kinds = given.split(',').map((word) => controls.find((kind) => kind === word.trim()));
    return kinds.includes(undefined) ? undefined : [...new Set(kinds as (typeof controls)[number][])];
  },
  wrong: 'is not a list of controls',
  expected: `${controls.join(', ')}, several with commas between, or none`,
};

const until: Setting<number | 'last' | null> = {
  flag: '--until',
  value: 'STEP|last',
  meaning:
    'With --follow: ends when this step is measured; last is the step that trainer_state.json calls the last of the training.',
  shown: 'never: Ctrl-C ends it',
  initial: () => null,
  parse: (given) => (given === 'last' ? given : /^\d{1,15}$/.test(given) ? Number(given) : undefined),
  wrong: 'is not a step',
  expected: 'a whole number ≥ 0, or last',
};

const poll: Setting<number> = {
  flag: '--poll',
  value: 'SECONDS',
  meaning: 'With --follow: seconds between two looks at the folder.',
  shown: '10',
  initial: () => 10,
  parse: (given) => {
    const seconds = /^\d{1,6}(\.\d{1,3})?$/.test(given) ? Number(given) : 0;
    return seconds >= 0.05 ? seconds : undefined;
  },
  wrong: 'is not a time in seconds',
  expected: 'a number ≥ 0.05',
};

export const traceSettings = {
  series: text({
    flag: 'SERIES',
    value: null,
    meaning:
      'A folder of checkpoint folders (step1000/, checkpoint-500/, …), one checkpoint folder, a series.json, a Hub id (org/name: its revisions that are steps; org/name@revision: one), or sample: (the bundled series; sample:step6000 is one of it).',
    expected: 'a folder of checkpoints, a series.json, a Hub id such as EleutherAI/pythia-160m, or sample:',
  }),
  corpus: text({
    flag: '--corpus',
    value: 'CORPUS',
    meaning:
      '.txt, .jsonl (either as .gz too) or .parquet, a folder or glob of those, sample: (the bundled passages), or hf:ORG/NAME[:CONFIG[:SPLIT]] (parquet files of a data set on the Hub, read in parts). ' +
      'In .txt a line of nothing but white space ends a document.',
    expected: 'a file, a folder, a glob, or sample:',
  }),
  features: text({
    flag: '--features',
    value: 'PATTERN',
    meaning:
      "Representations made elsewhere in place of models and --corpus: 'DIR/{revision}.npy' (.npy, .npz, .safetensors, " +
      '.parquet; N rows of d, one a sequence); also {step}, {stage}, {layer}. SERIES may be left out: names say the steps.',
    expected: "a path such as 'DIR/{revision}.npy'",
    shown: 'none',
  }),
  out: text({
    flag: '--out',
    value: 'RUN',
    meaning: 'The folder of the run: made, or gone on with.',
    expected: 'a folder',
  }),
  tokenizer: text({
    flag: '--tokenizer',
    value: 'PATH',
    meaning: 'A tokenizer.json or the folder of one, for all checkpoints in place of their own.',
    expected: 'a tokenizer.json, or a folder that holds one',
    shown: "each checkpoint's own, else the series'",
  }),
  revisions: textOr(
    {
      flag: '--revisions',
      value: 'WHICH',
      meaning:
        'all, log:24, every:10, 1000..20000:1000, a comma list, a glob, or paper (every step ≤ 10,000, then multiples of 10,000).',
      expected: 'all, log:24, every:10, 1000..20000:1000, a comma list, a glob, or paper',
    },
    'all',
  ),
  tokensPerStep: wholeOr(
    {
      flag: '--tokens-per-step',
      word: 'none',
      noun: 'a number of tokens',
      meaning:
        "Training tokens a step, so that a folder's step1000 gets its tokens; a series.json that says its own wins.",
    },
    1,
    null,
  ),
  ...sampling,
  errors: choice(
    {
      flag: '--errors',
      meaning:
        'Standard errors: the jackknife over 10 groups of rows, or none, which saves about 13 of 14 decompositions.',
    },
    ['jackknife', 'none'],
    'jackknife',
  ),
  alphaRange,
  nll: flag({
    flag: '--nll',
    meaning:
      'Also the mean negative log-likelihood a token, in nats: needs the logits of every token, up to half as much time again.',
  }),
  control,
  controlSeed: whole(
    { flag: '--control-seed', noun: 'a seed', meaning: 'Seed of the random numbers of --control.' },
    0,
    () => 0,
  ),
  saveFeatures: flag({
    flag: '--save-features',
    meaning: 'Keep the representations, so that a new definition needs no second forward pass.',
  }),
  device: textOr(
    {
      flag: '--device',
      value: 'NAME',
      meaning:
        'Where the forward pass runs: cpu, or another execution provider that doctor lists. The first batch is also run on the CPU; a difference beyond 1e-3 relative stops the run.',
      expected: 'cpu, or an execution provider of this onnxruntime build (see eigentrace doctor)',
    },
    'cpu',
  ),
  precision,
  memory,
  keep,
  threads,
  force,
  skipFlagged: flag({
    flag: '--skip-flagged',
    meaning:
      "Leave out checkpoints in which the series' audit finds an error or a warning (weights of another step, another config, " +
      'odd names; see eigentrace audit). Default: they are measured, and their records flagged.',
  }),
  follow: flag({
    flag: '--follow',
    meaning:
      'SERIES is a folder that a training is writing (Trainer’s checkpoint-N): measure each checkpoint when it is whole, ' +
      'and wait for the next. The folder may be empty, or not there yet.',
  }),
  until,
  poll,
  alert: texts({
    flag: '--alert',
    value: 'CONDITION',
    meaning:
      "A condition over the table's columns and the checkpoints before, such as 'rankme < 0.5*max' or 'alpha > prev + 0.3'; " +
      'may be given several times. Where it holds, stderr says so, RUN/alerts.json keeps it, and the exit status is 3.',
    expected: "a condition, such as 'rankme < 0.5*max'",
    shown: 'none',
  }),
  alertStop: flag({ flag: '--alert-stop', meaning: 'End at the first alert.' }),
  alertWebhook: text({
    flag: '--alert-webhook',
    value: 'URL',
    meaning: 'Post each new alert there as JSON, in the form that Slack, Mattermost and Discord take.',
    expected: 'a web address',
    shown: 'none',
    secret: true,
  }),
  report: flag({
    flag: '--report',
    meaning: 'At the end write RUN/report.html, one page that opens offline (see eigentrace report).',
  }),
  dryRun: flag({
    flag: '--dry-run',
    meaning: 'Print the plan (checkpoints, bytes, FLOPs, time, memory) and do nothing.',
  }),
  ...shared,
};
