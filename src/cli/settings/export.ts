/** The settings of `export`, and those by which other readers of a run choose its rows. */
import { choice, text, textOr, whole } from '../setting.js';
import { shown } from './report.js';
import { shared } from './shared.js';

/** Those of the library's exportTables, with what a row is (a test compares them; importing them would make help load everything). */
export const tables = [
  ['geometry', 'a checkpoint, layer and position'],
  ['phases', 'a number found by phases'],
  ['tasks', 'a score of a task'],
  ['memorization', 'a figure of memorization'],
  ['ablation', 'a score with directions removed or kept'],
  ['samples', 'a figure of the texts generated'],
  ['posttraining', 'a figure of post-training'],
  ['directions', 'a figure of a direction'],
] as const;

/** Options that choose rows of a table. */
export const chosen = { expected: 'a name', shown: 'all', optionOnly: true } as const;

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
    meaning: 'The checkpoint of a scree plot or an ablation.',
    expected: 'a revision',
    shown: 'the last',
  }),
  and: text({
    ...{ optionOnly: true, flag: '--and', value: 'REVISION' },
    meaning: 'A second checkpoint over it.',
    expected: 'a revision',
    shown: 'none',
  }),
  logs: shown.logs,
  evaluations: shown.evaluations,
  table: textOr(
    {
      flag: '--table',
      value: 'NAME',
      meaning: `Which table: ${tables.map(([name]) => name).join(', ')}; what a row is stands below.`,
      expected: tables.map(([name]) => name).join(', '),
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
