/** The job at each checkpoint: prompts in its tokens, what it goes on with, and how much that repeats itself. */
import { EigentraceError } from '../errors.js';
import { tokenizerLibrary } from '../corpus/index.js';
import { canonicalSha256, type FindingFlag, type FindingValue } from '../record/index.js';
import { interruptible } from '../runtime/index.js';
import {
  refuseUnfit,
  type VisitBody,
  type VisitJob,
  type VisitPart,
  type VisitSubject,
  type VisitTools,
} from '../visit/index.js';
import { complete, type Completion, type Prompt } from './complete.js';
import { repetitionOf, repetitionVersion, type Repetition } from './repetition.js';
import { samplingOf, type GenerateRequest } from './request.js';
import { samplingVersion } from './sampling.js';

/** What a finding of kind `samples` holds of each prompt, in `detail.prompts`. */
export interface GeneratedPrompt {
  readonly prompt: string;
  /** Tokens that were read. */
  readonly prompt_tokens: number;
  /** Tokens that were cut from the left, since the model ends. */
  readonly cut: number;
  readonly completions: readonly (Completion & Repetition)[];
}

/** Characters of a prompt in the table. */
const nameLength = 60;

export class GenerateJob implements VisitJob {
  readonly kind = 'samples' as const;
  readonly parts: readonly VisitPart[];
  readonly #request: GenerateRequest;
  readonly #prompts: readonly string[];

  constructor(request: GenerateRequest, prompts: readonly string[]) {
    this.#request = request;
    this.#prompts = prompts;
    const { maxNewTokens, samples, stop } = request;
    const sampling = samplingOf(request);
    const how = { maxNewTokens, stop: [...stop], ...(sampling === null ? { greedy: true } : { ...sampling, samples }) };
    this.parts = [
      { name: '', scope: { prompts: canonicalSha256(prompts), ...how }, options: { prompts: [...prompts], ...how } },
    ];
  }

  keyParts(_: VisitSubject, { options }: VisitPart): Record<string, unknown> {
    return { ...options, drawing: samplingVersion, repetition: repetitionVersion, tokens: tokenizerLibrary };
  }

  async run(subject: VisitSubject, _: VisitPart, tools: VisitTools): Promise<VisitBody> {
    const { maxNewTokens, samples, stop, batch } = this.#request;
    const { model, entry } = subject;
    const tokenizer = subject.tokenizer();
    const room = (model.positions ?? Infinity) - maxNewTokens;
    if (room < 1) {
      throw new EigentraceError(
        'input',
        `checkpoint ${entry.revision}: no room for a prompt, got ${model.positions} positions with ${maxNewTokens} new tokens ` +
          '(expected fewer: --max-new-tokens)',
      );
    }
    const encoded = this.#prompts.map((text) => {
      const ids = tokenizer.encode(text);
      if (ids.length === 0) {
        throw new EigentraceError(
          'input',
          `checkpoint ${entry.revision}: its tokenizer makes no token of the prompt, got ${JSON.stringify(text)}`,
        );
      }
      const cut = Math.max(0, ids.length - room);
      return { text, ids: ids.slice(cut), cut };
    });
    const longest = encoded.reduce((most, { ids }) => Math.max(most, ids.length), 1);
    refuseUnfit(model, { maxTokens: longest + maxNewTokens, batch }, tools);
    tools.progress('load', 0, model.bytes);
    let started = 0;
    const written = await interruptible(tools.child, tools.signal, () =>
      complete(tools.child, model, tokenizer, encoded satisfies readonly Prompt[], {
        ...{ maxNewTokens, samples, stop, batch, threads: tools.threads },
        sampling: samplingOf(this.#request),
        ends: endsOf(subject, tokenizer.eos),
        onLoaded: () => (started = performance.now()),
        onProgress: (done, of, tokens) => {
          tools.progress('generate', done, of, (tokens * 1000) / (performance.now() - started));
        },
      }),
    );
    const prompts = encoded.map(({ text, ids, cut }, p): GeneratedPrompt => ({
      ...{ prompt: text, prompt_tokens: ids.length, cut },
      completions: written[p]!.map((each) => ({ ...each, ...repetitionOf(each.ids) })),
    }));
    return { values: prompts.flatMap(valuesOf), detail: { prompts }, flags: flagsOf(prompts, model.positions) };
  }
}

/** A config may name several. */
function endsOf({ checkpoint }: VisitSubject, eos: number | null): number[] {
  const told: unknown = checkpoint.config['eos_token_id'];
  const all = [eos, ...(Array.isArray(told) ? (told as unknown[]) : [told])];
  return [...new Set(all.filter((id): id is number => typeof id === 'number' && Number.isInteger(id)))];
}

function valuesOf({ prompt, completions }: GeneratedPrompt, index: number): FindingValue[] {
  const short = prompt.length <= nameLength ? prompt : `${prompt.slice(0, nameLength - 1)}…`;
  const name = `${index + 1}: ${short}`;
  const row = (metric: string, of: (each: Completion & Repetition) => number | null): FindingValue => {
    const values = completions.map(of).filter((value) => value !== null);
    const n = values.length;
    const definition = `${metric} ${repetitionVersion}`;
    if (n === 0) return { name, metric, value: null, se: null, n, definition, reason: 'too few tokens were written' };
    const mean = values.reduce((sum, value) => sum + value, 0) / n;
    const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    return { name, metric, value: mean, se: n > 1 ? Math.sqrt(squares / (n - 1) / n) : null, n, definition };
  };
  return [
    row('distinct_1', ({ distinct }) => distinct[0]),
    row('distinct_2', ({ distinct }) => distinct[1]),
    row('distinct_3', ({ distinct }) => distinct[2]),
    row('longest_repeat', ({ longestRepeat }) => longestRepeat?.length ?? 0),
    row('loops', ({ loop }) => (loop === null ? 0 : 1)),
    row('loop_period', ({ loop }) => loop?.period ?? null),
    row('new_tokens', ({ ids }) => ids.length),
  ].map((value) => (value.metric === 'loop_period' && value.n === 0 ? { ...value, reason: 'nothing loops' } : value));
}

function flagsOf(prompts: readonly GeneratedPrompt[], positions: number | null): FindingFlag[] {
  const long = prompts.filter(({ cut }) => cut > 0);
  if (long.length === 0) return [];
  const tokens = long.reduce((sum, { cut }) => sum + cut, 0);
  const message =
    `${long.length} of ${prompts.length} prompts are longer than the model's ${positions} tokens leave room for: ` +
    `${tokens} tokens were cut from the left`;
  return [{ code: 'context-cut', message, count: long.length }];
}
