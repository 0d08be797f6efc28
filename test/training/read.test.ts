import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseLogName, readTrainingLog } from '../../src/training/index.js';

const sample = (name: string) => new URL(`../../sample/log/${name}`, import.meta.url).pathname;

async function file(name: string, content: string): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), 'eigentrace-training-')), name);
  await writeFile(path, content);
  return path;
}

describe("the sample's logs", () => {
  test('pretraining: empty cells are null, values as logged', async () => {
    const log = await readTrainingLog(sample('pretrain.csv'));
    expect(log).toMatchObject({ stage: 'pretrain', source: 'pretrain.csv' });
    expect(log.steps).toHaveLength(311);
    expect(Object.keys(log.columns)).toEqual(['train_loss', 'heldout_loss']);
    expect([log.steps[0], log.tokens[0], log.columns['train_loss']![0], log.columns['heldout_loss']![0]]).toEqual([
      0,
      0,
      null,
      7.1672,
    ]);
    expect([log.steps[1], log.tokens[1], log.columns['train_loss']![1]]).toEqual([1, 4096, 7.1599]);
  });

  test.each([
    ['sft.csv', 'sft', ['loss', 'train_greedy_accuracy']],
    ['dpo.csv', 'dpo', ['loss', 'margin', 'accuracy', 'chosen_logp', 'rejected_logp']],
    ['rlvr.csv', 'rlvr', ['mean_reward', 'mixed_groups', 'train_greedy_accuracy']],
  ])('%s: the stage from its name', async (name, stage, columns) => {
    const log = await readTrainingLog(sample(name));
    expect([log.stage, Object.keys(log.columns)]).toEqual([stage, columns]);
  });
});

test('trainer_state.json: entries of a step are one row; NaN is null', async () => {
  const state = `{"epoch": 1.0, "log_history": [
    {"epoch": 0.1, "learning_rate": 5e-05, "loss": 2.5, "step": 10, "num_input_tokens_seen": 20480},
    {"epoch": 0.2, "eval_loss": 2.25, "step": 20},
    {"epoch": 0.2, "learning_rate": 2.5e-05, "loss": NaN, "grad_norm": Infinity, "step": 20},
    {"epoch": 0.2, "step": 20, "total_flos": 1e15, "train_runtime": 12.5}
  ]}`;
  const log = await readTrainingLog(`sft=${await file('trainer_state.json', state)}`);
  expect(log.stage).toBe('sft');
  expect(log.steps).toEqual([10, 20]);
  expect(log.tokens).toEqual([20480, null]);
  expect(log.columns['loss']).toEqual([2.5, null]);
  expect(log.columns['eval_loss']).toEqual([null, 2.25]);
  expect(log.columns['learning_rate']).toEqual([5e-5, 2.5e-5]);
  expect(log.columns['grad_norm']).toBeUndefined();
});

test('quotes, other separators and names of steps, a byte-order mark', async () => {
  const log = await readTrainingLog(
    await file('log.csv', '\uFEFFName;_step;"Train ""Loss"""\r\n"a;\nb";0;3.5\r\n\r\nc;5;3\r\n'),
  );
  expect(log.steps).toEqual([0, 5]);
  expect(log.columns).toEqual({ 'train "loss"': [3.5, 3] });
});

test.each([
  ['log.csv', '', /log\.csv: is empty/],
  ['log.csv', 'stepp,loss\n1,2\n', /no column of steps, got stepp, loss/],
  ['log.csv', 'step,loss\n1,2,3\n', /line 2 has 3 cells \(expected 2/],
  ['log.csv', 'step,loss\n1,2\nten,3\n', /line 3: step is not a number, got 'ten'/],
  ['log.csv', 'step,loss\n2,2\n1,3\n', /steps go backwards, got 1 after 2/],
  ['log.csv', 'step,tokens\n1,2\n', /nothing beside the steps, got step, tokens/],
  ['log.csv', 'step,loss,Loss\n1,2,3\n', /the column loss stands there twice/],
  ['log.csv', 'step,loss\n1,"2\n', /a quote is never closed, in the row at line 2/],
  ['trainer_state.json', '{"log_history": 3}', /no log_history/],
  ['trainer_state.json', '{"log_history": [{"loss": 1}]}', /log_history\[0\]\.step is not a number, got undefined/],
  ['trainer_state.json', '{', /is not JSON/],
])('%s %j', async (name, content, message) => {
  await expect(readTrainingLog(await file(name, content))).rejects.toThrow(message);
});

test('STAGE=FILE', () => {
  expect(parseLogName('dpo=a/b.csv')).toEqual({ stage: 'dpo', path: 'a/b.csv' });
  expect(parseLogName('a/b=c.csv')).toEqual({ stage: null, path: 'a/b=c.csv' });
});
