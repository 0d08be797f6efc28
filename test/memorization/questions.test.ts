import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultPrompt, fieldsOf, fill } from '../../src/memorization/prompt.js';
import { readQuestions, type QuestionOptions } from '../../src/memorization/questions.js';

let folder: string;
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'questions-'))));
afterAll(() => rm(folder, { recursive: true }));

const options = { prompt: defaultPrompt, limit: null };

async function read(rows: unknown[], more: Partial<QuestionOptions> = {}) {
  const path = join(folder, 'set.jsonl');
  await writeFile(path, rows.map((row) => `${typeof row === 'string' ? row : JSON.stringify(row)}\n`).join(''));
  return readQuestions(path, { ...options, ...more });
}

describe('jsonl', () => {
  test('answers in every usual form, a question mark where there is none', async () => {
    const { questions, name } = await read([
      { question: 'Who wrote it', answer: 'Ann' },
      { question: 'Who wrote it?', answer: { value: 'Ann Lee', aliases: ['A. Lee'] } },
      { question: 'Which?', answers: ['first', 'second'] },
      { question: 'Which?', answers: { text: ['squad'], answer_start: [3] } },
      { question: 'Which?', correct_answer: 'sciq', distractor1: 'no' },
      { question: 'How many?', answer: 42 },
      { question: 'Which?', choices: ['a', 'b', 'c'], answer: 2 },
      { question: 'Which?', choices: ['a', 'b'], label: 1 },
    ]);
    expect(questions.map(({ answer }) => answer)).toEqual(['Ann', 'Ann Lee', 'first', 'squad', 'sciq', '42', 'c', 'b']);
    expect(questions[0]!.prompt).toBe('Question: Who wrote it? Answer:');
    expect(questions[1]!.prompt).toBe(questions[0]!.prompt);
    expect(name).toBe('set.jsonl');
  });

  test('the first so many, and a hash of what is asked', async () => {
    const rows = [1, 2, 3].map((n) => ({ question: `${n}`, answer: 'x' }));
    const two = await read(rows, { limit: 2 });
    expect(two.questions).toHaveLength(2);
    expect((await read(rows.slice(0, 2))).sha256).toBe(two.sha256);
    expect((await read(rows)).sha256).not.toBe(two.sha256);
    expect((await read(rows.slice(0, 2), { prompt: 'Q: {question}' })).sha256).not.toBe(two.sha256);
  });

  test('what is wrong is named with its place', async () => {
    const path = join(folder, 'set.jsonl');
    await expect(
      read([
        { question: 'a', answer: 'b' },
        { question: 'c', reply: 'd' },
      ]),
    ).rejects.toThrow(`${path}:2: no answer, got "question", "reply" (expected a text in "answer"`);
    await expect(read([{ question: 'a', answer: '  ' }])).rejects.toThrow(
      `${path}:1: the answer in field "answer" is empty`,
    );
    await expect(read([{ question: 'a', answers: [] }])).rejects.toThrow('the answer in field "answers" is empty');
    await expect(read([{ query: 'a', answer: 'b' }])).rejects.toThrow(
      `${path}:1: no text in field "question", got "query", "answer" (expected the fields that --prompt names; give another, such as --prompt '{query}')`,
    );
    await expect(read(['{"question":'])).rejects.toThrow(`${path}:1: is not JSON`);
    await expect(read(['[1]'])).rejects.toThrow(`${path}:1: is no JSON object`);
    await expect(read([])).rejects.toThrow('there are none (expected at least one row)');
    await writeFile(join(folder, 'a.txt'), 'x');
    await expect(readQuestions(join(folder, 'a.txt'), options)).rejects.toThrow('is plain text (expected .jsonl');
  });
});

test('templates', () => {
  expect(fill('{context}', { context: 'we' }, 'x')).toBe('we');
  expect(fill('Question: {question}\\nAnswer:', { question: '1 + 1 = ?' }, 'x')).toBe('Question: 1 + 1 = ?\nAnswer:');
  expect(fill('{{{q?}}}', { q: 'a' }, 'x')).toBe('{a?}');
  expect(fieldsOf('{a} {b?} {a} {{c}}')).toEqual(['a', 'b']);
  expect(() => fieldsOf('{a')).toThrow('--prompt: a brace stands alone, got "{a"');
});

describe('parquet', () => {
  const rows = Array.from({ length: 500 }, (_, i) => i);

  test("TriviaQA's layout: a struct with the answer's value among nested others", async () => {
    const path = join(folder, 'trivia.parquet');
    const answer = rows.map((i) => ({ aliases: [`alias ${i}`, 'other'], value: `value ${i}`, type: 'Entity' }));
    const columnData = [
      { name: 'question', data: rows.map((i) => `Question ${i}`) },
      { name: 'search', data: rows.map(() => 'x'.repeat(300)) },
      { name: 'answer', data: answer },
    ];
    const schema = [
      { name: 'root', num_children: 3 },
      { name: 'question', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
      { name: 'search', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
      { name: 'answer', num_children: 3, repetition_type: 'OPTIONAL' },
      { name: 'aliases', num_children: 1, converted_type: 'LIST', repetition_type: 'OPTIONAL' },
      { name: 'list', num_children: 1, repetition_type: 'REPEATED' },
      { name: 'element', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
      { name: 'value', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
      { name: 'type', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
    ];
    const bytes = parquetWriteBuffer({ columnData, schema, rowGroupSize: 120 } as never);
    await writeFile(path, new Uint8Array(bytes));
    const { questions } = await readQuestions(path, options);
    expect(questions).toHaveLength(500);
    expect(questions[321]).toEqual({
      prompt: 'Question: Question 321? Answer:',
      answer: 'value 321',
      place: `${path}: row 321`,
    });
  });

  test('lists of answers: the first; an empty one is an error with its row', async () => {
    const path = join(folder, 'lists.parquet');
    const write = async (answers: string[][]) => {
      const columnData = [
        { name: 'question', data: answers.map((_, i) => `Q${i}`) },
        { name: 'answers', data: answers },
      ];
      const schema = [
        { name: 'root', num_children: 2 },
        { name: 'question', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
        { name: 'answers', num_children: 1, converted_type: 'LIST', repetition_type: 'OPTIONAL' },
        { name: 'list', num_children: 1, repetition_type: 'REPEATED' },
        { name: 'element', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
      ];
      await writeFile(path, new Uint8Array(parquetWriteBuffer({ columnData, schema, pageSize: 512 } as never)));
    };
    const answers = rows.map((i) => Array.from({ length: 1 + (i % 3) }, (_, j) => `${i}-${j}`));
    await write(answers);
    expect((await readQuestions(path, options)).questions.map(({ answer }) => answer)).toEqual(answers.map(([a]) => a));
    await write([['a'], [], ['b']]);
    await expect(readQuestions(path, options)).rejects.toThrow(`${path}: row 1: no answer`);
  });

  test('without an answer', async () => {
    const path = join(folder, 'none.parquet');
    await writeFile(path, new Uint8Array(parquetWriteBuffer({ columnData: [{ name: 'question', data: ['a'] }] })));
    await expect(readQuestions(path, options)).rejects.toThrow('row 0: no answer, got "question"');
  });
});
