/**
 * The questions that are asked under every change: a task of `evaluate` with choices or a last word, or a file of a line
 * `{context, choices, target}` a question, as texts or as token ids.
 */
import { basename } from 'node:path';
import { records } from '../corpus/index.js';
import { EigentraceError } from '../errors.js';
import {
  askTask,
  chosenBy,
  Encoder,
  openTasks,
  readTask,
  type AskedTask,
  type EncodedPair,
  type Question,
  type Task,
} from '../evaluation/index.js';
import { canonicalSha256 } from '../record/index.js';
import type { VisitSubject } from '../visit/index.js';
import type { AblateRequest } from './request.js';

export interface QuestionSet {
  readonly name: string;
  /** What determines the questions: for the key. */
  readonly identity: Readonly<Record<string, unknown>>;
  readonly count: number;
  /** Which metrics count right answers; the first is the main one. */
  readonly metrics: readonly string[];
  /** Share of right answers that guessing gives: the mean of 1 / choices; null where there are none to choose from. */
  readonly chance: number | null;
  /** Context and answers of each question in a model's tokens. */
  pairs(subject: VisitSubject): readonly (readonly EncodedPair[])[];
  /** Of question i's answers (ln p, and whether each is what greedy decoding writes): whether each metric counts it right. */
  right(i: number, loglikelihoods: readonly number[], greedy: readonly boolean[]): readonly boolean[];
  /** Which answer is right. */
  target(i: number): number;
}

export async function questionSets(request: AblateRequest): Promise<QuestionSet[]> {
  if (request.tasks.length === 0 && request.items.length === 0) {
    throw new EigentraceError('usage', '--task: is missing (expected a task such as sciq, or --items FILE)');
  }
  const sets: QuestionSet[] = [];
  const tasks = request.tasks.length === 0 ? [] : await openTasks(request.tasks);
  const names = tasks.map(({ name }) => name);
  for (const task of tasks) sets.push(new TaskSet(await asked(task, request, names), request));
  for (const path of request.items) sets.push(await readItems(path, request));
  for (const [i, { name }] of sets.entries()) {
    if (sets.findIndex((other) => other.name === name) === i) continue;
    throw new EigentraceError(
      'usage',
      `--items: two sets of questions have one name, got ${name} twice (rename a file)`,
    );
  }
  return sets;
}

async function asked(task: Task, request: AblateRequest, names: readonly string[]): Promise<AskedTask> {
  if (task.kind === 'generation' || task.kind === 'perplexity') {
    throw new EigentraceError(
      'usage',
      `--task ${task.name}: has no answers to choose from, got a task of kind ${task.kind} (expected choice or last-word)`,
    );
  }
  return await askTask(task, { ...request, examples: [] }, names);
}

class TaskSet implements QuestionSet {
  readonly name: string;
  readonly identity: Readonly<Record<string, unknown>>;
  readonly count: number;
  readonly metrics: readonly string[];
  readonly chance: number | null;
  readonly #asked: AskedTask;
  /** By tokenizer: only the first checkpoint encodes them. */
  readonly #encoded = new Map<string, readonly (readonly EncodedPair[])[]>();

  constructor(given: AskedTask, { fewshot, fewshotSeed }: Pick<AblateRequest, 'fewshot' | 'fewshotSeed'>) {
    const { task, data, questions } = given;
    this.#asked = given;
    this.name = fewshot === 0 ? task.name : `${task.name} (${fewshot}-shot)`;
    this.count = questions.length;
    this.identity = {
      ...{ task: task.name, version: task.version, task_sha256: task.sha256, data: data.sha256, rows: data.rows },
      ...{ fewshot, ...(fewshot === 0 ? {} : { fewshotSeed }) },
    };
    const [first] = questions;
    this.metrics = first?.kind === 'choice' && first.choices !== null ? ['acc', 'acc_norm'] : ['acc'];
    this.chance = chanceOf(questions.map((each) => (each.kind === 'choice' ? each.continuations.length : null)));
  }

  pairs(subject: VisitSubject): readonly (readonly EncodedPair[])[] {
    const encoder = new Encoder(subject.tokenizer(), subject.checkpoint.config, subject.entry.revision);
    const key = JSON.stringify([encoder.tokenizer.sha256, encoder.prefix]);
    let pairs = this.#encoded.get(key);
    if (!pairs) {
      const { questions, places } = this.#asked;
      this.#encoded.set(key, (pairs = questions.map((question, i) => pairsOf(question, places[i]!, encoder))));
    }
    return pairs;
  }

  right(i: number, loglikelihoods: readonly number[], greedy: readonly boolean[]): readonly boolean[] {
    const question = this.#asked.questions[i]!;
    if (question.kind !== 'choice') return [greedy[0]!];
    const chosen = chosenBy(question, loglikelihoods);
    return this.metrics.map((metric) => chosen[metric as 'acc' | 'acc_norm'] === question.target);
  }

  target(i: number): number {
    const question = this.#asked.questions[i]!;
    return question.kind === 'choice' ? question.target : 0;
  }
}

/** By the number of choices of each question; null where one has none. */
function chanceOf(choices: readonly (number | null)[]): number | null {
  const shares = choices.flatMap((count) => (count === null ? [] : [1 / count]));
  return shares.length === 0 || shares.length < choices.length
    ? null
    : shares.reduce((sum, share) => sum + share, 0) / shares.length;
}

function pairsOf(question: Question, place: string, encoder: Encoder): EncodedPair[] {
  if (question.kind === 'choice') {
    return question.continuations.map((text, c) => encoder.pair(question.contexts[c]!, text, `${place}: choice ${c}`));
  }
  if (question.kind === 'last-word') return [encoder.pair(question.context, question.continuation, place)];
  throw new EigentraceError('internal', `internal: ${place} has no answers to choose from`);
}

/** A file of questions; token ids where the first row's context is a list. */
async function readItems(path: string, request: AblateRequest): Promise<QuestionSet> {
  const name = basename(path).replace(/\.(jsonl|parquet)(\.gz)?$/i, '');
  for await (const { row } of records(path)) {
    if (Array.isArray(row['context'])) return await IdSet.read(path, name, request.limit);
    break;
  }
  const task = readTask(
    {
      ...{ task: name, version: '1.0', kind: 'choice', context: '{context}', choices: { each: 'choices' } },
      ...{ target: [{ index: '{target}' }, { index: '{label}' }], data: { file: path } },
    },
    path,
  );
  const without = { ...request, examples: [], data: [path], fewshot: 0 };
  return new TaskSet(await askTask(task, without, [name]), without);
}

/** Questions as token ids: no tokenizer is asked. */
class IdSet implements QuestionSet {
  readonly name: string;
  readonly identity: Readonly<Record<string, unknown>>;
  readonly count: number;
  readonly metrics = ['acc'];
  readonly chance: number | null;
  readonly #pairs: readonly (readonly EncodedPair[])[];
  readonly #targets: readonly number[];

  private constructor(name: string, pairs: readonly (readonly EncodedPair[])[], targets: readonly number[]) {
    this.name = name;
    this.count = pairs.length;
    this.#pairs = pairs;
    this.#targets = targets;
    this.chance = chanceOf(pairs.map(({ length }) => length));
    const ids = pairs.map((own) => own.map(({ context, continuation }) => [[...context], [...continuation]]));
    this.identity = { ids: canonicalSha256([ids, targets]), rows: pairs.length };
  }

  static async read(path: string, name: string, limit: number | null): Promise<IdSet> {
    const pairs: EncodedPair[][] = [];
    const targets: number[] = [];
    for await (const { row, place } of records(path)) {
      if (pairs.length === limit) break;
      const context = idsOf(row['context'], `${place}: context`);
      const choices = row['choices'];
      if (!Array.isArray(choices) || choices.length < 2) {
        const got = Array.isArray(choices) ? `${choices.length}` : typeof choices;
        throw new EigentraceError('input', `${place}: choices: too few, got ${got} (expected a list of at least 2)`);
      }
      const target = row['target'] ?? row['label'];
      if (!Number.isInteger(target) || (target as number) < 0 || (target as number) >= choices.length) {
        const expected = `target: 0 to ${choices.length - 1}`;
        throw new EigentraceError(
          'input',
          `${place}: the label is none of the choices, got ${JSON.stringify(target)} (expected ${expected})`,
        );
      }
      pairs.push(choices.map((choice, c) => ({ context, continuation: idsOf(choice, `${place}: choice ${c}`) })));
      targets.push(target as number);
    }
    return new IdSet(name, pairs, targets);
  }

  pairs(): readonly (readonly EncodedPair[])[] {
    return this.#pairs;
  }

  right(i: number, loglikelihoods: readonly number[]): readonly boolean[] {
    const best = loglikelihoods.reduce((most, value, c) => (value > loglikelihoods[most]! ? c : most), 0);
    return [best === this.#targets[i]];
  }

  target(i: number): number {
    return this.#targets[i]!;
  }
}

function idsOf(value: unknown, place: string): Int32Array {
  const isId = (id: unknown): boolean => Number.isInteger(id) && (id as number) >= 0 && (id as number) < 2 ** 31;
  if (Array.isArray(value) && value.length > 0 && value.every(isId)) return Int32Array.from(value as number[]);
  const got = value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 60);
  throw new EigentraceError('input', `${place}: no token ids, got ${got} (expected a list such as [12, 7, 99])`);
}
