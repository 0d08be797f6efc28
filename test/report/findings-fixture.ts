/** Findings as the neighbours of `trace` write them, for what reads them. */
import { encodeVectors } from '../../src/directions/detail.js';
import type { FindingDraft, FindingKind } from '../../src/record/index.js';
import { hash } from '../record/fixture.js';

export function findingDraft(kind: FindingKind, changes: Partial<FindingDraft> = {}): FindingDraft {
  return {
    ...{ kind, series: 'pythia-14m', stage: 'pretrain', revision: 'step1000', variant: null, control: null },
    ...{ step: 1000, tokens: 2_097_152_000, parent: null, seed: null },
    ...{ options: {}, values: [], detail: null, flags: [] },
    keyParts: { weights: hash('a') },
    provenance: {
      weights: { sha256: hash('a'), files: [{ name: 'model.safetensors', sha256: hash('e'), size: 123 }] },
      model: { architecture: 'gpt_neox', parameters: 14_067_712, non_embedding: 1_189_888 },
      config_sha256: hash('b'),
      tokenizer_sha256: hash('c'),
      ...{ precision: 'float32', device: 'cpu', versions: { eigentrace: '0.1.0' }, commit: null },
      ...{ created: '2025-01-02T03:04:05.678Z', seconds: 1 },
    },
    ...changes,
  };
}

/** Passages against an index at one checkpoint: gaps by suffix length (0, 1, 2 and above) and at one position. */
export function passagesDraft(
  gaps: readonly (number | null)[],
  extracted: number,
  changes: Partial<FindingDraft> = {},
): FindingDraft {
  const row = (metric: string, value: number, n: number, of: string) => ({
    ...{ name: 'heldout.txt', metric, value, se: 0.01, n, definition: `memorization[${of}]@1` },
  });
  return findingDraft('memorization', {
    options: { passages: 'heldout.txt', index: 'train.index' },
    values: [row('gap', 1.25, 800, 'passages'), row('extractable', extracted, 500, 'extractable 32+8')],
    detail: {
      ...{ what: 'passages', figures: {}, suffix_lengths: [200, 500, 300] },
      by_suffix: gaps.map((gap, from) => ({
        from,
        to: from === 2 ? null : from,
        tokens: 100,
        share: 0.123456789,
        gap,
      })),
      by_position: [{ from: 1, to: 1, tokens: 7, share: 1, gap: 2 }],
    },
    ...changes,
  });
}

/** Directions of a state of 4 coordinates: `vectors` by rows, with equal shares and a text at each end. */
export function directionsDraft(
  vectors: readonly (readonly number[])[],
  changes: Partial<FindingDraft> = {},
): FindingDraft {
  const end = (sign: 1 | -1, rank: number, text: string | null) => ({
    passages: [{ row: 3, token: 7, score: sign * 2.5, text, ids: [5, 6] }],
    tokens: rank === 1 ? [{ id: 9, text: `<b>${sign}`, logit: sign * 1.23456789 }] : null,
  });
  const directions = vectors.map((vector, u) => ({
    ...{ rank: u + 1, eigenvalue: 4 - u, share: (4 - (u % 4)) / 10, carried_by: 1.5, close: u === 1 },
    coordinates: vector.map((weight, index) => ({ index, weight, share: weight ** 2, rms: 1, massive: index === 2 })),
    positive: end(1, u + 1, `${'a'.repeat(200)}the end`),
    negative: end(-1, u + 1, null),
  }));
  return findingDraft('directions', {
    options: { corpus: '/data/heldout.jsonl', position: 'last' },
    detail: {
      ...{ n: 500, d: 4, position: 'last', total: 10, rank: 4, directions },
      massive: [
        { index: 1, rms: 20, mean: -19 },
        { index: 2, rms: 30, mean: 29.5 },
      ],
      vectors: encodeVectors(Float64Array.from(vectors.flat())),
    },
    ...changes,
  });
}

/** Texts of one checkpoint, by prompt then sample; those that hold `loop` go round. */
export function samplesDraft(
  texts: Readonly<Record<string, readonly string[]>>,
  changes: Partial<FindingDraft> = {},
): FindingDraft {
  const prompts = Object.entries(texts).map(([prompt, written]) => ({
    ...{ prompt, prompt_tokens: 3, cut: 0 },
    completions: written.map((text, sample) => ({
      ...{ sample, ids: [5, 6, 7, 8], text, finish: 'length', distinct: [0.5, 2 / 3, null] },
      longestRepeat: { length: 2, first: 0, second: 2 },
      loop: text.includes('loop') ? { period: 2, from: 1, rounds: 3.5 } : null,
    })),
  }));
  const values = prompts.flatMap(({ prompt }, p) => {
    const row = (metric: string, value: number | null, se: number | null) => ({
      ...{ name: `${p + 1}: ${prompt}`.slice(0, 60), metric, value, se, n: 2, definition: `${metric} repetition/1` },
    });
    return [row('distinct_1', 0.5 + p / 10, 0.0123456789), row('distinct_3', null, null), row('loops', 1, 0)];
  });
  return findingDraft('samples', {
    options: { prompts: Object.keys(texts), maxNewTokens: 64, stop: [], greedy: true },
    values,
    detail: { prompts },
    ...changes,
  });
}

/** An ablation of `sciq`, its accuracies by variant; every change is tested. */
export function ablationDraft(
  accuracies: Readonly<Record<string, number>>,
  changes: Partial<FindingDraft> = {},
): FindingDraft {
  const original = accuracies['original']!;
  const row = (name: string, metric: string, value: number | null, se: number | null) => ({
    ...{ name: `sciq: ${name}`, metric, value, se, n: 1000, definition: 'ablation-1' },
  });
  const values = Object.entries(accuracies).flatMap(([name, acc]) => [
    row(name, 'acc', acc, 0.0123456789),
    ...(name === 'original'
      ? []
      : [
          row(name, 'acc_change', acc - original, 0.01),
          row(name, 'acc_mcnemar_p', acc < 0.5 ? 1e-9 : 0.4, null),
          ...(name.startsWith('random')
            ? []
            : [row(name, 'acc_vs_random', 0.1, 0.02), row(name, 'acc_vs_random_p', 0.2, null)]),
        ]),
    row(name, 'logprob', -acc, 0.1),
  ]);
  const variants = Object.keys(accuracies).flatMap((name): object[] => {
    if (name === 'original') return [{ name, kind: 'original', right: ['10'], logprobs: [-1, -2] }];
    const mode = name.endsWith('kept') ? 'keep' : 'remove';
    if (name.startsWith('random')) return [0, 1].map((draw) => ({ name, kind: 'random', mode, size: 10, draw }));
    return [{ name, kind: 'band', mode, band: { from: 1, to: 10 }, size: 10, variance: 0.437654321 }];
  });
  return findingDraft('ablation', {
    options: { questions: { task: 'sciq' }, mean: true },
    values,
    detail: {
      ...{ questions: 'sciq', metrics: ['acc'], chance: 0.25 },
      basis: { corpus: 'heldout.jsonl', sequences: 500, position: 'last', n: 500, d: 128, rank: 127, mean: true },
      variants,
    },
    flags: [
      { code: 'note', message: 'nothing' },
      { code: 'few-rows', message: 'N is small' },
    ],
    ...changes,
  });
}
