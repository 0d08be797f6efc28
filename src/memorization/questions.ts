/**
 * Question–answer sets: `.jsonl[.gz]` with an object a line, or `.parquet`, a file, folder or glob. The answer that is scored
 * is, in this order: `answer` (a text, a number, or TriviaQA's `{value, aliases}`), the first of `answers` (texts, or SQuAD's
 * `{text: […]}`), SciQ's `correct_answer`; where `answer`, `answers` or `label` is a whole number and there are `choices`,
 * the choice of that number.
 */
import type { ByteSource } from '../bytes/index.js';
import { createHash } from 'node:crypto';
import { readParquetFile } from '../bytes/parquet.js';
import { findCorpus, openFile, type CorpusFile } from '../corpus/index.js';
import { parseLine } from '../corpus/jsonl.js';
import { lines } from '../corpus/lines.js';
import { EigentraceError } from '../errors.js';
import { columnTexts, textColumn } from './parquet-column.js';
import { fieldsOf, fill } from './prompt.js';

export interface Question {
  readonly prompt: string;
  /** Without the space before it. */
  readonly answer: string;
  /** FILE:LINE, for errors. */
  readonly place: string;
}

export interface QuestionSet {
  /** The file as tables call it. */
  readonly name: string;
  readonly questions: readonly Question[];
  /** Lower-case hex over prompts and answers: equal if and only if models are asked the same. */
  readonly sha256: string;
}

export interface QuestionOptions {
  /** Template of the prompt. */
  readonly prompt: string;
  /** Take the first so many; null: all. */
  readonly limit: number | null;
  readonly signal?: AbortSignal | undefined;
}

type Row = Readonly<Record<string, unknown>>;

const answerFields = ['answer', 'answers', 'correct_answer'];
/** Questions are held in memory. */
const questionLimit = 1_000_000;

/** Reads a set. An answer that is missing or empty is an error with its place. */
export async function readQuestions(spec: string, options: QuestionOptions): Promise<QuestionSet> {
  const { name, files } = await findCorpus(spec);
  const fields = fieldsOf(options.prompt);
  const questions: Question[] = [];
  const limit = options.limit ?? Infinity;
  for (const file of files) {
    if (questions.length >= limit) break;
    for await (const { row, place } of rowsOf(file, fields)) {
      if (options.signal?.aborted) throw new EigentraceError('interrupted', 'interrupted');
      questions.push({ prompt: fill(options.prompt, row, place), answer: answerOf(row, place), place });
      if (questions.length >= limit) break;
      if (questions.length > questionLimit) {
        const message = `questions ${spec}: too many, got over ${questionLimit} (take the first ones: --limit N)`;
        throw new EigentraceError('input', message);
      }
    }
  }
  if (questions.length === 0) {
    throw new EigentraceError('input', `questions ${spec}: there are none (expected at least one row)`);
  }
  const hash = createHash('sha256');
  for (const { prompt, answer } of questions) hash.update(`${JSON.stringify([prompt, answer])}\n`);
  return { name, questions, sha256: hash.digest('hex') };
}

async function* rowsOf(file: CorpusFile, fields: readonly string[]): AsyncGenerator<{ row: Row; place: string }> {
  if (file.format === 'txt') {
    const message = `questions ${file.path}: is plain text (expected .jsonl, .jsonl.gz or .parquet with a question and an answer a row)`;
    throw new EigentraceError('usage', message);
  }
  const source = await openFile(file);
  try {
    yield* file.format === 'parquet' ? parquetRows(source, fields) : jsonRows(source, file.gzip);
  } finally {
    await source.close();
  }
}

async function* jsonRows(source: ByteSource, gzip: boolean): AsyncGenerator<{ row: Row; place: string }> {
  for await (const { number, text } of lines(source, { gzip })) {
    if (text.trim() === '') continue;
    const place = `${source.name}:${number}`;
    const row = parseLine(text, place);
    if (typeof row !== 'object' || row === null || Array.isArray(row)) {
      throw new EigentraceError('input', `${place}: is no JSON object (expected {"question": "…", "answer": "…"})`);
    }
    yield { row: row as Row, place };
  }
}

/** The template's columns and the first of the answer's that is there, side by side. */
async function* parquetRows(
  source: ByteSource,
  fields: readonly string[],
): AsyncGenerator<{ row: Row; place: string }> {
  const file = await readParquetFile(source);
  const answer = answerFields.find((field) => textColumn(file.schema, field));
  const columns = [...new Set([...fields, ...(answer === undefined ? [] : [answer])])].flatMap((name) => {
    const path = textColumn(file.schema, name);
    return path ? [{ name, texts: columnTexts(source, file, path) }] : [];
  });
  const there = file.schema.children.map(({ element }) => element.name);
  for (let number = 0; columns.length > 0; number++) {
    const values = await Promise.all(columns.map(({ texts }) => texts.next()));
    if (values.every(({ done }) => done === true)) return;
    const texts = values.map((value): string | null => (value.done === true ? null : value.value));
    const row = Object.fromEntries(there.map((name) => [name, undefined]));
    yield {
      row: { ...row, ...Object.fromEntries(columns.map(({ name }, c) => [name, texts[c]])) },
      place: `${source.name}: row ${number}`,
    };
  }
  throw noAnswer(source.name, there);
}

function answerOf(row: Row, place: string): string {
  for (const field of [...answerFields, 'label']) {
    const value = row[field];
    const { choices } = row;
    const isIndex = typeof value === 'number' && Array.isArray(choices);
    const answer: unknown = isIndex ? choices[value] : field === 'label' ? undefined : firstText(value);
    if (typeof answer !== 'string') continue;
    if (answer.trim() !== '') return answer.trimStart();
    throw new EigentraceError(
      'input',
      `${place}: the answer in field "${field}" is empty (expected a text; leave the row out)`,
    );
  }
  throw noAnswer(place, Object.keys(row));
}

/** A text, a number, the `value` or the first of the `text`s of an object, the first of a list. */
function firstText(value: unknown): unknown {
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value)) return value.length === 0 ? '' : firstText(value[0]);
  if (typeof value !== 'object' || value === null) return value;
  const { value: own, text } = value as { value?: unknown; text?: unknown };
  return firstText(own ?? text);
}

function noAnswer(place: string, fields: readonly string[]): EigentraceError {
  const got = fields.slice(0, 6).map((name) => `"${name}"`);
  return new EigentraceError(
    'input',
    `${place}: no answer, got ${got.join(', ') || 'no fields'} (expected a text in "answer", "answers" or "correct_answer", ` +
      'or "choices" with the number of the right one in "label")',
  );
}
