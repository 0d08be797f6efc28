/** `eigentrace memorize`: how far a model's likelihoods follow the n-grams of its training data. */
import { command } from '../command.js';
import { exitStatus, widthOf } from '../context.js';
import { count, duration } from '../format.js';
import type { MemorizeRequest } from '../library.js';
import { foundLine, memorizeTables } from '../memorize-table.js';
import { required, type Resolved } from '../resolve.js';
import { memorizeSettings } from '../settings/memorize.js';
import { printable, styleOf } from '../style.js';
import { json, watchedVisit } from '../watch.js';

export const memorize = command({
  name: 'memorize',
  summary: "How far a model's likelihoods rank as the n-grams of its training data do.",
  description:
    'Compares, at every checkpoint, the likelihood that the model gives the answers of a set of questions with that of ' +
    'the ∞-gram of its training data: Spearman ρ (distributional memorization), the partial ρ given the length of the ' +
    'answers, the ρ of means a token, all beside an untrained control. With --passages also token by token on running ' +
    'text, and how many windows are reproduced word for word.',
  usage: 'SERIES --index DIR|hosted:NAME --questions FILE --out RUN [options]',
  examples: [
    {
      does: 'an index of your own corpus, then every checkpoint against it',
      type: "eigentrace index build 'train/*.jsonl' --tokenizer checkpoints/tokenizer.json --out pile.index && eigentrace memorize checkpoints/ --index pile.index --questions sciq.jsonl --out run",
    },
    {
      does: "infini-gram's index of the Pile; answers are kept, so a stopped run goes on",
      type: 'eigentrace memorize checkpoints/ --index hosted:v4_piletrain_llama --questions trivia.parquet --limit 1000 --out run',
    },
    {
      does: 'another prompt, and the published handling of zero probabilities in the table',
      type: "eigentrace memorize checkpoints/ --index pile.index --questions cloze.jsonl --prompt '{context}' --zeros published --out run",
    },
    {
      does: 'token by token on held-out text; which windows of 32 + 32 tokens of the training text are reproduced',
      type: 'eigentrace memorize checkpoints/ --index pile.index --passages heldout.jsonl --passages train.jsonl --out run',
    },
  ],
  settings: memorizeSettings,
  notes: [
    'ρ alone may be the length of the answers: an untrained model reaches 0.4. Memorization is only said where the ' +
      "partial ρ exceeds the control's beyond its error.",
    '∞-grams are looked up once for all checkpoints and kept in EIGENTRACE_CACHE; findings go to RUN/memorization and are ' +
      'reused when nothing that determines them changed. All figures: eigentrace export RUN --table memorization.',
    '--passages compares tokens one by one, so the index must be of the model’s tokenizer.',
  ],
  async run(resolved, context) {
    const request = requestOf(resolved);
    const { json: asJson, quiet, zeros } = resolved.values;
    const library = await context.library();
    const start = context.clock.now();
    const result = await watchedVisit(context, quiet, foundLine, (hooks) => library.memorize(request, hooks));
    const { results, summaries } = result;
    const style = styleOf(context.stdout, context.env);
    const limit = Math.max(60, widthOf(context.stdout));
    context.stdout.write(asJson ? json(result) : memorizeTables(summaries, zeros, style, limit));
    const number = (state: string): number => results.filter((r) => r.state === state).length;
    const failed = number('failed');
    if (!quiet) {
      const seconds = (context.clock.now() - start) / 1000;
      const where = result.run === null ? '' : `; in ${printable(result.run)}`;
      context.stderr.write(
        `${count(results.length, 'finding')}: ${number('measured')} measured, ${number('reused')} reused, ${failed} failed; ` +
          `${duration(seconds)}${where}\n`,
      );
      for (const { revision, error } of results.filter(({ state }) => state === 'failed'))
        context.stderr.write(
          `${printable(revision)} ${style.bad('failed:')} ${printable(error ?? 'no reason given')}\n`,
        );
      if (result.interrupted) context.stderr.write('interrupted: the same command goes on from here\n');
      else if (failed > 0) context.stderr.write('the same command tries the failed ones again\n');
    }
    if (result.interrupted) return exitStatus.interrupted;
    if (failed === 0) return exitStatus.done;
    return failed === results.length ? exitStatus.failed : exitStatus.partly;
  },
});

function requestOf(resolved: Resolved<typeof memorizeSettings>): MemorizeRequest {
  const { values } = resolved;
  const {
    promptTemplate: prompt,
    limit,
    passages,
    field,
    passageCount,
    passageTokens,
    promptTokens,
    extractTokens,
    subsets,
  } = values;
  const { offline, hostedUrl, hostedConcurrency, hostedRate, revisions, tokensPerStep, memory, threads, force } =
    values;
  return {
    series: required(memorizeSettings, resolved, 'series'),
    index: required(memorizeSettings, resolved, 'index'),
    out: required(memorizeSettings, resolved, 'out'),
    ...{ indexTokenizer: values.indexTokenizer, questions: values.questions, prompt, limit },
    ...{ passages, field, passageCount, passageTokens, promptTokens, extractTokens },
    ...{ control: values.memorizeControl, seed: values.controlSeed, subsets, draws: values.bootstrap },
    ...{ offline, hostedUrl, hostedConcurrency, hostedRate, revisions, tokensPerStep, memory, threads, force },
  };
}
