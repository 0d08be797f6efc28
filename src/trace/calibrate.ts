/**
 * How long one checkpoint takes on this machine as it is now, from about a second of the very work: a few batches of the
 * corpus through the model (its first blocks, where the whole is too large to load for that), and a decomposition of random
 * rows of the same size. Small models spend their time on what no count of operations tells (session starts, messages,
 * normalisations), so what can be run as it is, is; what can't is scaled by operations. Beside other work the pieces are
 * slow as the job would be; that is meant.
 */
import { createHash } from 'node:crypto';
import { availableParallelism, loadavg } from 'node:os';
import { EigentraceError } from '../errors.js';
import type { Layer, Model } from '../models/index.js';
import { batchesOf, measureSpeed, ModelProcess, represent, roundWeights } from '../runtime/index.js';
import { measureRows, openKernel, spectrumFlops, type Kernel } from '../spectrum/index.js';
import { Random } from '../statistics/random.js';
import { cacheFolder, weightScratch } from './cache.js';
import { startThread } from './kernel-threads.js';
import { sampleNeed } from './reduced.js';
import type { TraceRequest } from './request.js';
import type { OpenedSubject } from './subject.js';

/** Seconds of one checkpoint, by what they are spent on, and what is spent once. */
export interface Pace {
  /** Once: the process of the forward pass and the eigensolver's threads. */
  readonly start: number;
  /** A number drawn for random weights. */
  readonly draw: number;
  /** A byte of weights hashed. */
  readonly hashByte: number;
  readonly load: number;
  readonly forward: number;
  /** Of all layers, and how many they are. */
  readonly spectrum: number;
  readonly layers: number;
  /** Busy processes a core, as the system counts them; above 1 others take part of the machine. */
  readonly busy: number;
}

/** Milliseconds that batches, and that decompositions, may take. */
const forwardBudget = 500;
const spectrumBudget = 350;
/** Bytes of float32 weights that are loaded for the calibration; a block beyond the second is not loaded at all. */
const loadBound = 64e6;
const blockBound = 160e6;
/** Part of a product's speed that a whole forward pass reaches. */
const forwardEfficiency = 0.9;
/** How much slower an operation of the jackknife is than one of a decomposition without: reductions weigh more (docs/log.md). */
const jackknifeSlowdown = 1.5;
/** How much faster products in whole numbers make a pass, and weights a second that are rounded, where that can't be measured. */
const integerSpeedup = 1.6;
const roundingSpeed = 1.5e8;
/** Bytes of weights a second that are laid out for products, where that can't be measured. */
const layoutSpeed = 1.2e9;

export async function calibrate(opened: OpenedSubject, request: TraceRequest): Promise<Pace> {
  const before = performance.now();
  const child = ModelProcess.start();
  const kernel = openKernel({ startThread, threads: request.threads });
  try {
    await child.probe();
    const childStart = since(before);
    const n = request.position === 'all' ? opened.sequences.tokens : opened.sequences.found;
    const { load, forward } = await paceOfForward(child, opened, request);
    const { start, spectrum } = await paceOfSpectrum(kernel, n, opened.model.width, request);
    const layers = opened.layers.length;
    return {
      ...{ start: childStart + start, load, forward, spectrum: spectrum * layers, layers },
      ...{ hashByte: paceOfHash(), draw: paceOfDraw(), busy: busyness() },
    };
  } finally {
    child.kill(new EigentraceError('interrupted', 'interrupted'));
    await kernel.close();
  }
}

/** The same for representations that are read: decompositions alone. */
export async function calibrateRows(n: number, d: number, layers: number, request: TraceRequest): Promise<Pace> {
  const kernel = openKernel({ startThread, threads: request.threads });
  try {
    const { start, spectrum } = await paceOfSpectrum(kernel, n, d, request);
    return {
      start,
      load: 0,
      forward: 0,
      spectrum: spectrum * layers,
      layers,
      hashByte: paceOfHash(),
      draw: 0,
      busy: busyness(),
    };
  } finally {
    await kernel.close();
  }
}

const since = (before: number): number => (performance.now() - before) / 1000;

function busyness(): number {
  return loadavg()[0]! / availableParallelism();
}

/** What of the model is run: all that is asked, or its first blocks. Null: not even one block. */
function pieceOf(model: Model, request: TraceRequest, layers: readonly Layer[]): readonly Layer[] | null {
  const block = (4 * model.parameters.nonEmbedding) / model.layers;
  const head = request.nll ? model.embeddingBytes : 0;
  if (block * model.layers + head <= loadBound) return layers;
  if (block > blockBound) return null;
  return [Math.max(1, Math.min(model.layers, Math.floor(loadBound / block)))];
}

/** In float32, or with products in whole numbers: then the weights are rounded, and some sequences are run both ways. */
async function paceOfForward(
  child: ModelProcess,
  opened: OpenedSubject,
  request: TraceRequest,
): Promise<{ load: number; forward: number }> {
  const exact = await paceOfModel(child, opened, request);
  if (request.precision !== 'int8') return exact;
  const { model, layers, sequences, checkpoint } = opened;
  const { position, nll: logprobs, threads, memory } = request;
  const lengths = sequences.ids.map((ids) => ids.length);
  const tokensOf = (some: readonly number[]): number => some.reduce((sum, length) => sum + length, 0);
  const sample = sampleNeed(model, lengths, { layers, position, logprobs, threads, memory }).lengths;
  const both = (exact.forward * tokensOf(sample)) / Math.max(1, tokensOf(lengths));
  const piece = checkpoint.isRemote ? null : pieceOf(model, request, layers);
  if (piece === null) {
    const rounding = model.parameters.nonEmbedding / roundingSpeed;
    return { load: exact.load + rounding, forward: both + exact.forward / integerSpeedup };
  }
  const products = model.productsTo(piece.includes('final') ? 'final' : Math.max(...piece.map(Number)));
  const elements = (some: typeof products): number =>
    some.reduce((sum, { tensor }) => sum + tensor.shape.reduce((product, size) => product * size, 1), 0);
  const before = performance.now();
  const only = new Set(products.map(({ tensor }) => tensor.name));
  const rounded = await roundWeights(model, weightScratch(cacheFolder()), { only });
  const rounding = (since(before) * elements(model.products)) / elements(products);
  try {
    const reduced = await paceOfModel(child, { ...opened, model: rounded.model }, request);
    return { load: exact.load + rounding + reduced.load, forward: both + reduced.forward };
  } finally {
    await rounded.release();
  }
}

async function paceOfModel(
  child: ModelProcess,
  { model, sequences, layers, checkpoint }: OpenedSubject,
  request: TraceRequest,
): Promise<{ load: number; forward: number }> {
  const lengths = sequences.ids.map((ids) => ids.length);
  const whole = forwardFlops(model, layers, lengths, request, request.nll);
  // Weights that are still on the Hub can't be run.
  const piece = checkpoint.isRemote ? null : pieceOf(model, request, layers);
  const bytes = 4 * model.parameters.nonEmbedding + (request.nll ? model.embeddingBytes : 0);
  if (piece === null) {
    const { sustained } = await measureSpeed(child, request.threads);
    return { load: bytes / layoutSpeed, forward: whole / (sustained * forwardEfficiency) };
  }
  const isWhole = piece === layers;
  const batches = batchesOf(lengths);
  const run = async (chosen: readonly number[]) => {
    const ids = chosen.flatMap((at) => batches[at]!).map((index) => sequences.ids[index]!);
    return { ...(await timed(child, model, ids, piece, { ...request, nll: isWhole && request.nll })), ids };
  };
  // One in the middle first, which tells how many there is time for.
  const first = await run([Math.floor(batches.length / 2)]);
  const fitting = Math.floor(forwardBudget / 1000 / Math.max(1e-4, first.seconds));
  const count = Math.max(1, Math.min(batches.length, fitting));
  const chosen = Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * batches.length) / count));
  const timing = fitting < 2 ? first : await run(chosen);
  if (isWhole) {
    // The first batch after a session starts is slower, and there is one a checkpoint.
    const each = count > 1 && fitting >= 2 ? timing.afterFirst / (count - 1) : timing.seconds;
    const beginning = timing.seconds - timing.afterFirst;
    return { load: timing.load, forward: beginning + each * (batches.length - 1) };
  }
  const done = forwardFlops(
    model,
    piece,
    timing.ids.map((ids) => ids.length),
    request,
    false,
  );
  const loaded = 4 * model.parameters.nonEmbedding * ((piece[0] as number) / model.layers);
  return { load: timing.load * (bytes / loaded), forward: (whole / done) * timing.seconds };
}

/** Seconds until the weights are there, of the batches, and of those after the first. */
async function timed(
  child: ModelProcess,
  model: Model,
  ids: readonly Int32Array[],
  layers: readonly Layer[],
  request: TraceRequest,
): Promise<{ load: number; seconds: number; afterFirst: number }> {
  const start = performance.now();
  let loaded = start;
  const batches: number[] = [];
  await represent(
    child,
    model,
    ids,
    {
      ...{
        layers,
        position: request.position,
        logprobs: request.nll,
        threads: request.threads,
        device: request.device,
      },
      onLoaded: () => (loaded = performance.now()),
      onProgress: (done) => {
        if (done > 0) batches.push(performance.now());
      },
    },
    { state: () => undefined, logprobs: () => undefined },
  );
  const end = performance.now();
  await child.release();
  const seconds = (end - loaded) / 1000;
  return { load: (loaded - start) / 1000, seconds, afterFirst: (end - (batches[0] ?? end)) / 1000 };
}

/** Operations of a forward pass, with the head's where likelihoods are asked for. */
export function forwardFlops(
  model: Model,
  layers: readonly Layer[],
  lengths: readonly number[],
  request: Pick<TraceRequest, 'position'>,
  nll: boolean,
): number {
  const maxTokens = lengths.reduce((most, length) => Math.max(most, length), 1);
  const { cost } = model.stateGraph({ layers, position: request.position, everyToken: nll, maxTokens });
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  const pairs = lengths.reduce((sum, length) => sum + length ** 2, 0);
  const head = nll ? model.headGraph('logprobs').cost.perToken * tokens : 0;
  return cost.perToken * tokens + cost.perSequence * lengths.length + cost.perTokenPair * pairs + head;
}

/** Largest order that is decomposed for the calibration; larger ones are scaled by operations. */
const largestOrder = 1024;

/** Seconds of the eigensolver's start and of one layer of n rows and d columns. */
async function paceOfSpectrum(
  kernel: Kernel,
  n: number,
  d: number,
  request: TraceRequest,
): Promise<{ start: number; spectrum: number }> {
  const streamed = request.position === 'all';
  const { errors } = request;
  const whole = spectrumFlops(n, d, { errors, streamed });
  const order = Math.min(d, largestOrder);
  // Enough rows for a Gram of the same kind: by rows where there are fewer than columns.
  const rows = n < d && !streamed ? Math.max(1, Math.round((n / d) * order)) : Math.min(n, 2 * order);
  const random = randomRows(Math.min(n, 20_000_000 / d) | 0, order);
  const time = async (count: number, how: TraceRequest['errors']): Promise<number> => {
    const before = performance.now();
    await measureRows(
      { n: count, d: order, read: (start, end) => random(start, end) },
      { errors: how, alphaRange: request.alphaRange, kernel },
    );
    return since(before);
  };
  const cold = await time(Math.min(rows, 64), 'none');
  const single = await time(rows, 'none');
  const singleFlops = spectrumFlops(rows, order, { errors: 'none' });
  const slowdown = errors === 'jackknife' ? jackknifeSlowdown : 1;
  const expected = (single * slowdown * whole) / singleFlops;
  const asIs = order === d && !streamed && expected * 1000 <= spectrumBudget;
  const spectrum = asIs ? await time(n, errors) : expected;
  return { start: cold, spectrum };
}

/** White noise, a block of it repeated: only its size matters. */
function randomRows(limit: number, d: number): (start: number, end: number) => Float32Array {
  const period = Math.max(1, Math.min(limit, 1024));
  const block = new Float32Array(period * d);
  new Random('calibration', 0, 'rows').fillNormal(block, 1);
  return (start, end) => {
    const rows = new Float32Array((end - start) * d);
    for (let at = start; at < end;) {
      const from = at % period;
      const count = Math.min(end - at, period - from);
      rows.set(block.subarray(from * d, (from + count) * d), (at - start) * d);
      at += count;
    }
    return rows;
  };
}

function paceOfDraw(): number {
  const values = new Float32Array(1 << 18);
  const before = performance.now();
  new Random('calibration', 0, 'draws').fillNormal(values, 1);
  return since(before) / values.length;
}

/** Seconds a byte of sha256, its file already in memory. */
function paceOfHash(): number {
  const bytes = new Uint8Array(8 << 20);
  const before = performance.now();
  createHash('sha256').update(bytes).digest();
  return since(before) / bytes.length;
}
