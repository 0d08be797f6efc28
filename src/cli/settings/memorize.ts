/** The settings of `memorize`. */
import { choice, flag, text, textOr, texts, whole } from '../setting.js';
import { evaluateSettings } from './evaluate.js';
import { force, memory, shared, threads } from './shared.js';
import { traceSettings } from './trace.js';

const { series, out, revisions, tokensPerStep } = traceSettings;

export const memorizeSettings = {
  series,
  index: text({
    flag: '--index',
    value: 'DIR|hosted:NAME',
    meaning:
      "An ∞-gram index of the training data: a folder that index build (or infini-gram) wrote, or hosted:NAME, one of infini-gram's service, such as hosted:v4_piletrain_llama.",
    expected: 'a folder of an index, or hosted:NAME',
  }),
  questions: texts({
    flag: '--questions',
    value: 'FILE',
    meaning:
      'Questions with answers: .jsonl (as .gz too) with question and answer, answers or correct_answer, or choices and label; or .parquet. Can be given several times.',
    expected: 'a file, a folder or a glob',
    shown: 'none',
  }),
  out,
  promptTemplate: textOr(
    {
      flag: '--prompt',
      value: 'TEMPLATE',
      meaning:
        'The prompt; the answer follows after a space. {FIELD} is a field of the row, {question?} adds a question mark where there is none, \\n is a line feed.',
      expected: 'a template such as "Question: {question?} Answer:"',
    },
    'Question: {question?} Answer:',
  ),
  limit: evaluateSettings.limit,
  passages: texts({
    flag: '--passages',
    value: 'CORPUS',
    meaning:
      "Also compare on running text, token by token, and count the windows that are reproduced word for word. Give held-out text for the first, the index's own for the second (of its own text every token is certain). Can be given several times.",
    expected: 'a file, a folder, a glob, or sample:',
    shown: 'none',
  }),
  field: traceSettings.field,
  passageCount: whole(
    { flag: '--passage-count', noun: 'a number of passages', meaning: 'How many passages, from the first on.' },
    1,
    () => 500,
  ),
  passageTokens: whole(
    { flag: '--passage-tokens', noun: 'a number of tokens', meaning: 'Cut passages to N tokens.' },
    1,
    () => 256,
  ),
  promptTokens: whole(
    {
      flag: '--prompt-tokens',
      noun: 'a number of tokens',
      meaning: 'First tokens of a passage that are given (k-extractability).',
    },
    1,
    () => 32,
  ),
  extractTokens: whole(
    {
      flag: '--extract-tokens',
      noun: 'a number of tokens',
      meaning: 'Tokens after them that greedy decoding must reproduce.',
    },
    1,
    () => 32,
  ),
  zeros: choice(
    {
      flag: '--zeros',
      meaning:
        'Which handling of ∞-gram probabilities of 0 the table shows: strict ranks such an answer lowest, published skips the token (an answer of zeros alone is dropped). Both are stored.',
    },
    ['strict', 'published'],
    'strict',
  ),
  memorizeControl: choice(
    {
      flag: '--control',
      meaning:
        'What partial ρ is compared with: auto takes step 0 where it is among the checkpoints, else weights drawn at random; random-init draws them besides; none.',
    },
    ['auto', 'random-init', 'none'],
    'auto',
  ),
  controlSeed: { ...traceSettings.controlSeed, meaning: 'Seed of drawn weights and of the bootstrap.' },
  subsets: whole(
    { flag: '--subsets', noun: 'a number of subsets', meaning: "Disjoint subsets S of the paper's error SD/√S." },
    2,
    () => 10,
  ),
  bootstrap: whole(
    { flag: '--bootstrap', noun: 'a number of draws', meaning: 'Draws of the bootstrap intervals; 0 leaves them out.' },
    0,
    () => 1000,
  ),
  indexTokenizer: text({
    flag: '--index-tokenizer',
    value: 'FILE',
    meaning: "tokenizer.json of the index, or its folder, where it is not the model's; a hosted index can do without.",
    expected: 'a file or a folder',
    shown: "the model's, or the service's own",
  }),
  offline: flag({ flag: '--offline', meaning: 'Ask no hosted index: only answers that are kept from before.' }),
  hostedUrl: textOr(
    {
      flag: '--hosted-url',
      value: 'URL',
      meaning: 'Where hosted indexes are.',
      wrong: 'is no URL',
      expected: 'an http or https URL',
    },
    'https://api.infini-gram.io/',
    (given) => URL.canParse(given),
  ),
  hostedConcurrency: whole(
    { flag: '--hosted-concurrency', noun: 'a number of requests', meaning: 'Requests to a hosted index at once.' },
    1,
    () => 4,
  ),
  hostedRate: whole(
    { flag: '--hosted-rate', noun: 'a number of requests', meaning: 'Requests to a hosted index a second.' },
    1,
    () => 10,
  ),
  revisions,
  tokensPerStep,
  memory,
  threads,
  force,
  ...shared,
};
