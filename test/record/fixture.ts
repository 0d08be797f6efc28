import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KeyParts, MeasuredLayer, MeasurementDraft, RunRequest } from '../../src/record/index.js';

/** A new empty folder. */
export function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'eigentrace-record-'));
}

export const hash = (digit: string) => digit.repeat(64);

export const keyParts: KeyParts = {
  weights: hash('a'),
  config: hash('b'),
  tokenizer: hash('c'),
  corpus: hash('d'),
  filter: { sequences: 15_000, minTokens: 32, maxTokens: 512, seed: null },
  position: 'last',
  layers: ['final'],
  precision: 'float32',
  errors: 'jackknife',
  alphaRange: [12, 100],
  nll: false,
  definitions: 1,
};

/** λ_i = 1/i for d=4: figures small enough to check by hand, α absent. */
export const layer: MeasuredLayer = {
  n: 10,
  d: 4,
  figures: { rankme: 3.3, rankme_se: 0.1 + 0.2, rankme_published: 3.25, alpha: null, r2: null },
  reasons: {
    alpha: '4 positive eigenvalues (expected at least 100)',
    r2: '4 positive eigenvalues (expected at least 100)',
  },
  replicates: { rankme: [3.1, 3.2], alpha: [null, null] },
  flags: [{ code: 'few-rows-dominate', message: 'group 3 holds 60 % of SE²', count: 1 }],
  arrays: { eigenvalues: Float64Array.of(1, 1 / 2, 1 / 3, 1 / 4), mean: Float64Array.of(0.5, -0.5, 0, 1e-300) },
};

export function draft(changes: Partial<MeasurementDraft> = {}): MeasurementDraft {
  return {
    series: 'pythia-14m',
    stage: 'pretrain',
    revision: 'step1000',
    variant: null,
    step: 1000,
    tokens: 2_097_152_000,
    parent: null,
    seed: null,
    position: 'last',
    layers: { final: layer },
    nll: null,
    flags: [{ code: 'small-corpus', message: '10 of 15000 sequences found', count: 10 }],
    definitions: { version: 1, ids: ['rankme', 'alpha[12-100]'] },
    keyParts,
    provenance: {
      weights: { sha256: hash('a'), files: [{ name: 'model.safetensors', sha256: hash('e'), size: 123 }] },
      config_sha256: hash('b'),
      tokenizer_sha256: hash('c'),
      corpus: {
        ...{ name: 'corpus.txt', sha256: hash('1'), rows_sha256: hash('d') },
        ...{ sequences: 10, tokens: 512, min_tokens: 33, max_tokens: 64 },
      },
      precision: 'float32',
      device: 'cpu',
      versions: { eigentrace: '0.1.0', node: '20.20.2' },
      commit: null,
      created: '2025-01-02T03:04:05.678Z',
      seconds: { forward: 1.5, spectrum: 0.25, total: 2 },
    },
    ...changes,
  };
}

export function request(changes: Partial<RunRequest> = {}): RunRequest {
  return {
    variant: null,
    created: '2025-01-02T03:04:05.678Z',
    options: { maxTokens: 512 },
    series: {
      name: 'pythia-14m',
      stages: [
        { name: 'pretrain', checkpoints: [{ revision: 'step1000', step: 1000, tokens: 2_097_152_000 }] },
        { name: 'dpo', checkpoints: [{ revision: 'step10', step: 10, parent: 'step1000', seed: 7 }] },
      ],
    },
    corpus: { name: 'corpus.txt', sha256: hash('1'), rows: [0, 2, 5] },
    definitions: { version: 1, ids: ['rankme', 'alpha[12-100]'] },
    versions: { eigentrace: '0.1.0' },
    ...changes,
  };
}
