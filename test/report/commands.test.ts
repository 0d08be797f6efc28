/** The commands of a run: a shell takes them, and they ask for what was asked for. */
import { describe, expect, it } from 'vitest';
import type { RunRecord } from '../../src/record/index.js';
import { commandsOf } from '../../src/report/commands.js';

const base = {
  ...{ series: 'checkpoints/', corpus: 'my text.jsonl', features: null, revisions: 'all', tokensPerStep: null },
  ...{ field: 'text', sequences: 15_000, minTokens: 32, maxTokens: 512, seed: null, rows: null, position: 'last' },
  ...{ layers: 'final', errors: 'jackknife', alphaRange: [12, 100], nll: false, saveFeatures: false, device: 'cpu' },
};
const record = (requests: readonly Readonly<Record<string, unknown>>[]): RunRecord =>
  ({
    requests: requests.map((options) => ({
      variant: 'aa',
      options: { ...base, ...options },
      series: { name: 'mine', stages: [] },
    })),
    failures: [],
  }) as never;

describe('commands', () => {
  it('name a null by its kind, and its seed where it is not the usual one', () => {
    expect(
      commandsOf(
        record([{ control: { kind: 'gaussian', seed: 0 } }, { control: { kind: 'random-init', seed: 3 } }]),
        'r',
      ),
    ).toEqual([
      "eigentrace trace checkpoints/ --corpus 'my text.jsonl' --control gaussian --out r",
      "eigentrace trace checkpoints/ --corpus 'my text.jsonl' --control random-init --control-seed 3 --out r",
    ]);
  });

  it('of a sweep are one for all its values', () => {
    const points = [
      ...[94, 188].map((value) => ({ sequences: value, sweep: { over: 'n', value } })),
      ...[0, 'final'].map((value) => ({ layers: String(value), sweep: { over: 'layer', value } })),
      { corpus: 'b.jsonl', sweep: { over: 'corpus', value: 'b.jsonl' } },
    ];
    expect(commandsOf(record(points), 'r')).toEqual([
      "eigentrace sweep checkpoints/ --corpus 'my text.jsonl' --out r --over n --values 94,188",
      "eigentrace sweep checkpoints/ --corpus 'my text.jsonl' --out r --over layer --values 0,final",
      'eigentrace sweep checkpoints/ --corpus b.jsonl --out r --over corpus --values b.jsonl',
    ]);
  });

  it('are still there where run.json holds something else', () => {
    expect(commandsOf(record([{ control: null, sweep: 'n', layers: '0' }]), "it's")).toEqual([
      "eigentrace trace checkpoints/ --corpus 'my text.jsonl' --layers 0 --out 'it'\\''s'",
    ]);
  });
});
