/** Curves for comparisons, made of numbers alone: the parts of a measurement that a comparison reads. */
import type { CurvePoint, Measurement } from '../../src/record/index.js';
import type { Side } from '../../src/compare/index.js';

export interface Given {
  label?: string;
  stage?: string;
  revision: readonly string[];
  step: readonly (number | null)[];
  tokens: readonly (number | null)[];
  value: readonly (number | null)[];
  /** By checkpoint. */
  replicates: readonly (readonly number[])[] | null;
  /** Changes to each point's measurement. */
  with?: Partial<Measurement>;
  figures?: Readonly<Record<string, number | null>>;
  rows?: Side['rows'];
}

const rowsSha = 'a'.repeat(64);

export function sideFrom(given: Given): Side {
  const { label = 'a', stage = 'pretrain', rows = { corpus: 'c', rows: [0, 1, 2] } } = given;
  const measurement = {
    position: 'last',
    definitions: { version: '1', ids: ['rankme', 'alpha'] },
    keyParts: {},
    provenance: {
      ...{ tokenizer_sha256: 't'.repeat(12), precision: 'float32', model: { parameters: 1000 } },
      corpus: { sha256: 'c', rows_sha256: rowsSha, sequences: 3, max_tokens: 512, min_tokens: 32 },
    },
    ...given.with,
  } as unknown as Measurement;
  const points = given.revision.map((revision, i): CurvePoint => ({
    ...{ stage, revision, step: given.step[i]!, tokens: given.tokens[i]!, flags: [], measurement },
    figures: { n: 1500, d: 128, rankme: given.value[i]!, ...given.figures },
    replicates: given.replicates && { rankme: given.replicates[i]!, alpha: given.replicates[i]!.map(() => null) },
  }));
  const { control } = measurement;
  return {
    ...{ label, run: `runs/${label}`, series: label, layer: 'final', position: 'last', variant: null, points, rows },
    control: control ?? null,
  };
}
