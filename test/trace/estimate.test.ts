/** What --dry-run counts, against operations counted here by hand for the golden GPT-NeoX. */
import { beforeAll, describe, expect, it } from 'vitest';
import { Model } from '../../src/models/index.js';
import { processesMemory } from '../../src/runtime/index.js';
import { estimate } from '../../src/trace/estimate.js';
import { traceDefaults, type TraceRequest } from '../../src/trace/index.js';
import { golden, modelSource } from '../golden/checkpoint.js';

/** Of its config: width, layers, inner width, vocabulary. */
const [d, layers, inner, vocabulary] = [48, 3, 192, 101];
const lengths = [5, 40, 17, 100, 64];
const tokens = 226;
const pairs = 25 + 1600 + 289 + 10_000 + 4096;

let model: Model;
beforeAll(async () => (model = Model.read(await modelSource(golden('architectures/gpt_neox')))));

const request = (changes: Partial<TraceRequest> = {}): TraceRequest => ({
  ...traceDefaults,
  ...{ series: 's', corpus: 'c', out: 'o', sequences: null, minTokens: 0, maxTokens: 512, threads: 2 },
  ...changes,
});
const asked = (changes: Partial<TraceRequest> = {}) => {
  const whole = request(changes);
  return estimate(model, model.parseLayers(whole.layers), lengths, whole);
};

/** Two operations a weight and token. */
const joint = 2 * 3 * d * d;
const rest = 2 * (d * d + 2 * d * inner);
/** Scores and their sums of values, two operations each, over the whole square of a length. */
const attention = layers * 4 * d * pairs;

describe('operations of a forward pass', () => {
  it('of the last token: all but the last block for every token, that one after its attention once a sequence', () => {
    const expected = tokens * (layers * joint + (layers - 1) * rest) + lengths.length * rest + attention;
    expect(asked().forward).toBe(expected);
    expect(asked({ errors: 'none' }).forward).toBe(expected);
  });

  it('of every token, and with the head where the likelihood is asked for', () => {
    const every = tokens * layers * (joint + rest) + attention;
    expect(asked({ position: 'all' }).forward).toBe(every);
    expect(asked({ nll: true }).forward).toBe(every + 2 * vocabulary * d * tokens);
  });

  it('of the embeddings: none', () => {
    expect(asked({ layers: '0' }).forward).toBe(0);
  });
});

describe('operations of a spectrum', () => {
  // Five rows of 48 columns: the 5 × 5 Gram; of every token 226 rows: the 48 × 48 one.
  const reductions = (order: number, count: number): number => (count * 4 * order ** 3) / 3;

  it('counts the jackknife: all rows, ten groups left out, two halves', () => {
    expect(asked({ errors: 'none' }).spectrum).toBeCloseTo(5 * d * 5 + reductions(5, 1), 6);
    expect(asked().spectrum).toBeCloseTo(5 * d * 5 + reductions(5, 13), 6);
    expect(asked({ position: 'all', errors: 'none' }).spectrum).toBeCloseTo(tokens * d * d + reductions(d, 1), 6);
    expect(asked({ position: 'all' }).spectrum).toBeCloseTo(tokens * d * d + reductions(d, 13), 6);
  });

  it('counts every layer that is measured', () => {
    expect(asked({ layers: 'all' }).spectrum).toBeCloseTo((layers + 2) * asked().spectrum, 6);
  });
});

it('peak memory holds the processes, the weights as float32, and grows with what is kept', () => {
  const parameters = model.parameters.nonEmbedding;
  expect(asked().peakMemory).toBeGreaterThan(processesMemory + 4 * parameters);
  expect(asked().peakMemory).toBeLessThan(processesMemory + 60e6);
  expect(asked().stages).toBe(1);
  expect(asked({ layers: 'all' }).peakMemory - asked().peakMemory).toBe((layers + 1) * lengths.length * d * 4);
});
