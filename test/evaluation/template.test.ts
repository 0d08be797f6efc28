/** The language of task files, and the rows and files that it refuses. */
import { describe, expect, it } from 'vitest';
import { capitalize, characterCount, trim, wordCount } from '../../src/evaluation/python-text.js';
import { readTask } from '../../src/evaluation/tasks.js';
import { openTask, openTasks, taskNames } from '../../src/evaluation/index.js';
import { Template } from '../../src/evaluation/template.js';

const fill = (text: string, row: unknown): string => Template.read(text, 'mine: context').fill(row, 'rows.jsonl:3');

describe('a template', () => {
  it('fills fields, paths into objects and lists, and braces', () => {
    const row = { q: 'why?', a: { text: ['x', 'y'] }, n: 3, yes: true, odd: 'a|b' };
    expect(fill('{q} {a.text.1} {n} {yes} {{q}} {odd}', row)).toBe('why? y 3 true {q} a|b');
    expect(fill('{.}', 'itself')).toBe('itself');
  });

  it('does what stands after bars, from left to right, arguments in quotes', () => {
    const row = { s: '  One _ two_three.  ' };
    expect(fill('[{s | trim}]', row)).toBe('[One _ two_three.]');
    expect(fill('[{s | trim-start}][{s | trim-end}]', row)).toBe('[One _ two_three.  ][  One _ two_three.]');
    expect(fill('{s | before "_" | trim}', row)).toBe('One');
    expect(fill('{s | after "_"}', row)).toBe(' two_three.  ');
    expect(fill('{s | trim | before-last " "}', row)).toBe('One _');
    expect(fill('{s | trim | after-last " "}', row)).toBe('two_three.');
    expect(fill('{s | replace "_" "$&|}"}', row)).toBe('  One $&|} two$&|}three.  ');
    expect(fill('{s | pattern "t(.)" "<$1>" | lower}', row)).toBe('  one _ <w>o_<h>ree.  ');
    expect(fill('{s | trim | upper}', { s: 'é' })).toBe('É');
    expect(fill('{s | before "?"}{s | after "?"}', { s: 'none' })).toBe('none');
    expect(fill('{s | before-last " "}|{s | after-last " "}', { s: 'none' })).toBe('|none');
  });

  it.each([
    ['{q', 'mine: context: the template can\'t be read, got "{q" (expected a closing }, or {{ for a brace)'],
    ['q}', "mine: context: the template can't be read, got a } that closes nothing (expected }} for a brace)"],
    ['{}', 'got {} (expected the name of a field, such as {question} or {choices.text})'],
    ['{a..b}', 'got {a..b} (expected the name of a field'],
    ['{q | tirm}', 'got | tirm (expected one of the nearest: trim'],
    ['{q | replace "a"}', 'got 1 after replace (expected 2 arguments)'],
    ['{q | before x}', 'got before x (expected before with arguments in double quotes)'],
    ['{q | pattern "(" ""}', 'got ( (expected a regular expression)'],
  ])('refuses %s', (text, message) => {
    expect(() => Template.read(text, 'mine: context')).toThrow(message);
  });

  it.each([
    [{ question: 1 }, 'rows.jsonl:3: no field "q", got question (expected the fields of the task\'s data set)'],
    [{ q: null }, 'rows.jsonl:3: no field "q", got q'],
    [{ q: ['a'] }, 'rows.jsonl:3: field "q" is no text, got a list (expected a text)'],
    [{ q: {} }, 'rows.jsonl:3: field "q" is no text, got an object (expected a text)'],
  ])('names the line of a row without the field: %j', (row, message) => {
    expect(() => fill('{q}', row)).toThrow(message);
  });
});

describe("Python's text", () => {
  it('has its white space, words, characters and capitals', () => {
    expect(trim('\u001c\u0085\u00a0 x\ufeff\u3000\n')).toBe('x\ufeff');
    expect(wordCount(' a  b\u001dc ')).toBe(5);
    expect(wordCount('')).toBe(1);
    expect(characterCount('a🙂é')).toBe(3);
    expect(capitalize('éLAN Vital')).toBe('Élan vital');
    expect(capitalize('')).toBe('');
  });
});

const mine = {
  task: 'mine',
  version: '1',
  data: { file: 'x.jsonl' },
  kind: 'choice',
  context: '{q}',
  choices: { each: 'options' },
  target: { index: '{label}' },
};
const asked = (changes: object, row: Record<string, unknown>) =>
  readTask({ ...mine, ...changes }, 'mine.task.json').questions.question(row, 'x.jsonl:7', '');

describe('a row', () => {
  it('becomes a question', () => {
    expect(asked({}, { q: 'Q', options: ['a', 'b'], label: 1 })).toEqual({
      kind: 'choice',
      contexts: ['Q', 'Q'],
      continuations: [' a', ' b'],
      choices: ['a', 'b'],
      target: 1,
    });
    const label = { target: { label: '{answer}', among: ['x', 'y'] }, delimiter: '' };
    expect(asked(label, { q: 'Q', options: ['a', 'b'], answer: 'y' })).toMatchObject({
      target: 1,
      continuations: ['a', 'b'],
    });
    const either = { target: [{ label: '{answer}', among: 'names' }, { index: '{label}' }] };
    expect(asked(either, { q: 'Q', options: ['a', 'b'], label: false })).toMatchObject({ target: 0 });
    expect(asked(either, { q: 'Q', options: ['a', 'b'], answer: 'B', names: ['A', 'B'] })).toMatchObject({ target: 1 });
  });

  it.each([
    [{ options: ['a', 'b'], label: 0 }, 'x.jsonl:7: no field "q", got'],
    [
      { q: '', options: ['a', ''], label: 0 },
      'x.jsonl:7: choice 1 is empty, got no text (expected at least one character)',
    ],
    [{ q: '', options: ['a'], label: 0 }, 'x.jsonl:7: too few choices, got 1 (expected at least 2)'],
    [{ q: '', options: 'ab', label: 0 }, 'x.jsonl:7: field "options" is no list, got a string (expected a list)'],
    [
      { q: '', options: ['a', 'b'], label: 2 },
      'x.jsonl:7: the label is none of the choices, got "2" (expected 0 to 1)',
    ],
    [{ q: '', options: ['a', 'b'], label: -1 }, 'x.jsonl:7: the label is none of the choices, got "-1"'],
    [{ q: '', options: ['a', 'b'] }, 'x.jsonl:7: no field "label", got'],
  ])('is refused by its line: %j', (row, message) => {
    expect(() => asked({}, row)).toThrow(message);
  });

  it('is refused where its label is no label', () => {
    const label = { target: { label: '{answer}', among: 'names' } };
    const row = { q: '', options: ['a', 'b'], answer: 'C', names: ['A', 'B'] };
    expect(() => asked(label, row)).toThrow(
      'x.jsonl:7: the label is none of the choices, got "C" (expected one of A, B)',
    );
  });
});

describe('a task', () => {
  it('of the package reads, each under its own name', async () => {
    const names = await taskNames();
    expect(names).toContain('sciq');
    const tasks = await openTasks(names);
    expect(tasks.map(({ name }) => name)).toEqual(names);
    expect(new Set(tasks.map(({ sha256 }) => sha256)).size).toBe(names.length);
  });

  it('that is unknown brings the nearest names', async () => {
    await expect(openTasks(['sqic'])).rejects.toThrow('--task: no such task, got sqic (nearest: sciq, ');
    await expect(openTasks([])).rejects.toThrow('--task: names no task (expected some of: addition, ');
    await expect(openTask('./no.task.json')).rejects.toThrow('--task ./no.task.json: no such file');
    await expect(openTasks(['sciq', (await openTask('sciq')).path])).rejects.toThrow(
      '--task: two tasks have one name, got sciq',
    );
  });

  it.each([
    [{ kind: 'guess' }, 'mine.task.json: is no task file, kind: '],
    [{ choices: ['{a}'] }, 'mine.task.json: is no task file, choices: '],
    [{ contxt: '' }, 'mine.task.json: is no task file, '],
    [{ target: undefined }, 'mine.task.json: is no task file, target: '],
    [{ context: '{' }, "mine.task.json: context: the template can't be read"],
    [{ context: { text: '{q}', then: [['trimm']] } }, 'got | trimm (expected one of the nearest: trim'],
  ])('of one’s own is refused: %j', (changes, message) => {
    expect(() => readTask({ ...mine, ...changes }, 'mine.task.json')).toThrow(message);
  });
});
