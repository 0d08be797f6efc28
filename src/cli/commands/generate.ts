/** `eigentrace generate`: the same prompts down a whole series, side by side. */
import { command } from '../command.js';
import { widthOf } from '../context.js';
import { firstWords, generatedText } from '../generate-text.js';
import type { GenerateRequest } from '../library.js';
import { required, type Resolved } from '../resolve.js';
import { generateSettings } from '../settings/generate.js';
import { styleOf } from '../style.js';
import { json, watchedVisit } from '../watch.js';
import { concludeVisit } from '../visit-conclusion.js';

export const generate = command({
  name: 'generate',
  summary: 'Go on with prompts at every checkpoint, and say how the texts repeat themselves.',
  description:
    'Lets every checkpoint go on with the same prompts, and shows the texts below one another with their repetition: ' +
    'distinct n-grams, the longest span that occurs twice, loops. Greedy by default, with the tokens of transformers; ' +
    '--temperature draws them instead.',
  usage: 'SERIES --prompt TEXT [--temperature T] [--out RUN] [options]',
  examples: [
    {
      does: 'offline: the bundled sample, five checkpoints of each stage',
      type: "eigentrace generate sample: --prompt 'The ' --revisions log:5",
    },
    {
      does: 'three drawn completions of one checkpoint',
      type: "eigentrace generate checkpoints/step1000 --prompt 'Once upon a time' --temperature 0.8 --top-p 0.95 --samples 3",
    },
    {
      does: 'a file of prompts down a series, kept',
      type: 'eigentrace generate checkpoints/ --prompts prompts.jsonl --max-new-tokens 128 --out run',
    },
    {
      does: 'an answer of one line, as JSON',
      type: "eigentrace generate checkpoints/ --prompt 'Q: Who wrote Hamlet? A:' --stop '\\n' --json",
    },
  ],
  settings: generateSettings,
  notes: [
    'A prompt that leaves too little room for --max-new-tokens is cut from the left and flagged. A draw is determined by the ' +
      'seed, the prompt, the number of the sample and the place of the token.',
    'Texts go to RUN/samples (table: eigentrace export RUN --table samples) and are reused when nothing that determines ' +
      'them changed.',
  ],
  async run(resolved, context) {
    const { json: asJson, quiet } = resolved.values;
    const library = await context.library();
    const request = requestOf(resolved);
    const start = context.clock.now();
    const result = await watchedVisit(context, quiet, firstWords, (hooks) => library.generate(request, hooks));
    const { results } = result;
    const limit = Math.max(60, widthOf(context.stdout));
    context.stdout.write(asJson ? json(result) : generatedText(results, styleOf(context.stdout, context.env), limit));
    return concludeVisit(result, { noun: 'checkpoint', done: 'written', start, quiet }, context);
  },
});

function requestOf(resolved: Resolved<typeof generateSettings>): GenerateRequest {
  const { prompt, prompts, generateOut, maxNewTokens, temperature, topK, topP, samples, generateSeed, stop, batch } =
    resolved.values;
  const { revisions, tokensPerStep, threads, force } = resolved.values;
  return {
    series: required(generateSettings, resolved, 'series'),
    ...{ prompts: prompt, promptsFile: prompts, out: generateOut, maxNewTokens, temperature, topK, topP, samples },
    ...{ seed: generateSeed, stop: stop.map((text) => text.replaceAll('\\n', '\n')), batch },
    ...{ revisions, tokensPerStep, threads, force, randomInit: null },
  };
}
