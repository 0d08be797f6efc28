/** The directions of a tiny model against numpy's, of the sample against what its own pieces say, and their change over checkpoints. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FileSource, readSafetensors } from '../../src/bytes/index.js';
import { changeOf, directions, directionsDefaults, directionsOf, vectorsOf } from '../../src/directions/index.js';
import type { DirectionsRequest } from '../../src/directions/index.js';
import { exportRun, openRun } from '../../src/record/index.js';
import { copySeries, sampleSeries, temporary } from '../trace/command-line.js';

const golden = fileURLToPath(new URL('../golden/ablation/', import.meta.url));
const tiny = fileURLToPath(new URL('../golden/architectures/gpt_neox', import.meta.url));
let folder: string;

const request = (changes: Partial<DirectionsRequest>): DirectionsRequest => ({
  ...directionsDefaults,
  ...{ series: sampleSeries, corpus: 'sample:', field: 'text', sequences: 150, minTokens: 32, maxTokens: 64 },
  ...{
    seed: null,
    rows: null,
    revisions: 'all',
    tokensPerStep: null,
    out: null,
    threads: 2,
    force: false,
    randomInit: null,
  },
  ...changes,
});

async function tensorsOf(file: string): Promise<Map<string, ArrayLike<number>>> {
  const source = await FileSource.open(file);
  try {
    const { tensors } = await readSafetensors(source);
    return new Map([...tensors].map(([name, { data }]) => [name, data as ArrayLike<number>]));
  } finally {
    await source.close();
  }
}

beforeAll(async () => {
  folder = await temporary();
  process.env['EIGENTRACE_CACHE'] = join(folder, 'cache');
});
afterAll(async () => {
  delete process.env['EIGENTRACE_CACHE'];
  await rm(folder, { recursive: true, force: true });
});

describe('directions of a tiny model', () => {
  it("are numpy's; passages, tokens and coordinates are those that its states and its unembedding give", async () => {
    const corpus = await tensorsOf(join(golden, 'corpus.safetensors'));
    const [ids, lengths] = [corpus.get('ids')!, corpus.get('lengths')!];
    const sequences: number[][] = [];
    for (let i = 0, at = 0; i < lengths.length; at += lengths[i]!, i++)
      sequences.push(Array.from({ length: lengths[i]! }, (_, t) => ids[at + t]!));
    const file = join(folder, 'ids.jsonl');
    await writeFile(file, sequences.map((sequence) => `${JSON.stringify(sequence)}\n`).join(''));
    const { results } = await directions(request({ series: tiny, corpus: null, ids: file, tokens: 3 }));
    const [{ finding, error }] = results as [(typeof results)[0]];
    expect(error).toBeNull();
    const detail = directionsOf(finding!);
    const d = 48;
    expect(detail).toMatchObject({ n: 200, d, position: 'last', rank: 47 });
    const eigenvalues = Array.from(corpus.get('eigenvalues')!);
    const total = eigenvalues.reduce((sum, x) => sum + x, 0);
    const [final, mean] = [corpus.get('final')!, corpus.get('mean')!];
    const vectors = vectorsOf(detail);
    const numpy = corpus.get('top5_vectors')!;
    const head = (await tensorsOf(join(tiny, 'model.safetensors'))).get('embed_out.weight')!;
    for (const [u, direction] of detail.directions.entries()) {
      expect(direction.eigenvalue / eigenvalues[u]!).toBeCloseTo(1, 5);
      expect(direction.share).toBeCloseTo(eigenvalues[u]! / total, 6);
      const own = vectors.subarray(u * d, (u + 1) * d);
      const cos = own.reduce((sum, x, j) => sum + x * numpy[j * 5 + u]!, 0);
      expect(Math.abs(cos)).toBeGreaterThan(1 - 1e-5);
      // Either sign is one; ours has its largest entry positive.
      const v = Array.from(own, (_, j) => Math.sign(cos) * numpy[j * 5 + u]!);
      const deviation = Math.sqrt(eigenvalues[u]!);
      const scores = sequences.map(
        (_, i) => v.reduce((s, x, j) => s + (final[i * d + j]! - mean[j]!) * x, 0) / deviation,
      );
      const furthest = scores.map((score, row) => ({ score, row })).sort((a, b) => b.score - a.score);
      direction.positive.passages.forEach(({ row, score, ids: shown, text, token }, p) => {
        expect(score).toBeCloseTo(furthest[p]!.score, 3);
        expect(scores[row]).toBeCloseTo(score, 3);
        expect(token).toBe(sequences[row]!.length - 1);
        expect(shown).toEqual(sequences[row]!.slice(-24));
        expect(text).toBeNull();
      });
      expect(direction.negative.passages[0]!.score).toBeCloseTo(furthest.at(-1)!.score, 3);
      const logits = Array.from(
        { length: head.length / d },
        (_, id) => v.reduce((s, x, j) => s + head[id * d + j]! * x, 0) * deviation,
      );
      const order = [...logits.keys()].sort((a, b) => logits[b]! - logits[a]!);
      expect(direction.positive.tokens!.map(({ id }) => id)).toEqual(order.slice(0, 3));
      expect(direction.negative.tokens!.map(({ id }) => id)).toEqual(order.slice(-3).reverse());
      expect(direction.positive.tokens![0]!.logit).toBeCloseTo(logits[order[0]!]!, 3);
      expect(direction.negative.tokens![0]!.logit).toBeCloseTo(-logits[order.at(-1)!]!, 3);
      const squares = v.map((x) => x * x);
      expect(direction.carried_by).toBeCloseTo(1 / squares.reduce((s, x) => s + x * x, 0), 3);
      expect(direction.coordinates[0]).toMatchObject({ index: squares.indexOf(Math.max(...squares)) });
      expect(direction.coordinates[0]!.share).toBeCloseTo(Math.max(...squares), 5);
      const near = [eigenvalues[u - 1], eigenvalues[u + 1]].some(
        (x) => x !== undefined && Math.abs(x - eigenvalues[u]!) < eigenvalues[u]! * 0.1,
      );
      expect(direction.close).toBe(near);
    }
    expect(changeOf(finding!, finding!)!.subspace).toBeCloseTo(1, 6);
    await expect(directions(request({ series: tiny, corpus: null, ids: file, top: 49 }))).rejects.toThrow(
      '--top: more directions than the states have, got 49 (expected at most 48',
    );
    const all = await directions(request({ series: tiny, corpus: null, ids: file, top: 48, passages: 0 }));
    expect(directionsOf(all.results[0]!.finding!).directions).toHaveLength(47);
    expect(all.results[0]!.finding!.flags.map(({ code }) => code)).toContain('beyond-rank');
  }, 60_000);
});

describe('directions of a series', () => {
  it('are kept, shown with their passages, and held against those before', async () => {
    const series = await copySeries(join(folder, 'two'), { step16: 'step16', step6000: 'step6000' });
    const out = join(folder, 'run');
    const first = await directions(request({ series, out, top: 3 }));
    expect(first.results.map(({ state, error }) => [state, error])).toEqual([
      ['measured', null],
      ['measured', null],
    ]);
    const [before, after] = first.results.map(({ finding }) => directionsOf(finding!));
    expect(first.changes[0]).toBeNull();
    const change = first.changes[1]!;
    expect(change.since).toBe('step16');
    expect(change.chance).toBeCloseTo(3 / 128, 10);
    const [U, V] = [vectorsOf(after!), vectorsOf(before!)];
    const cos = (u: number, v: number) =>
      Math.abs(U.subarray(u * 128, (u + 1) * 128).reduce((s, x, j) => s + x * V[v * 128 + j]!, 0));
    expect(change.directions[0]!.overlap).toBeCloseTo(cos(0, 0), 10);
    const squares = [0, 1, 2].flatMap((u) => [0, 1, 2].map((v) => cos(u, v) ** 2));
    expect(change.subspace).toBeCloseTo(squares.reduce((s, x) => s + x, 0) / 3, 10);
    const { passages, tokens } = after!.directions[0]!.positive;
    expect(passages).toHaveLength(3);
    expect(passages[0]!.text!.length).toBeGreaterThan(20);
    expect(passages[0]!.score).toBeGreaterThan(passages[2]!.score);
    expect(tokens).toHaveLength(8);
    expect(tokens!.every(({ text }) => text !== null)).toBe(true);

    const again = await directions(request({ series, out, top: 3 }));
    expect(again.results.map(({ state }) => state)).toEqual(['reused', 'reused']);
    expect(again.changes).toEqual(first.changes);
    const { content } = await exportRun(await openRun(out), { format: 'jsonl', table: 'directions' });
    const rows = Buffer.from(content).toString().trim().split('\n');
    expect(rows).toHaveLength(18);
    expect(JSON.parse(rows[0]!)).toMatchObject({ revision: 'step16', name: 'direction-1', metric: 'share', n: 150 });
    expect(await readFile(join(out, 'directions/two/pretrain/step16.json'), 'utf8')).toContain('"vectors"');
  }, 60_000);
});
