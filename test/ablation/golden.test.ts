/** Eigen-direction ablation beside numpy and transformers (golden/ablation): basis, log-likelihoods, predictions. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { project } from '../../src/ablation/subspace.js';
import { EigentraceError } from '../../src/errors.js';
import { readSafetensors } from '../../src/bytes/index.js';
import { Model } from '../../src/models/index.js';
import {
  headScores,
  loadScoreHead,
  ModelProcess,
  represent,
  scoreChanged,
  scoredStates,
} from '../../src/runtime/index.js';
import {
  eigenvectors,
  openKernel,
  rowCovariance,
  type Eigenvectors,
  type RowCovariance,
} from '../../src/spectrum/index.js';
import { golden, modelSource } from '../golden/checkpoint.js';

interface Golden {
  d: number;
  eigenvalues: number[];
  items: { context: number[]; choices: number[][] }[];
  variants: {
    mode: 'none' | 'keep' | 'remove';
    k: number;
    with_mean: boolean;
    choice_loglikelihoods: number[][];
    prediction: number[];
    logits_item0_context: number[];
  }[];
}

let reference: Golden;
let tensors: Awaited<ReturnType<typeof readSafetensors>>['tensors'];
let covariance: RowCovariance;
let basis: Eigenvectors;
let model: Model;
let child: ModelProcess;
const kernel = openKernel();
const d = 48;

beforeAll(async () => {
  reference = JSON.parse(await readFile(golden('ablation/ablation.json'), 'utf8')) as Golden;
  ({ tensors } = await readSafetensors(golden('ablation/corpus.safetensors')));
  model = Model.read(await modelSource(golden('architectures/gpt_neox')));
  child = ModelProcess.start();
  const ids = tensors.get('ids')!.data as Int32Array;
  const sequences: Int32Array[] = [];
  let at = 0;
  for (const length of tensors.get('lengths')!.data as Int32Array) sequences.push(ids.slice(at, (at += length)));
  const rows = new Float32Array(sequences.length * d);
  await represent(
    child,
    model,
    sequences,
    { layers: ['final'], position: 'last', threads: 1 },
    { state: (_, index, row) => rows.set(row, index * d) },
  );
  const n = sequences.length;
  covariance = await rowCovariance({ n, d, read: (from, to) => rows.slice(from * d, to * d) }, kernel);
  basis = await eigenvectors(covariance.packed, d, d);
});
afterAll(async () => {
  child.kill(new EigentraceError('interrupted', 'done'));
  await kernel.close();
});

describe('the basis', () => {
  it("has numpy's mean and eigenvalues", () => {
    const mean = tensors.get('mean')!.data as Float64Array;
    covariance.mean.forEach((x, j) => expect(Math.abs(x - mean[j]!)).toBeLessThan(1e-5));
    basis.values.forEach((x, i) => expect(Math.abs(x - reference.eigenvalues[i]!)).toBeLessThan(1e-5));
  });

  it("has numpy's vectors up to sign, orthonormal to 1e-10", () => {
    const top = tensors.get('top5_vectors')!.data as Float64Array;
    for (let r = 0; r < 5; r++) {
      let product = 0;
      for (let j = 0; j < d; j++) product += basis.vectors[r * d + j]! * top[j * 5 + r]!;
      expect(Math.abs(Math.abs(product) - 1)).toBeLessThan(1e-9);
    }
    for (let r = 0; r < d; r++) {
      for (let q = 0; q <= r; q++) {
        let product = 0;
        for (let j = 0; j < d; j++) product += basis.vectors[r * d + j]! * basis.vectors[q * d + j]!;
        expect(Math.abs(product - (q === r ? 1 : 0))).toBeLessThan(1e-10);
      }
    }
  });
});

describe('the ablation', () => {
  const change = (variant: Golden['variants'][number]) =>
    variant.mode === 'none'
      ? null
      : project(basis.vectors.subarray(0, variant.k * d), d, variant.mode, variant.with_mean ? covariance.mean : null);

  it('has the log-likelihoods and predictions of every variant from one pass', async () => {
    const { items, variants } = reference;
    const scores = await scoreChanged(
      child,
      model,
      items.map(({ context, choices }) => ({
        context: Int32Array.from(context),
        continuations: choices.map((choice) => Int32Array.from(choice)),
      })),
      variants.map(change),
      { threads: 1 },
    );
    expect(variants).toHaveLength(13);
    for (const [v, { choice_loglikelihoods, prediction }] of variants.entries()) {
      for (const [i, own] of choice_loglikelihoods.entries()) {
        const found = scores[v]![i]!.map(({ logprobs }) => logprobs.reduce((sum, x) => sum + x, 0));
        own.forEach((x, c) => expect(Math.abs(found[c]! - x)).toBeLessThan(2e-4));
        // Where nothing is left all tokens are as likely, and the shortest answers tie.
        const most = Math.max(...own);
        if (own.filter((x) => most - x < 1e-6).length > 1) continue;
        expect(found.indexOf(Math.max(...found))).toBe(prediction[i]);
      }
    }
  });

  it('has the logits after a context, up to what all of them share', async () => {
    const context = Int32Array.from(reference.items[0]!.context);
    const states = await scoredStates(child, model, [context], [[context.length - 1]], { threads: 1 });
    const head = await loadScoreHead(child, model, { threads: 1 });
    for (const variant of reference.variants) {
      const tokens = variant.logits_item0_context.map((_, t) => t);
      const { logprobs } = await headScores(head, change(variant)?.(states) ?? states, {
        rows: tokens.map(() => 0),
        tokens,
      });
      const most = Math.max(...variant.logits_item0_context);
      const sum = variant.logits_item0_context.reduce((total, x) => total + Math.exp(x - most), 0);
      variant.logits_item0_context.forEach((x, t) => {
        expect(Math.abs(logprobs[t]! - (x - most - Math.log(sum)))).toBeLessThan(2e-4);
      });
    }
  });
});
