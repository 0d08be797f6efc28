/**
 * The job at each checkpoint: the model's ln p of the answers (logits at their positions only) and of the passages, beside
 * the ∞-grams of the same, which are looked up once. A part each is a set of questions, or the passages.
 */
import { selectSequences, specialTokensOf, type Sequences, type Tokenizer } from '../corpus/index.js';
import { EigentraceError } from '../errors.js';
import type { InfinigramIndex } from '../infinigram/infinigram.js';
import type { FindingBody } from '../record/index.js';
import { score, type ScoreItem } from '../runtime/index.js';
import { tokenCache } from '../trace/cache.js';
import {
  scoringStages,
  type VisitBody,
  type VisitJob,
  type VisitPart,
  type VisitSubject,
  type VisitTools,
} from '../visit/index.js';
import { indexTokens, modelTokens, type AnswerTokens } from './answer-tokens.js';
import { memorizationVersion } from './detail.js';
import { lookUp, type Looked } from './grams.js';
import { indexName, tokensOfIndex, type IndexTokens } from './index-source.js';
import type { Gram } from './likelihood.js';
import { passageFinding } from './passage-finding.js';
import { questionFinding } from './question-finding.js';
import type { QuestionSet } from './questions.js';
import type { MemorizeRequest } from './request.js';

export interface MemorizePart extends VisitPart {
  /** Null: passages. */
  readonly questions: QuestionSet | null;
  /** The corpus of the passages. */
  readonly corpus: string | null;
}

/** What the passages of one tokenizer are. */
interface Passages {
  readonly sequences: Sequences;
  /** A passage each without special tokens after it; `start` is where scoring begins. */
  readonly looked: readonly Looked[];
  /** Special tokens before. */
  readonly leading: number;
}

export class MemorizeJob implements VisitJob<MemorizePart> {
  readonly kind = 'memorization' as const;
  readonly parts: readonly MemorizePart[];
  readonly #request: MemorizeRequest;
  readonly #index: InfinigramIndex;
  /** Of the index, where it was given. */
  readonly #given: Tokenizer | null;
  readonly #cache: string;
  /** By part and tokenizer, so that every checkpoint but the first finds them ready. */
  readonly #grams = new Map<string, Promise<readonly (readonly Gram[])[]>>();
  readonly #answers = new Map<string, AnswerTokens[]>();
  readonly #passages = new Map<string, Promise<Passages>>();
  readonly #indexTokens = new Map<string, Promise<IndexTokens>>();

  constructor(
    request: MemorizeRequest,
    means: {
      index: InfinigramIndex;
      given: Tokenizer | null;
      sets: readonly QuestionSet[];
      corpora: readonly { name: string; spec: string }[];
      cacheFolder: string;
    },
  ) {
    this.#request = request;
    this.#index = means.index;
    this.#given = means.given;
    this.#cache = means.cacheFolder;
    const index = indexName(means.index);
    const { prompt, limit, subsets, draws, seed, field } = request;
    const { passageCount, passageTokens, promptTokens, extractTokens } = request;
    const errors = { subsets, draws, seed };
    this.parts = [
      ...means.sets.map((questions): MemorizePart => ({
        name: questions.name,
        scope: { questions: questions.name, index },
        options: { questions: questions.name, index, prompt, limit, ...errors },
        questions,
        corpus: null,
      })),
      ...means.corpora.map(({ name, spec }): MemorizePart => ({
        name,
        scope: { passages: name, index },
        options: { passages: name, field, index, passageCount, passageTokens, promptTokens, extractTokens },
        questions: null,
        corpus: spec,
      })),
    ];
  }

  async keyParts(subject: VisitSubject, { questions, corpus }: MemorizePart): Promise<Record<string, unknown>> {
    const { subsets, draws, seed, passageTokens, promptTokens, extractTokens } = this.#request;
    const common = {
      index: this.#index.info.identity,
      index_tokenizer: (await this.#tokens(subject)).identity,
      definitions: memorizationVersion,
    };
    if (questions) return { ...common, questions: questions.sha256, subsets, draws, seed };
    const { sequences } = await this.#passagesOf(subject, corpus!, undefined);
    return { ...common, passages: sequences.sha256, passageTokens, promptTokens, extractTokens };
  }

  async run(subject: VisitSubject, part: MemorizePart, tools: VisitTools): Promise<VisitBody> {
    const body = part.questions
      ? await this.#questions(subject, part.questions, tools)
      : await this.#passagesFinding(subject, part, tools);
    const { identity, tokens } = this.#index.info;
    const { flags, identity: tokenizer } = await this.#tokens(subject);
    return {
      ...body,
      flags: [...(body.flags ?? []), ...flags],
      provenance: { index: { name: indexName(this.#index), identity, tokens, tokenizer } },
    };
  }

  async #questions(subject: VisitSubject, set: QuestionSet, tools: VisitTools): Promise<FindingBody> {
    const tokens = await this.#tokens(subject);
    const key = JSON.stringify([set.name, tokens.identity]);
    const grams = await this.#once(this.#grams, key, async () => {
      const looked = await indexTokens(tokens.encode, tokens.name, set.questions);
      return await this.#lookUp(looked, tools);
    });
    const answers = this.#answersOf(subject, set);
    const items = answers.map(({ ids, start }): ScoreItem => ({
      context: ids.slice(0, start),
      continuations: [ids.slice(start)],
    }));
    const scores = await this.#score(subject, items, tools);
    const cut = scores.filter(([each]) => each!.cut > 0).length;
    const found = questionFinding(
      set.name,
      scores.map(([each], i) => ({ lm: each!.logprobs, grams: grams[i]! })),
      this.#request,
    );
    const message = `prompts of ${cut} questions were cut from the left: the model takes ${String(subject.model.positions)} tokens`;
    return { ...found, ...(cut > 0 ? { flags: [{ code: 'prompts-cut', message, count: cut }] } : {}) };
  }

  async #passagesFinding(
    subject: VisitSubject,
    { name, corpus }: MemorizePart,
    tools: VisitTools,
  ): Promise<FindingBody> {
    const { looked, leading, sequences } = await this.#passagesOf(subject, corpus!, tools);
    const key = JSON.stringify(['passages', corpus, subject.tokenizerSha256]);
    // The index knows no special tokens: they are no context.
    const plain = looked.map(({ ids, start }) => ({ ids: ids.subarray(leading), start: start - leading }));
    const grams = await this.#once(this.#grams, key, () => this.#lookUp(plain, tools));
    const { promptTokens, extractTokens } = this.#request;
    const border = leading + promptTokens;
    const end = border + extractTokens;
    const running = looked.map(({ ids, start }) => ({
      context: ids.slice(0, start),
      continuations: [ids.slice(start)],
    }));
    const windows = looked.flatMap(({ ids }) =>
      ids.length < end ? [] : [{ context: ids.slice(0, border), continuations: [ids.slice(border, end)] }],
    );
    const scores = (await this.#score(subject, [...running, ...windows], tools)).map(([each]) => each!);
    const found = passageFinding(
      name,
      plain.map(({ start }, p) => ({ start, lm: scores[p]!.logprobs, grams: grams[p]! })),
      // Each true token is the likeliest given the true ones before: that is what greedy decoding would write.
      scores.slice(running.length).map(({ greedy }) => greedy),
      { promptTokens, extractTokens },
    );
    return { ...found, flags: sequences.flags.map(({ code, message }) => ({ code, message })) };
  }

  #tokens(subject: VisitSubject): Promise<IndexTokens> {
    return this.#once(this.#indexTokens, subject.tokenizerSha256 ?? '', () =>
      tokensOfIndex(this.#index, this.#given, () => {
        const tokenizer = subject.tokenizer();
        return { tokenizer, path: subject.checkpoint.tokenizer!.path };
      }),
    );
  }

  #answersOf(subject: VisitSubject, set: QuestionSet): AnswerTokens[] {
    const key = JSON.stringify([set.name, subject.tokenizerSha256]);
    let answers = this.#answers.get(key);
    if (!answers) this.#answers.set(key, (answers = modelTokens(subject.tokenizer(), set.questions)));
    return answers;
  }

  async #passagesOf(subject: VisitSubject, corpus: string, tools: VisitTools | undefined): Promise<Passages> {
    const tokenizer = subject.tokenizer();
    const { isModels } = await this.#tokens(subject);
    if (!isModels) {
      throw new EigentraceError(
        'usage',
        `--passages: tokens are compared one by one, got an index of another tokenizer than checkpoint ` +
          `${subject.entry.revision}'s (expected the same, such as an index of your own: eigentrace index build)`,
      );
    }
    return await this.#once(this.#passages, JSON.stringify([corpus, tokenizer.sha256]), async () => {
      const special = specialTokensOf(tokenizer);
      const [leading, trailing] = [special.leading.length, special.trailing.length];
      const { field, passageCount, passageTokens, promptTokens, extractTokens } = this.#request;
      const positions = subject.model.positions ?? Infinity;
      const sequences = await selectSequences({
        ...{ corpus, field, tokenizer, sequences: passageCount, seed: null, rows: null },
        minTokens: leading + promptTokens + extractTokens + trailing - 1,
        maxTokens: Math.min(leading + passageTokens, positions + 1),
        cacheFolder: tokenCache(this.#cache),
        signal: tools?.signal,
      });
      // What was cut has lost its trailing special tokens already.
      const looked = sequences.ids.map((ids) => {
        const isWhole = trailing > 0 && special.trailing.every((id, i) => ids[ids.length - trailing + i] === id);
        return { ids: isWhole ? ids.subarray(0, ids.length - trailing) : ids, start: Math.max(1, leading) };
      });
      return { sequences, looked, leading };
    });
  }

  async #lookUp(looked: readonly Looked[], tools: VisitTools): Promise<readonly (readonly Gram[])[]> {
    const { signal } = tools;
    const onProgress = (done: number, of: number): void => tools.progress('query', done, of);
    return await lookUp(this.#index, looked, { cacheFolder: this.#cache, signal, onProgress });
  }

  async #score(subject: VisitSubject, items: readonly ScoreItem[], tools: VisitTools) {
    const { child, threads, signal } = tools;
    const start = performance.now();
    return await score(child, subject.model, items, {
      threads,
      stagesFor: scoringStages(subject.model, tools),
      ...(signal ? { signal } : {}),
      onProgress: (done, of) => {
        tools.progress('score', done, of, done > 0 ? (1000 * done) / (performance.now() - start) : null);
      },
    });
  }

  /** What was made once is there for the next checkpoint; what failed is tried again. */
  #once<T>(kept: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
    let value = kept.get(key);
    if (!value) {
      value = make();
      kept.set(key, value);
      value.catch(() => kept.delete(key));
    }
    return value;
  }
}
