/**
 * `memorize`: how far each checkpoint's likelihoods rank as the n-grams of its training data do (definitions §8). The loop
 * over the series is `visit`'s; results are findings in RUN/memorization.
 */
import { selectRevisions } from '../checkpoints/index.js';
import { openAnySeries } from '../trace/places.js';
import { findCorpus } from '../corpus/index.js';
import { EigentraceError } from '../errors.js';
import type { Finding } from '../record/index.js';
import { cacheFolder } from '../trace/cache.js';
import { visit, type VisitHooks } from '../visit/index.js';
import { givenTokenizer, openAnyIndex } from './index-source.js';
import { MemorizeJob } from './job.js';
import { readQuestions, type QuestionSet } from './questions.js';
import type { MemorizeRequest, MemorizeResult } from './request.js';
import { summaries } from './summary.js';

/** Finds what is not found yet. Rejects only when nothing can be done at all. */
export async function memorize(request: MemorizeRequest, hooks: VisitHooks = {}): Promise<MemorizeResult> {
  check(request);
  const { signal } = hooks;
  const sets: QuestionSet[] = [];
  for (const spec of request.questions) {
    const set = await readQuestions(spec, { prompt: request.prompt, limit: request.limit, signal });
    refuseTwice('--questions', sets, set.name);
    sets.push(set);
  }
  const corpora: { name: string; spec: string }[] = [];
  for (const spec of request.passages) {
    const { name } = await findCorpus(spec);
    refuseTwice('--passages', corpora, name);
    corpora.push({ name, spec });
  }
  const cache = cacheFolder();
  const given = await givenTokenizer(request.indexTokenizer);
  const index = await openAnyIndex(request, cache, signal);
  try {
    const job = new MemorizeJob(request, { index, given, sets, corpora, cacheFolder: cache });
    const { series, revisions, tokensPerStep, out, threads, memory = null, force } = request;
    const randomInit = (await drawsWeights(request)) ? request.seed : null;
    const result = await visit(
      { series, revisions, tokensPerStep, out, threads, memory, force, randomInit },
      job,
      hooks,
    );
    const found = result.results.flatMap(({ finding }): Finding[] => (finding ? [finding] : []));
    return { ...result, summaries: summaries(found) };
  } finally {
    await index.close();
  }
}

function refuseTwice(option: string, before: readonly { readonly name: string }[], name: string): void {
  if (!before.some((each) => each.name === name)) return;
  throw new EigentraceError('usage', `${option}: two have one name, got ${name} twice (rename a file)`);
}

/** Whether weights are drawn besides, as the control. */
async function drawsWeights({ control, series, revisions, tokensPerStep }: MemorizeRequest): Promise<boolean> {
  if (control !== 'auto') return control === 'random-init';
  const { entries } = await openAnySeries(series, { tokensPerStep });
  return !selectRevisions(entries, revisions).some(({ step }) => step === 0);
}

function check(request: MemorizeRequest): void {
  const { questions, passages, subsets, draws, limit, promptTokens, extractTokens, passageTokens, passageCount } =
    request;
  if (questions.length === 0 && passages.length === 0) {
    throw new EigentraceError('usage', '--questions: is missing (expected a set of questions, or --passages CORPUS)');
  }
  const whole = (option: string, value: number, least: number): void => {
    if (Number.isSafeInteger(value) && value >= least) return;
    throw new EigentraceError('usage', `${option}: got ${value} (expected a whole number ≥ ${least})`);
  };
  whole('--subsets', subsets, 2);
  whole('--bootstrap', draws, 0);
  if (limit !== null) whole('--limit', limit, 1);
  whole('--passage-count', passageCount, 1);
  whole('--prompt-tokens', promptTokens, 1);
  whole('--extract-tokens', extractTokens, 1);
  if (passageTokens >= promptTokens + extractTokens) return;
  throw new EigentraceError(
    'usage',
    `--passage-tokens: is shorter than a window, got ${passageTokens} (expected at least ${promptTokens + extractTokens})`,
  );
}
