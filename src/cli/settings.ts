/**
 * Every setting of every command, with unit, default and meaning: the help, the checks, the environment's variables
 * and the keys of `eigentrace.config.json` all come from here. Defaults are those of `traceDefaults` and `presets`
 * in the library (a test compares them; importing them would make help load everything).
 */
import { availableParallelism } from 'node:os';
import { choice, flag, text, textOr, texts, whole, wholeOr, type Setting, type Settings } from './setting.js';

/** Sequence filters by name (definitions §1). */
export const presets = {
  paper: { sequences: 15_000, minTokens: 32, maxTokens: 512 },
  'pythia-script': { sequences: 15_000, minTokens: 10, maxTokens: 128 },
} as const;

const layers = /^(final|all|\d+(\s*,\s*\d+)*)$/;

const shared = {
  json: flag({ flag: '--json', meaning: 'Machine-readable result on stdout, and nothing else there.' }),
  quiet: flag({ flag: '--quiet', meaning: 'No progress and no notes on stderr, only errors.' }),
  printConfig: flag({
    flag: '--print-config',
    meaning: 'Print every setting with where it came from, and do nothing else.',
    optionOnly: true,
  }),
};

const sampling = {
  field: textOr(
    {
      flag: '--field',
      value: 'NAME',
      meaning: 'Text field of jsonl and parquet rows.',
      expected: 'the name of a field',
    },
    'text',
  ),
  preset: choice(
    {
      flag: '--preset',
      meaning:
        'Sequences, least and most tokens together: paper is 15000, 32, 512; pythia-script is 15000, 10, 128. ' +
        'Each of the three can still be given on its own.',
    },
    ['paper', 'pythia-script'],
    'paper',
  ),
  sequences: wholeOr(
    {
      flag: '--sequences',
      word: 'all',
      noun: 'a number of sequences',
      meaning: 'How many sequences; all takes every one that passes the filter.',
      shown: '15000, from the preset',
    },
    1,
    presets.paper.sequences,
  ),
  minTokens: whole(
    {
      flag: '--min-tokens',
      noun: 'a number of tokens',
      meaning: 'Keep sequences of more than N tokens.',
      shown: '32, from the preset',
    },
    0,
    () => presets.paper.minTokens,
  ),
  maxTokens: whole(
    {
      flag: '--max-tokens',
      noun: 'a number of tokens',
      meaning: 'Then cut them to N tokens.',
      shown: '512, from the preset',
    },
    1,
    () => presets.paper.maxTokens,
  ),
  seed: wholeOr(
    {
      flag: '--seed',
      word: 'none',
      noun: 'a seed',
      meaning: 'Take the corpus in the random order of this seed; none keeps corpus order.',
    },
    0,
    null,
  ),
  rows: text({
    flag: '--rows',
    value: 'FILE',
    meaning: 'Row numbers of the corpus, one a line or a JSON array: fixes the rows for all models.',
    expected: 'a file',
    shown: 'none',
  }),
  position: choice(
    { flag: '--position', meaning: 'Which tokens give rows: the last real one, their mean, or all of them.' },
    ['last', 'mean', 'all'],
    'last',
  ),
  layers: textOr(
    {
      flag: '--layers',
      value: 'final|all|0,6,12',
      meaning: 'final is after the final norm; a number is a block, before the final norm (0 = embeddings).',
      wrong: 'is not a choice of layers',
      expected: 'final, all, or block numbers such as 0,6,12',
    },
    'final',
    (given) => layers.test(given),
  ),
};

const threads = whole(
  {
    flag: '--threads',
    noun: 'a number of threads',
    meaning: 'Threads of the forward pass and the eigensolver.',
    shown: 'the cores of this machine',
  },
  1,
  availableParallelism,
);

const force = flag({ flag: '--force', meaning: 'Measure again even where the same measurement is there.' });

const alphaRange: Setting<readonly [number, number]> = {
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

export const traceSettings = {
  series: text({
    flag: 'SERIES',
    value: null,
    meaning: 'A folder of checkpoint folders (step1000/, checkpoint-500/, …), one checkpoint folder, or a series.json.',
    expected: 'a folder of checkpoints, or a series.json',
  }),
  corpus: text({
    flag: '--corpus',
    value: 'CORPUS',
    meaning:
      '.txt, .jsonl (either as .gz too) or .parquet, a folder or glob of those, or sample: (the bundled passages). ' +
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
  threads,
  force,
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

const sweepOvers = ['n', 'length', 'corpus', 'layer', 'position'] as const;

const over: Setting<readonly (typeof sweepOvers)[number][]> = {
  flag: '--over',
  value: sweepOvers.join('|'),
  meaning: 'What is varied; may be given several times, each on its own with the other options as they are.',
  shown: null,
  many: true,
  optionOnly: true,
  initial: () => [],
  parse: (given) => {
    const found = sweepOvers.find((word) => word === given);
    return found && [found];
  },
  wrong: 'is not a choice',
  expected: `one of ${sweepOvers.join(', ')}`,
};

export const sweepSettings = {
  series: traceSettings.series,
  corpus: traceSettings.corpus,
  out: traceSettings.out,
  over,
  values: texts({
    flag: '--values',
    value: 'A,B,…',
    meaning: 'Its values, with commas between: one list for each --over, in the same order, or none at all.',
    expected: 'values with commas between',
    shown: 'the usual ones, see below',
    optionOnly: true,
  }),
  revisions: traceSettings.revisions,
  tokensPerStep: traceSettings.tokensPerStep,
  ...sampling,
  errors: traceSettings.errors,
  alphaRange,
  device: traceSettings.device,
  threads,
  force,
  dryRun: flag({
    flag: '--dry-run',
    meaning: 'Print the plan (points, forward passes, FLOPs, time, memory) and do nothing.',
  }),
  ...shared,
};

export const demoSettings = {
  demoOut: textOr(
    { flag: '--out', value: 'DIR', meaning: 'The folder of the run.', expected: 'a folder' },
    './eigentrace-demo',
  ),
  threads,
  force,
  ...shared,
};

export const representSettings = {
  checkpoint: text({
    flag: 'CHECKPOINT',
    value: null,
    meaning:
      'A checkpoint folder (config.json and tokenizer.json with safetensors or .bin; a LoRA adapter), or a .gguf file.',
    expected: 'a checkpoint folder',
  }),
  corpus: traceSettings.corpus,
  ids: text({
    flag: '--ids',
    value: 'FILE',
    meaning:
      'Token ids in place of a corpus, one JSON array a line, used as they are: no tokenizer, no filter, no special tokens.',
    expected: 'a file',
    shown: 'none',
  }),
  representOut: text({
    flag: '--out',
    value: 'FILE',
    meaning: '.safetensors (tensors final or layer<k>, and lengths), or .npy for one layer.',
    expected: 'a file ending in .safetensors or .npy',
  }),
  ...sampling,
  threads,
  ...shared,
};

export const inspectSettings = {
  checkpoint: representSettings.checkpoint,
  tensors: flag({ flag: '--tensors', meaning: 'Every tensor on a line of its own.', optionOnly: true }),
  ...shared,
};

/** Options that choose rows of a table. */
const chosen = { expected: 'a name', shown: 'all', optionOnly: true } as const;

export const exportSettings = {
  run: text({ flag: 'RUN', value: null, meaning: 'The folder of a run.', expected: 'a folder that trace wrote' }),
  format: choice(
    {
      flag: '--format',
      meaning:
        "json, jsonl, csv, parquet, or npy (the published code's layout: a pickled dict of steps); wandb, trackio: scalars " +
        'for those programs; svg, png: a chart for papers (--chart).',
    },
    ['json', 'jsonl', 'csv', 'parquet', 'npy', 'wandb', 'trackio', 'svg', 'png'],
    'csv',
  ),
  chart: text({
    ...{ optionOnly: true, flag: '--chart', value: 'NAME' },
    meaning: 'Which chart svg and png show; the list stands below.',
    expected: 'the name of a chart',
    shown: 'trajectory',
  }),
  figure: text({
    ...{ optionOnly: true, flag: '--figure', value: 'NAME' },
    meaning: 'One figure alone: rankme, alpha, rankme_published, participation_ratio, …',
    expected: 'the name of a figure',
    shown: 'rankme and alpha',
  }),
  chartAxis: choice(
    {
      flag: '--x',
      meaning: "A chart's x axis: training tokens, steps, compute (6 · parameters · tokens), or a lane a stage.",
    },
    ['tokens', 'steps', 'compute', 'stages'],
    'tokens',
  ),
  chartWidth: whole(
    { flag: '--width', value: 'MM', noun: 'a width', meaning: 'Width of a chart: 84 mm is one column, 174 two.' },
    40,
    () => 84,
  ),
  at: text({
    ...{ optionOnly: true, flag: '--at', value: 'REVISION' },
    meaning: 'The checkpoint of a scree plot.',
    expected: 'a revision',
    shown: 'the last',
  }),
  and: text({
    ...{ optionOnly: true, flag: '--and', value: 'REVISION' },
    meaning: 'A second checkpoint over it.',
    expected: 'a revision',
    shown: 'none',
  }),
  logs: texts({
    ...{ optionOnly: true, flag: '--log', value: 'FILE' },
    meaning:
      "The training's own log, drawn above: trainer_state.json or a CSV with a column step; STAGE=FILE says whose. May be repeated.",
    expected: 'a file',
    shown: 'none',
  }),
  evaluations: texts({
    ...{ optionOnly: true, flag: '--evaluations', value: 'PATH' },
    meaning: 'Result files of lm-evaluation-harness, drawn below: a file, a folder or a glob. May be repeated.',
    expected: 'a file, a folder or a glob',
    shown: 'none',
  }),
  table: textOr(
    {
      flag: '--table',
      value: 'NAME',
      meaning: 'Which table: geometry has one row a checkpoint, layer and position; phases one a number found.',
      expected: 'geometry or phases',
    },
    'geometry',
  ),
  seriesName: text({ ...chosen, flag: '--series', value: 'NAME', meaning: 'Only this series of the run.' }),
  stage: text({ ...chosen, flag: '--stage', value: 'NAME', meaning: 'Only this stage: pretrain, sft, …' }),
  layer: text({ ...chosen, flag: '--layer', value: 'LAYER', meaning: 'Only this layer: final, or a block number.' }),
  variant: text({
    ...chosen,
    flag: '--variant',
    value: 'HASH',
    meaning: 'One variant alone (another layer set, a control).',
    shown: 'the main request and what adds layers or positions to it',
  }),
  exportOut: text({
    flag: '--out',
    value: 'FILE',
    meaning: 'The file written.',
    expected: 'a file',
    shown: 'stdout',
  }),
  ...shared,
};

/** A number ≥ 0 from which a change counts. */
function threshold<T extends number | null>(
  words: { flag: string; meaning: string; shown: string },
  initial: T,
): Setting<number | T> {
  return {
    value: 'X',
    ...words,
    initial: () => initial,
    parse: (given) => (/^\d{1,9}(\.\d{1,15})?$/.test(given) ? Number(given) : undefined),
    wrong: 'is no threshold',
    expected: 'a number ≥ 0, such as 0.05',
    optionOnly: true,
  };
}

export const phasesSettings = {
  run: exportSettings.run,
  seriesName: exportSettings.seriesName,
  stage: text({
    ...chosen,
    flag: '--stage',
    value: 'NAME',
    meaning: 'The stage whose curve is read.',
    shown: 'pretrain, or the only one',
  }),
  layer: exportSettings.layer,
  variant: exportSettings.variant,
  standardErrors: threshold<number>(
    {
      flag: '--standard-errors',
      meaning: 'A change counts from so many paired standard errors of it.',
      shown: '3',
    },
    3,
  ),
  change: threshold<number>(
    {
      flag: '--change',
      meaning: 'And from this size: 0.05 is 5 % of RankMe (a change of ln 1.05 of ln RankMe) and 0.05 of α.',
      shown: '0.05',
    },
    0.05,
  ),
  alphaChange: threshold({ flag: '--alpha-change', meaning: 'The same for α alone.', shown: 'as --change' }, null),
  ignoreScatter: flag({
    flag: '--ignore-scatter',
    meaning: "Let changes count that the checkpoints' own scatter about the curve (training noise) could make.",
    optionOnly: true,
  }),
  ...shared,
};

export const compareSettings = {
  compareRuns: texts({
    flag: 'RUN',
    value: null,
    meaning: 'Folders of runs: the others are compared with the first. One alone: its series with their controls.',
    expected: 'folders that trace wrote',
  }),
  figures: texts({
    flag: '--figure',
    value: 'NAME',
    meaning: 'A figure to compare; may be given several times, or as a list with commas.',
    expected: 'the name of a figure, such as rankme',
    shown: 'rankme and alpha',
    optionOnly: true,
  }),
  against: text({
    flag: '--against',
    value: 'KIND',
    meaning: 'Compare one run with its controls of this kind: shuffled-tokens, random-init, gaussian, or all.',
    expected: 'shuffled-tokens, random-init, gaussian or all',
    shown: 'all, where the run holds any',
    optionOnly: true,
  }),
  axis: choice(
    {
      flag: '--axis',
      meaning:
        'What checkpoints are matched by: training tokens, steps, or compute (6 · parameters · tokens). ' +
        'auto is tokens where they are known, else steps.',
      optionOnly: true,
    },
    ['auto', 'tokens', 'steps', 'compute'],
    'auto',
  ),
  interpolate: flag({
    flag: '--interpolate',
    meaning: 'Compare also where only one side has a checkpoint, between two of the other: linear in ln x.',
    optionOnly: true,
  }),
  rowsAre: choice(
    {
      flag: '--rows',
      meaning:
        'What you know of the rows and the runs do not say: same gives paired errors, disjoint adds variances. ' +
        'auto takes what the runs say.',
      optionOnly: true,
    },
    ['auto', 'same', 'disjoint'],
    'auto',
  ),
  anyway: flag({
    flag: '--anyway',
    meaning: 'Compare too what was measured differently (definitions, position, corpus, N, …).',
    optionOnly: true,
  }),
  compareSeries: exportSettings.seriesName,
  stage: exportSettings.stage,
  compareLayer: text({
    ...chosen,
    flag: '--layer',
    value: 'LAYER',
    meaning: 'This layer: final, or a block number.',
    shown: 'final, or the last there is',
  }),
  comparePosition: text({
    ...chosen,
    flag: '--position',
    value: 'POSITION',
    meaning: 'This position, where a run holds several.',
    shown: "the main request's",
  }),
  ...shared,
};

export const verifySettings = {
  run: exportSettings.run,
  deep: flag({
    flag: '--deep',
    meaning: 'Also compute the spectra again from the rows that --save-features kept: minutes where d is large.',
    optionOnly: true,
  }),
  threads,
  ...shared,
};

/** Of whatever shows runs: which, and what stands beside their curves. */
const shown = {
  runs: texts({
    flag: 'RUN',
    value: null,
    meaning: 'Folders of runs, one or several.',
    expected: 'the folder of a run that trace wrote',
  }),
  evaluations: texts({
    flag: '--evaluations',
    value: 'PATH',
    meaning: 'Results of lm-evaluation-harness to draw beside the curves, a file or a folder; may be given again.',
    expected: 'a file or folder of results',
    shown: 'none',
    optionOnly: true,
  }),
  logs: texts({
    flag: '--log',
    value: 'FILE',
    meaning: "A training's log to draw above the curves: trainer_state.json or CSV; may be given again.",
    expected: 'a trainer_state.json or a .csv file',
    shown: 'none',
    optionOnly: true,
  }),
};

export const reportSettings = {
  ...shown,
  reportOut: textOr(
    { flag: '--out', value: 'FILE', meaning: 'The file written.', expected: 'a file ending in .html' },
    'report.html',
    (given) => /\.html?$/i.test(given),
  ),
  title: text({
    flag: '--title',
    value: 'TEXT',
    meaning: "The report's title.",
    expected: 'a title',
    shown: 'the names of its series',
    optionOnly: true,
  }),
  ...shared,
};

export const serveSettings = {
  ...shown,
  port: whole(
    {
      flag: '--port',
      noun: 'a port',
      meaning: 'Port to listen on; 0 takes any free one.',
      shown: '6116, or any free one where that is taken',
    },
    0,
    () => 6116,
  ),
  host: textOr(
    {
      flag: '--host',
      value: 'HOST',
      meaning: 'Address to listen on. Any but this machine alone (127.0.0.1) needs --token.',
      expected: 'an address or a name of this machine',
    },
    '127.0.0.1',
  ),
  token: text({
    flag: '--token',
    value: 'TOKEN',
    meaning: 'What a reader must know, 16 characters or more: it stands in the address that is printed.',
    expected: 'a token of 16 characters or more',
    shown: 'none',
    secret: true,
  }),
  open: flag({ flag: '--open', meaning: 'Open the page in the browser.', optionOnly: true }),
  ...shared,
};

export const importSettings = {
  importFile: text({
    flag: 'FILE',
    value: null,
    meaning: "The published code's results.",
    expected: 'a .npy file, as np.save writes a dict',
  }),
  out: traceSettings.out,
  importSeries: text({
    flag: '--name',
    value: 'NAME',
    meaning: 'Name of the series in the run.',
    expected: 'a name',
    shown: "the file's, without results_ and .npy",
  }),
  importStage: textOr(
    {
      flag: '--stage',
      value: 'NAME',
      meaning: 'Stage of its checkpoints.',
      expected: 'a name',
    },
    'pretrain',
  ),
  ...shared,
};

export const metricsSettings = {
  metric: text({
    flag: 'ID',
    value: null,
    meaning: 'One definition, in full; without it, all of them.',
    expected: 'the id of a definition, such as rankme',
    shown: 'all',
  }),
  ...shared,
};

export const doctorSettings = { ...shared };

/** All settings that the environment and the config file may hold, by key. */
export const everySetting: Settings = Object.fromEntries(
  Object.entries({
    ...traceSettings,
    ...demoSettings,
    ...representSettings,
    ...exportSettings,
    ...reportSettings,
    ...serveSettings,
    ...importSettings,
    ...metricsSettings,
  } as Settings).filter(([, setting]) => readElsewhere(setting)),
);

/** Whether a setting is read from the environment and the config file too: options are, and SERIES. */
export function readElsewhere(setting: Setting<unknown>): boolean {
  return setting.optionOnly !== true && (setting.flag.startsWith('--') || setting.flag === 'SERIES');
}

/** The variable of the environment that holds a setting: `minTokens` → `EIGENTRACE_MIN_TOKENS`. */
export function variableOf(key: string): string {
  return `EIGENTRACE_${key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}
