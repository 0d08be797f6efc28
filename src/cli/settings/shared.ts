/** What every command takes, and what several of them share. */
import { availableParallelism } from 'node:os';
import { bytesOr, choice, flag, whole } from '../setting.js';

export const shared = {
  json: flag({ flag: '--json', meaning: 'Machine-readable result on stdout, and nothing else there.' }),
  quiet: flag({ flag: '--quiet', meaning: 'No progress and no notes on stderr, only errors.' }),
  printConfig: flag({
    flag: '--print-config',
    meaning: 'Print every setting with where it came from, and do nothing else.',
    optionOnly: true,
  }),
};

export const threads = whole(
  {
    flag: '--threads',
    noun: 'a number of threads',
    meaning: 'Threads of the forward pass and the eigensolver.',
    shown: 'the cores of this machine',
  },
  1,
  availableParallelism,
);

export const memory = bytesOr({
  flag: '--memory',
  word: 'auto',
  meaning:
    'What both processes together may take, such as 8GiB; a model that does not fit is run some layers at a time, with the same numbers.',
  shown: 'auto: what is free, less a tenth',
});

export const precision = choice(
  {
    flag: '--precision',
    meaning:
      'Of the products in the blocks: float32, or int8 (weights in bytes, a scale a column; states in bytes, a scale a token): ' +
      'faster, states off by about a percent. Some sequences are run both ways and the difference is printed and recorded.',
  },
  ['float32', 'int8'],
  'float32',
);

export const keep = choice(
  {
    flag: '--keep',
    meaning:
      'Checkpoints downloaded from the Hub: all stay in its cache, last keeps only the last one, none deletes each when it is measured. What was in the cache before stays.',
  },
  ['all', 'last', 'none'],
  'all',
);

export const force = flag({ flag: '--force', meaning: 'Measure again even where the same measurement is there.' });
