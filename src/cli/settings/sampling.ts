/** Which sequences of a corpus are taken, and which of their states. */
import { choice, text, textOr, whole, wholeOr } from '../setting.js';

/** Sequence filters by name (definitions §1). */
export const presets = {
  paper: { sequences: 15_000, minTokens: 32, maxTokens: 512 },
  'pythia-script': { sequences: 15_000, minTokens: 10, maxTokens: 128 },
} as const;

const layers = /^(final|all|\d+(\s*,\s*\d+)*)$/;

export const sampling = {
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
