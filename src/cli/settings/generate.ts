/** The settings of `generate`. */
import { text, texts, whole, wholeOr, type Setting } from '../setting.js';
import { force, shared, threads } from './shared.js';
import { traceSettings } from './trace.js';

const { series, revisions, tokensPerStep } = traceSettings;

/** A number that `accepts` takes. */
function number(
  words: { flag: string; value: string; meaning: string; expected: string },
  initial: number,
  accepts: (value: number) => boolean,
): Setting<number> {
  return {
    shown: String(initial),
    wrong: 'is out of range',
    ...words,
    initial: () => initial,
    parse: (given) => (/^\d*\.?\d+$/.test(given) && accepts(Number(given)) ? Number(given) : undefined),
  };
}

export const generateSettings = {
  series,
  prompt: texts({
    flag: '--prompt',
    value: 'TEXT',
    meaning: 'A text to go on with, as it stands. Can be given several times.',
    expected: "a text; to write from nothing the token that begins texts, such as '<|endoftext|>'",
    verbatim: true,
    optionOnly: true,
  }),
  prompts: text({
    flag: '--prompts',
    value: 'FILE',
    meaning: 'A file of prompts: .txt, one a line, or .jsonl, texts or objects with "prompt".',
    expected: 'a file',
    shown: 'none',
    optionOnly: true,
  }),
  generateOut: text({
    flag: '--out',
    value: 'RUN',
    meaning: 'The folder of the run: made, or gone on with. Without it the texts are printed and not kept.',
    expected: 'a folder',
    shown: 'none',
    optionOnly: true,
  }),
  maxNewTokens: whole(
    { flag: '--max-new-tokens', noun: 'a number of tokens', meaning: 'Tokens of a completion, at most.' },
    1,
    () => 64,
  ),
  temperature: number(
    {
      flag: '--temperature',
      value: 'T',
      meaning: 'Divides the logits before a token is drawn; 0 always takes the likeliest token.',
      expected: 'a number ≥ 0, such as 0.8',
    },
    0,
    (value) => Number.isFinite(value),
  ),
  topK: wholeOr(
    {
      flag: '--top-k',
      word: 'all',
      noun: 'a number of tokens',
      meaning: 'Draw among the K likeliest tokens only (and those as likely as the K-th).',
    },
    1,
    null,
  ),
  topP: number(
    {
      flag: '--top-p',
      value: 'P',
      meaning: 'Draw among the likeliest tokens only whose probabilities together reach P, after top-k.',
      expected: 'a number above 0, at most 1',
    },
    1,
    (value) => value > 0 && value <= 1,
  ),
  samples: whole(
    { flag: '--samples', noun: 'a number', meaning: 'Completions a prompt; needs a temperature.' },
    1,
    () => 1,
  ),
  generateSeed: whole(
    {
      flag: '--seed',
      noun: 'a seed',
      meaning: 'Seed of the draws: the same one gives the same texts, whatever the batch and the other prompts.',
    },
    0,
    () => 0,
  ),
  stop: texts({
    flag: '--stop',
    value: 'TEXT',
    meaning:
      "A text that ends a completion and is not part of it; '\\n' is the end of a line. Can be given several times.",
    expected: 'a text',
    shown: "none but the model's own end of text",
    verbatim: true,
    optionOnly: true,
  }),
  batch: whole({ flag: '--batch', noun: 'a number of sequences', meaning: 'Sequences at once.' }, 1, () => 16),
  revisions,
  tokensPerStep,
  threads,
  force,
  ...shared,
};
