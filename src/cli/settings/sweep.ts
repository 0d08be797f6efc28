/** The settings of `sweep`. */
import { texts, type Setting } from '../setting.js';
import { sampling } from './sampling.js';
import { force, memory, precision, shared, threads } from './shared.js';
import { alphaRange, traceSettings } from './trace.js';

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
  precision,
  memory,
  threads,
  force,
  dryRun: {
    ...traceSettings.dryRun,
    meaning: 'Print the plan (points, forward passes, FLOPs, time, memory) and do nothing.',
  },
  ...shared,
};
