/** The settings of `relate`. */
import { choice, text, texts } from '../setting.js';
import { compareSettings } from './compare.js';
import { exportSettings } from './export.js';
import { shared } from './shared.js';

export const relateSettings = {
  relateRuns: texts({
    flag: 'RUN',
    value: null,
    meaning: 'Folders of runs; each is told by itself.',
    expected: 'folders that trace wrote',
  }),
  evaluations: {
    ...exportSettings.evaluations,
    meaning:
      'Result files of lm-evaluation-harness beside RUN/tasks: a file, a folder or a glob of one model; the step in their ' +
      'names or revisions says which checkpoint they are of. May be repeated.',
  },
  relateFigures: texts({
    flag: '--figures',
    value: 'LIST',
    meaning: 'Figures by name, with commas: rankme, alpha, top1, nll, …; all: those of the tidy table.',
    expected: 'names of figures, or all',
    shown: 'rankme and alpha',
    optionOnly: true,
  }),
  relateTasks: texts({
    flag: '--tasks',
    value: 'LIST',
    meaning: 'Tasks by name, with commas; * stands for any characters.',
    expected: 'names of tasks',
    shown: 'all',
    optionOnly: true,
  }),
  relateMetric: text({
    ...{ optionOnly: true, flag: '--metric', value: 'NAME' },
    meaning: 'The metric of every task: acc, acc_norm, …, or all of them.',
    expected: 'the name of a metric, or all',
    shown: 'acc, else what a task has first',
  }),
  compareSeries: exportSettings.seriesName,
  stage: { ...exportSettings.stage, meaning: 'Only this stage.', shown: 'each on its own, pretraining first' },
  compareLayer: compareSettings.compareLayer,
  comparePosition: compareSettings.comparePosition,
  relateFormat: choice(
    {
      flag: '--format',
      meaning: 'text for readers; csv, json, jsonl or parquet: the long table, a row a number.',
      optionOnly: true,
    },
    ['text', 'csv', 'json', 'jsonl', 'parquet'],
    'text',
  ),
  relateOut: text({
    ...{ optionOnly: true, flag: '--out', value: 'FILE' },
    meaning: 'The file that the long table is written to; its ending says the format.',
    expected: 'a file',
    shown: 'stdout',
  }),
  ...shared,
};
