/**
 * One forward pass for several points of a sweep: of every layer the rows that some point asks for, kept as the pass goes
 * on; then each point's spectrum from its own.
 */
import { whatChanged } from '../checkpoints/index.js';
import { EigentraceError } from '../errors.js';
import type { Layer } from '../models/index.js';
import { layerName, represent, RowStore, type StatePick, type StateSink, type StoredRows } from '../runtime/index.js';
import { measurementKey } from '../record/index.js';
import { measureRows, type LayerMeasurement, type Rows } from '../spectrum/index.js';
import type { ForwardPass, SweepSubject } from './forward-passes.js';
import { measure, type Measured, type MeasureTools } from './measure.js';
import { chooseMemory, stagesOf } from './memory.js';
import { Reduced } from './reduced.js';

/** What one pass gathers, and gives point by point. */
export interface Harvest {
  measure(member: SweepSubject, tools: MeasureTools): Promise<Measured>;
  close(): Promise<void>;
}

/** Runs a pass. One of a single point is the plain measurement of a trace, to the bit. */
export async function harvest(pass: ForwardPass, tools: MeasureTools): Promise<Harvest> {
  const [only, ...others] = pass.members;
  if (others.length > 0) return SharedPass.run(pass, tools);
  return {
    measure: () => measure(only!.subject, only!.point.request, tools),
    close: () => Promise.resolve(),
  };
}

const keyOf = (layer: Layer, { position, tokens }: StatePick): string => `${layer}/${position}/${tokens}`;

class SharedPass implements Harvest {
  readonly #store: RowStore<string>;
  readonly #pass: ForwardPass;
  readonly #forward: Pick<Measured, 'deviceDifference' | 'precision' | 'stages'> & { readonly seconds: number };
  /** By key: the base of several sweeps is one measurement. */
  readonly #known = new Map<string, Measured>();

  private constructor(
    store: RowStore<string>,
    pass: ForwardPass,
    forward: Pick<Measured, 'deviceDifference' | 'precision' | 'stages'> & { seconds: number },
  ) {
    this.#store = store;
    this.#pass = pass;
    this.#forward = forward;
  }

  static async run(pass: ForwardPass, tools: MeasureTools): Promise<SharedPass> {
    const { model, checkpoint, entry } = pass.members[0]!.subject;
    const { request } = pass.members[0]!.point;
    const wanted = picksOf(pass);
    const layers = [...wanted.keys()];
    const keys = layers.flatMap((layer) => wanted.get(layer)!.map((pick) => keyOf(layer, pick)));
    // Where all want the same row of a sequence, the last block is computed for that token alone.
    const [first] = [...wanted.values()].flat();
    const alike = [...wanted.values()].every((picks) => picks.every((pick) => samePick(pick, first!)));
    const cut = alike ? pass.ids.map((ids) => ids.subarray(0, first!.tokens)) : pass.ids;
    const memory = await chooseMemory(
      {
        ...{ model, layers, picks: !alike, nll: false, rows: keys.length * pass.ids.length },
        lengths: cut.map((ids) => ids.length),
        position: alike ? first!.position : 'all',
        ...{ threads: request.threads, memory: request.memory, precision: request.precision ?? 'float32' },
        spectrum: { n: pass.ids.length, errors: request.errors },
      },
      tools.scratch,
    );
    const store = await RowStore.create(keys, pass.ids.length, model.width, tools.scratch, memory.rowsBound);
    let release: (() => Promise<void>) | null = null;
    let reduced: Reduced | null = null;
    try {
      const start = performance.now();
      tools.onPhase('load', 0, model.bytes);
      release = (await checkpoint.prepare?.(tools.signal)) ?? null;
      const picks = Object.fromEntries(layers.map((layer) => [layerName(layer), wanted.get(layer)!]));
      const which = { layers, ...(alike ? { position: first!.position } : { position: 'all' as const, picks }) };
      if (request.precision === 'int8') {
        const { threads, memory: bound } = request;
        reduced = await Reduced.open(model, cut, { ...which, threads, memory: bound }, tools);
      }
      const sink: StateSink = {
        state: async (layer, index, rows) => {
          for (const [p, pick] of wanted.get(layer)!.entries()) {
            const row = rows.subarray(p * model.width, (p + 1) * model.width);
            await store.put(keyOf(layer, pick), index, row);
          }
        },
      };
      const { deviceDifference } = await represent(
        tools.child,
        reduced?.model ?? model,
        cut,
        {
          ...which,
          ...{ threads: request.threads, device: request.device, stages: stagesOf(memory, tools.scratch) },
          ...(tools.signal ? { signal: tools.signal } : {}),
          onProgress: (done, of) => tools.onPhase('forward', done, of),
        },
        reduced?.watch(sink) ?? sink,
      );
      await tools.child.release();
      await reduced?.release();
      await release?.();
      const changed = await whatChanged(checkpoint.files);
      if (changed) {
        throw new EigentraceError(
          'input',
          `checkpoint ${entry.revision}: a weight file changed while it was measured: ${changed}; ` +
            'nothing was recorded, run the same command again when it is written',
        );
      }
      const seconds = (performance.now() - start) / 1000;
      const { alphaRange } = request;
      const precision = (await reduced?.check({ kernel: tools.kernel, alphaRange })) ?? null;
      return new SharedPass(store, pass, { deviceDifference, precision, stages: memory.parts.length, seconds });
    } catch (error) {
      await reduced?.release();
      await release?.();
      await store.close();
      throw error;
    }
  }

  async measure({ point, subject }: SweepSubject, tools: MeasureTools): Promise<Measured> {
    const key = measurementKey(subject.keyParts);
    const known = this.#known.get(key);
    if (known) return known;
    const { errors, alphaRange } = point.request;
    const start = performance.now();
    const place = new Map(this.#pass.rows.map((row, i) => [row, i]));
    const index = subject.sequences.rows.map((row) => place.get(row)!);
    const layers: Record<string, LayerMeasurement> = {};
    for (const [i, layer] of subject.layers.entries()) {
      const rows = this.#store.rows(keyOf(layer, pickOf({ point })));
      layers[String(layer)] = await measureRows(partOf(rows, index), {
        ...{ errors, alphaRange, kernel: tools.kernel },
        ...(tools.signal ? { signal: tools.signal } : {}),
        onProgress: (done, of) => tools.onPhase('spectrum', i * of + done, subject.layers.length * of),
      });
    }
    const measured: Measured = {
      layers,
      nll: null,
      deviceDifference: this.#forward.deviceDifference,
      precision: this.#forward.precision ?? null,
      stages: this.#forward.stages ?? 1,
      // The pass is shared alike among its points.
      seconds: {
        forward: this.#forward.seconds / this.#pass.members.length,
        spectrum: (performance.now() - start) / 1000,
      },
      features: null,
      close: () => Promise.resolve(),
    };
    this.#known.set(key, measured);
    return measured;
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}

/** The row of each sequence that a point asks for. */
function pickOf({ point }: Pick<SweepSubject, 'point'>): StatePick {
  const { position, maxTokens: tokens } = point.request;
  if (position === 'all') throw new EigentraceError('internal', 'internal: position all has a pass of its own');
  return { position, tokens };
}

const samePick = (a: StatePick, b: StatePick): boolean => a.position === b.position && a.tokens === b.tokens;

/** By layer: the different rows that its points ask for. */
function picksOf({ members }: ForwardPass): Map<Layer, StatePick[]> {
  const wanted = new Map<Layer, StatePick[]>();
  for (const member of members) {
    const pick = pickOf(member);
    for (const layer of member.subject.layers) {
      const picks = wanted.get(layer) ?? [];
      wanted.set(layer, picks);
      if (!picks.some((other) => samePick(other, pick))) picks.push(pick);
    }
  }
  return wanted;
}

/** Some of the rows, in order: read as they lie where they follow one another. */
function partOf(rows: StoredRows, index: readonly number[]): Rows {
  const { d } = rows;
  return {
    n: index.length,
    d,
    async read(start, end) {
      const first = index[start] ?? 0;
      if (end - start === 0 || index[end - 1]! - first === end - 1 - start) {
        return rows.read(first, first + end - start);
      }
      const part = new Float32Array((end - start) * d);
      for (let at = start; at < end;) {
        let until = at + 1;
        while (until < end && index[until] === index[until - 1]! + 1) until++;
        part.set(await rows.read(index[at]!, index[until - 1]! + 1), (at - start) * d);
        at = until;
      }
      return part;
    },
  };
}
