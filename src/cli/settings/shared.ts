/** What every command takes, and what several of them share. */
import { availableParallelism } from 'node:os';
import { flag, whole } from '../setting.js';

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

export const force = flag({ flag: '--force', meaning: 'Measure again even where the same measurement is there.' });
