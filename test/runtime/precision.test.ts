/**
 * Products in whole numbers: what is written for them, against the rule taken literally; how far the states of every golden
 * family move; and that neither a batch's company nor stages change a number.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Model, type ModelSource } from '../../src/models/index.js';
import { ModelProcess, represent, roundWeights, type RepresentOptions, type Stages } from '../../src/runtime/index.js';
import { golden, modelSource, reference } from '../golden/checkpoint.js';

let child: ModelProcess;
let folder: string;
beforeAll(() => {
  child = ModelProcess.start();
  folder = mkdtempSync(join(tmpdir(), 'precision-'));
});
afterAll(() => {
  child.kill(new Error('done') as never);
  rmSync(folder, { recursive: true });
});

async function rowsOf(
  model: Model,
  ids: Int32Array[],
  options: Partial<RepresentOptions> = {},
): Promise<Float32Array[]> {
  const rows: Float32Array[] = [];
  const sink = { state: (_: unknown, index: number, row: Float32Array) => void (rows[index] = row.slice()) };
  await represent(child, model, ids, { layers: ['final'], position: 'last', threads: 1, ...options }, sink);
  return rows;
}

/** Root mean square of the difference, as a share of the rows' spread around their mean. */
function errorOf(found: Float32Array[], expected: Float32Array[]): number {
  const mean = expected[0]!.map((_, j) => expected.reduce((sum, row) => sum + row[j]! / expected.length, 0));
  let [difference, spread] = [0, 0];
  expected.forEach((row, i) =>
    row.forEach((value, j) => {
      difference += (found[i]![j]! - value) ** 2;
      spread += (value - mean[j]!) ** 2;
    }),
  );
  return Math.sqrt(difference / spread);
}

/** Random weights of width 48 move by 1.8 to 3.7 % (docs/precision.md): products so small average little away. */
const bound = 0.04;
const families = [
  ...['gpt_neox', 'gpt_neox_float16', 'gpt_neox_bfloat16', 'gpt2', 'opt', 'olmo2', 'llama', 'llama_sharded'],
  ...['llama_tied', 'qwen3', 'gemma2', 'gemma3_text', 'mistral'],
];

describe.each(families)('%s', (name) => {
  it('stays within its stated error, whatever else is in a batch, and in stages', async () => {
    const source = golden(`architectures/${name}`);
    const model = Model.read(await modelSource(source));
    const { ids } = await reference(source);
    const exact = await rowsOf(model, ids);
    const { model: rounded, release } = await roundWeights(model, folder);
    try {
      const found = await rowsOf(rounded, ids);
      const error = errorOf(found, exact);
      expect(error).toBeGreaterThan(0.01);
      expect(error).toBeLessThan(bound);
      expect(errorOf(await rowsOf(rounded, ids, { budget: 1 }), found)).toBeLessThan(1e-6);
      const parts = Array.from({ length: model.layers }, (_, l) => ({
        from: l,
        to: l + 1 === model.layers ? null : l + 1,
      }));
      const stages: Stages = {
        ...{ parts: [{ from: null, to: 0 }, ...parts], headPieces: 0 },
        ...{ waveTokens: Infinity, memory: 1e9, scratch: folder },
      };
      expect(errorOf(await rowsOf(rounded, ids, { stages }), found)).toBeLessThan(1e-6);
    } finally {
      await release();
    }
    expect(readdirSync(folder)).toEqual([]);
  });
});

/** A model of one block whose MLP's first matrix is known: 5 rows of 3 are all that is looked at. */
async function source(
  change: (values: Float32Array) => void,
  name: string,
): Promise<{ source: ModelSource; values: Float32Array }> {
  const read = await modelSource(golden('architectures/gpt_neox'));
  const tensor = read.tensors.get('gpt_neox.layers.0.mlp.dense_h_to_4h.weight')!;
  const bytes = readFileSync(tensor.file).subarray(tensor.offset, tensor.offset + tensor.byteLength);
  const values = new Float32Array(Uint8Array.from(bytes).buffer);
  change(values);
  const file = join(folder, name);
  writeFileSync(file, new Uint8Array(values.buffer));
  const tensors = new Map(read.tensors);
  tensors.set(tensor.name, { ...tensor, file, offset: 0 });
  return { source: { ...read, tensors }, values };
}

it('rounds every row to its own scale', async () => {
  const columns = 48;
  const made = await source((values) => {
    values.fill(0, columns, 2 * columns);
    values[2 * columns + 5] = NaN;
    values[3 * columns + 7] = Infinity;
  }, 'weights.bin');
  const only = new Set(['gpt_neox.layers.0.mlp.dense_h_to_4h.weight']);
  const { release } = await roundWeights(Model.read(made.source), folder, { only });
  const bytes = readFileSync(
    join(
      folder,
      readdirSync(folder).find((entry) => entry.startsWith('.scratch-'))!,
    ),
  );
  await release();
  rmSync(join(folder, 'weights.bin'));
  const rows = made.values.length / columns;
  const found = new Int8Array(bytes.buffer, bytes.byteOffset, rows * columns);
  const scales = new Float32Array(
    Uint8Array.from(bytes.subarray(Math.ceil((rows * columns) / 64) * 64)).buffer,
    0,
    rows,
  );
  expect([scales[1], scales[2], scales[3]]).toEqual([0, NaN, Infinity]);
  for (const row of [0, 4, 5, rows - 1]) {
    const values = made.values.subarray(row * columns, (row + 1) * columns);
    const most = Math.max(...values.map(Math.abs));
    expect(scales[row]).toBe(Math.fround(most / 127));
    // Stored column by column of the product.
    const expected = Array.from(values, (value) => Math.round((value * 127) / most));
    expect(Array.from(values, (_, column) => found[column * rows + row]! + 0)).toEqual(
      expected.map((value) => value + 0),
    );
  }
});

it('takes a quarter of the memory of float32 for the blocks', async () => {
  const model = Model.read(await modelSource(golden('architectures/gpt_neox')));
  const [exact, reduced] = [model.sizes(), model.sizes('int8')];
  expect([exact.rounding, reduced.rounding]).toEqual([0, 4 * 48 * 48]);
  // Matrices of 12·48² elements, and 13·48 of biases and norms.
  const [matrices, others] = [12 * 48 ** 2, 13 * 48];
  expect(exact.blocks[0]!.laidOut).toBe(4 * (matrices + others));
  expect(reduced.blocks[0]!.laidOut).toBe(matrices + 4 * others);
  expect(reduced.head).toEqual(exact.head);
});

it('keeps what is not finite so', async () => {
  const made = await source((values) => (values[11] = NaN), 'nan.bin');
  const model = Model.read(made.source);
  const { model: rounded, release } = await roundWeights(model, folder);
  const { ids } = await reference(golden('architectures/gpt_neox'));
  const isFinite = (rows: Float32Array[]) => rows.map((row) => row.every(Number.isFinite));
  const expected = isFinite(await rowsOf(model, ids));
  expect(expected).not.toContain(true);
  expect(isFinite(await rowsOf(rounded, ids))).toEqual(expected);
  await release();
});
