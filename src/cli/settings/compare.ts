/** The settings of `compare` and `verify`. */
import { choice, flag, text, texts } from '../setting.js';
import { chosen, exportSettings } from './export.js';
import { shared, threads } from './shared.js';

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
  threads: { ...threads, meaning: 'Threads of the eigensolver.' },
  ...shared,
};
