/** The job at each checkpoint: a task's prompts in the checkpoint's tokens, their scores, and the figures of both. */
import { EigentraceError } from '../errors.js';
import { tokenizerLibrary, type TwoWayTokenizer } from '../corpus/index.js';
import { interruptible, type ContinuationScore } from '../runtime/index.js';
import {
  refuseUnfit,
  type VisitBody,
  type VisitJob,
  type VisitPart,
  type VisitSubject,
  type VisitTools,
} from '../visit/index.js';
import type { AskedTask } from './data.js';
import { Encoder, type EncodedPair } from './encode.js';
import { continueGreedily, greedyBatch } from './greedy.js';
import {
  chosenBy,
  choiceMetrics,
  corpusFigures,
  countsOf,
  isExactMatch,
  meanFigure,
  perplexityFigure,
  type Figure,
  type TextScore,
} from './metrics.js';
import type {
  ChoiceQuestion,
  GenerationQuestion,
  LastWordQuestion,
  PerplexityQuestion,
  Question,
} from './questions.js';
import { cutFlags, loglikelihoodOf, positionsOf, scoreQuestions } from './question-scores.js';
import type { EvaluateRequest } from './request.js';
import type { Task } from './tasks.js';

/** Written into keys: how prompts are scored. */
export const scoringVersion = 'scores-1';
const defaultNewTokens = 256;

export interface TaskPart extends VisitPart {
  readonly asked: AskedTask;
}

/** What a task is called in tables: examples before questions make another task of it. */
export function titleOf(task: string, fewshot: number): string {
  return fewshot === 0 ? task : `${task} (${fewshot}-shot)`;
}

export class EvaluateJob implements VisitJob<TaskPart> {
  readonly kind = 'tasks' as const;
  readonly parts: readonly TaskPart[];
  readonly #request: EvaluateRequest;
  /** Prompts by tokenizer and task, so that only the first checkpoint encodes them. */
  readonly #encoded = new Map<string, Encoded>();

  constructor(request: EvaluateRequest, asked: readonly AskedTask[]) {
    this.#request = request;
    const { fewshot, fewshotSeed, limit } = request;
    this.parts = asked.map((each): TaskPart => {
      const { name: task, version, sha256 } = each.task;
      const shots = { fewshot, ...(fewshot === 0 ? {} : { fewshotSeed }) };
      return {
        name: titleOf(task, fewshot),
        scope: { task, ...shots, ...(limit === null ? {} : { limit }) },
        options: { task, version, task_sha256: sha256, ...shots, limit, data: each.data.name },
        asked: each,
      };
    });
  }

  keyParts(_: VisitSubject, { asked }: TaskPart): Record<string, unknown> {
    const { fewshot, fewshotSeed } = this.#request;
    const { task, data } = asked;
    return {
      ...{ task: task.name, version: task.version, task_sha256: task.sha256, data: data.sha256, rows: data.rows },
      ...{ fewshot, ...(fewshot === 0 ? {} : { fewshotSeed }), scoring: scoringVersion, tokens: tokenizerLibrary },
    };
  }

  async run(subject: VisitSubject, { asked, name }: TaskPart, tools: VisitTools): Promise<VisitBody> {
    const encoded = this.#encode(subject, asked);
    const limit = positionsOf(subject.model);
    const means: Means = { ...{ subject, tools, asked, encoded, limit }, cut: [] };
    const { figures, items } = await found(means);
    const { task, data } = asked;
    const shots = this.#request.fewshot;
    return {
      values: figures.map(({ metric, value, se, n, reason }) => ({
        ...{ name, metric, value, se, n, definition: `${task.name} ${task.version}` },
        ...(reason === undefined ? {} : { reason }),
      })),
      detail: {
        ...{ task: task.name, version: task.version, task_sha256: task.sha256, same: task.file.same ?? null },
        ...{ fewshot: shots, fewshot_seed: shots === 0 ? null : this.#request.fewshotSeed, data, positions: limit },
        higher_is_better: Object.fromEntries(figures.map(({ metric, higherIsBetter }) => [metric, higherIsBetter])),
        items,
      },
      flags: cutFlags(means.cut, limit),
      provenance: { data },
    };
  }

  #encode(subject: VisitSubject, asked: AskedTask): Encoded {
    const tokenizer = subject.tokenizer();
    const encoder = new Encoder(tokenizer, subject.checkpoint.config, subject.entry.revision);
    const key = JSON.stringify([tokenizer.sha256, encoder.prefix, encoder.end, asked.task.name]);
    let encoded = this.#encoded.get(key);
    if (!encoded) {
      encoded = { tokenizer, encoder, pairs: asked.questions.map((q, i) => pairsOf(q, asked.places[i]!, encoder)) };
      this.#encoded.set(key, encoded);
    }
    return encoded;
  }
}

interface Encoded {
  readonly tokenizer: TwoWayTokenizer;
  readonly encoder: Encoder;
  /** Of each question; none where windows depend on the model, or text is written. */
  readonly pairs: readonly (readonly EncodedPair[])[];
}

interface Means {
  readonly subject: VisitSubject;
  readonly tools: VisitTools;
  readonly asked: AskedTask;
  readonly encoded: Encoded;
  /** Tokens that the model takes. */
  readonly limit: number;
  /** Tokens cut of each question so that it fits. */
  readonly cut: number[];
}

interface Found {
  readonly figures: readonly Figure[];
  readonly items: readonly Readonly<Record<string, unknown>>[];
}

function pairsOf(question: Question, place: string, encoder: Encoder): EncodedPair[] {
  if (question.kind === 'choice') {
    return question.continuations.map((text, c) => encoder.pair(question.contexts[c]!, text, `${place}: choice ${c}`));
  }
  if (question.kind === 'last-word') return [encoder.pair(question.context, question.continuation, place)];
  return [];
}

function found(means: Means): Promise<Found> {
  const { task, questions } = means.asked;
  switch (task.kind) {
    case 'choice':
    case 'choice-in-context':
      return choices(means, task, questions as readonly ChoiceQuestion[]);
    case 'last-word':
      return lastWords(means, questions as readonly LastWordQuestion[]);
    case 'generation':
      return generations(means, task, questions as readonly GenerationQuestion[]);
    case 'perplexity':
      return perplexities(means, questions as readonly PerplexityQuestion[]);
  }
}

async function choices(means: Means, task: Task, questions: readonly ChoiceQuestion[]): Promise<Found> {
  const scores = await scored(means, means.encoded.pairs);
  const right: Record<string, number[]> = {};
  const items = questions.map((question, i) => {
    const own = scores[i]!;
    const loglikelihoods = own.map(loglikelihoodOf);
    const chosen = chosenBy(question, loglikelihoods);
    const hits = Object.entries(chosen).map(([metric, c]) => [metric, c === question.target ? 1 : 0] as const);
    for (const [metric, hit] of hits) (right[metric] ??= []).push(hit);
    const tokens = own.map(({ logprobs }) => logprobs.length);
    return {
      loglikelihoods,
      greedy: own.map(({ greedy }) => greedy),
      tokens,
      target: question.target,
      ...Object.fromEntries(hits),
    };
  });
  const wanted = task.file.kind === 'choice' ? (task.file.metrics ?? choiceMetrics) : choiceMetrics;
  const figures = wanted.flatMap((metric) => (right[metric] ? [meanFigure(metric, right[metric])] : []));
  return { figures, items };
}

async function lastWords(means: Means, questions: readonly LastWordQuestion[]): Promise<Found> {
  const scores = await scored(means, means.encoded.pairs);
  const own = questions.map((_, i) => scores[i]![0]!);
  const loglikelihoods = own.map(loglikelihoodOf);
  return {
    figures: [
      perplexityFigure(loglikelihoods),
      meanFigure(
        'acc',
        own.map(({ greedy }) => (greedy ? 1 : 0)),
      ),
    ],
    items: own.map(({ greedy, logprobs }, i) => ({
      loglikelihood: loglikelihoods[i],
      greedy,
      tokens: logprobs.length,
    })),
  };
}

async function perplexities(means: Means, questions: readonly PerplexityQuestion[]): Promise<Found> {
  const { encoder } = means.encoded;
  const windows = questions.map(({ text }) => encoder.windows(text, means.limit));
  const scores = await scored(means, windows);
  const texts = questions.map(({ counted }, i): TextScore => {
    const loglikelihood = scores[i]!.reduce((sum, each) => sum + loglikelihoodOf(each), 0);
    const tokens = scores[i]!.reduce((sum, { logprobs }) => sum + logprobs.length, 0);
    return { loglikelihood, tokens, ...countsOf(counted) };
  });
  return { figures: corpusFigures(texts), items: texts.map((text) => ({ ...text })) };
}

async function generations(means: Means, task: Task, questions: readonly GenerationQuestion[]): Promise<Found> {
  const { subject, tools, limit, encoded } = means;
  const { file } = task;
  if (file.kind !== 'generation') throw new EigentraceError('internal', `internal: ${task.name} generates nothing`);
  const maxTokens = file.maxTokens ?? defaultNewTokens;
  const room = limit - maxTokens;
  if (room < 1) {
    throw new EigentraceError(
      'input',
      `checkpoint ${subject.entry.revision}: no room for a prompt, got ${limit} positions with ${maxTokens} new tokens ` +
        `(expected fewer: maxTokens in the task file)`,
    );
  }
  const prompts = questions.map(({ context }) => {
    const ids = context === '' ? Int32Array.of(encoded.encoder.prefix) : encoded.encoder.text(context);
    means.cut.push(Math.max(0, ids.length - room));
    return ids.slice(Math.max(0, ids.length - room));
  });
  const longest = prompts.reduce((most, ids) => Math.max(most, ids.length), 1);
  refuseUnfit(subject.model, { maxTokens: longest + maxTokens, batch: greedyBatch }, tools);
  const options = { until: file.until, maxTokens, end: encoded.encoder.end, threads: tools.threads };
  tools.progress('load', 0, subject.model.bytes);
  const written = await interruptible(tools.child, tools.signal, () =>
    continueGreedily(tools.child, subject.model, encoded.tokenizer, prompts, {
      ...options,
      onProgress: (done, of) => tools.progress('generate', done, of),
    }),
  );
  const hits = questions.map(({ answers }, i) => (isExactMatch(written[i]!.text, answers, file.ignore ?? []) ? 1 : 0));
  return {
    figures: [meanFigure('exact_match', hits)],
    items: written.map(({ text, ids }, i) => ({ text, ids, exact_match: hits[i] })),
  };
}

/** Scores of each question's pairs, in order. */
async function scored(
  { subject, tools, cut }: Means,
  pairs: readonly (readonly EncodedPair[])[],
): Promise<readonly (readonly ContinuationScore[])[]> {
  const found = await scoreQuestions(subject.model, pairs, [null], tools);
  cut.push(...found.cut);
  return found.scores[0]!;
}
