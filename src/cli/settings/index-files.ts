/** The settings of `index`. */
import { bytesOr, choice, flag, text, textOr, whole, wholeOr, type Setting } from '../setting.js';
import { verifySettings } from './compare.js';
import { sampling } from './sampling.js';
import { force, shared, threads } from './shared.js';

const actions = ['build', 'info', 'verify', 'query'] as const;
const own = { optionOnly: true } as const;

/** Memory of sorting: it bounds the shards. */
const sortMemory = bytesOr({
  ...own,
  flag: '--memory',
  word: 'auto',
  shown: 'auto',
  meaning:
    'build: what sorting may take, such as 2GiB: it bounds the shards (6.75 bytes a token of two bytes, 4 GiB at most); auto is half of what is free.',
});

const ids: Setting<readonly number[] | null> = {
  flag: '--ids',
  value: '12,7,99',
  meaning: 'Token ids of the one query; of prob and infgram_prob the last is the continuation.',
  shown: 'none: queries are read from stdin',
  initial: () => null,
  parse: (given) => (/^\d{1,10}(\s*,\s*\d{1,10})*$/.test(given) ? given.split(',').map(Number) : undefined),
  wrong: 'is no list of token ids',
  expected: 'numbers with commas between, such as 12,7,99',
  ...own,
};

export const indexSettings = {
  action: textOr(
    {
      flag: 'ACTION',
      value: '',
      shown: 'none',
      meaning: 'build, info, verify or query.',
      expected: `one of ${actions.join(', ')}`,
      wrong: 'is no action',
    },
    '',
    (given) => (actions as readonly string[]).includes(given),
  ),
  indexed: text({
    ...{ flag: 'CORPUS|DIR', value: null, expected: 'a corpus to build from, or the folder of an index' },
    meaning: 'build: the corpus, of any kind that trace takes; the others: the folder of the index.',
  }),
  tokenizerFile: text({
    ...own,
    ...{ flag: '--tokenizer', value: 'PATH', expected: 'a tokenizer.json, or a folder that holds one', shown: 'none' },
    meaning:
      'build: the tokenizer.json, or its folder (no special tokens are added). query: for --text, and to show documents as text.',
  }),
  indexOut: text({
    ...own,
    flag: '--out',
    value: 'DIR',
    meaning: 'build: the folder of the index.',
    expected: 'a folder',
  }),
  field: { ...sampling.field, meaning: 'build: text field of jsonl and parquet rows.' },
  dtype: choice(
    {
      ...own,
      flag: '--dtype',
      meaning: 'build: bytes of a token; auto is u16, or u32 where the vocabulary does not fit.',
    },
    ['auto', 'u8', 'u16', 'u32'],
    'auto',
  ),
  sortMemory,
  shardTokens: wholeOr(
    {
      ...own,
      flag: '--shard-tokens',
      word: 'memory',
      noun: 'a number of tokens',
      meaning: 'build: most tokens of a shard; memory: what --memory allows.',
    },
    1,
    null,
  ),
  skipMetadata: flag({
    ...own,
    flag: '--skip-metadata',
    meaning: 'build: leave out the rows that say where each document comes from.',
  }),
  threads: { ...threads, meaning: 'build: threads that sort.' },
  force: { ...force, meaning: 'build: build anew where another index is.' },
  deep: { ...verifySettings.deep, meaning: 'verify: every pointer, and the hash of the text, not a sample of them.' },
  queryType: choice(
    { ...own, flag: '--type', meaning: 'query: what is asked of --ids or --text.' },
    ['count', 'prob', 'infgram_prob', 'ntd', 'infgram_ntd', 'find', 'documents'],
    'count',
  ),
  queryIds: ids,
  queryText: text({
    ...own,
    flag: '--text',
    verbatim: true,
    value: 'TEXT',
    meaning: 'query: the same by its text (with --tokenizer).',
    expected: 'a text',
    shown: 'none',
  }),
  documents: whole(
    { ...own, flag: '--documents', noun: 'a number of documents', meaning: 'query: how many documents are shown.' },
    1,
    () => 5,
  ),
  context: whole(
    { ...own, flag: '--context', noun: 'a number of tokens', meaning: 'query: most tokens shown of each.' },
    1,
    () => 60,
  ),
  ...shared,
};
