/**
 * A checkpoint's model with weights drawn anew from its config's initialisation: a network of the same shape that has
 * learned nothing. Each tensor's draws depend on the seed and its name alone. They lie in a scratch file while they are
 * used (4 bytes a parameter), written some megabytes at a time.
 */
import { setImmediate } from 'node:timers/promises';
import { scratchPath, sweepScratch, writeScratchFile } from '../bytes/index.js';
import { flagCodes } from '../audit/index.js';
import { EigentraceError } from '../errors.js';
import type { TensorRange } from '../checkpoints/index.js';
import { Model, type Initialisation } from '../models/index.js';
import { generatorName, Random } from '../statistics/random.js';
import type { OpenedSubject } from './subject.js';

const chunkElements = 1 << 20;

/** What is changed of a subject whose weights are drawn: any room's subject fits. */
type Drawable = Pick<OpenedSubject, 'model' | 'checkpoint' | 'entry' | 'flags' | 'files' | 'bytes' | 'control'>;

/** The subject whose weights are drawn when it is measured; `folder` is where they are written meanwhile. */
export async function withRandomWeights<S extends Drawable>(opened: S, seed: number, folder: string): Promise<S> {
  const { model, checkpoint, entry } = opened;
  const initialisation = model.initialisation();
  const file = await scratchPath(folder);
  const tensors = new Map<string, TensorRange>();
  let offset = 0;
  for (const { name, shape } of model.tensors) {
    const byteLength = 4 * shape.reduce((product, size) => product * size, 1);
    tensors.set(name, { name, file, dtype: 'F32', shape: [...shape], offset, byteLength });
    offset += byteLength;
  }
  const prepare = async (signal?: AbortSignal): Promise<() => Promise<void>> => {
    await sweepScratch(folder);
    return writeScratchFile(file, drawn([...tensors.values()], initialisation, seed, signal));
  };
  const name = `${entry.revision} (random-init)`;
  return {
    ...opened,
    files: [],
    bytes: 0,
    model: Model.read({ name, config: checkpoint.config, tensors }),
    checkpoint: { ...checkpoint, name, tensors, files: [], bytes: 0, notes: [], prepare },
    control: {
      ...{ kind: 'random-init', seed, generator: generatorName },
      ...{ std: initialisation.std, std_from: initialisation.from },
    },
    // What was found in the files says nothing of drawn weights.
    flags: opened.flags.filter(({ code }) => code !== 'note' && !(flagCodes as string[]).includes(code)),
  };
}

/** The bytes of all tensors, one after another: float32, little-endian. */
async function* drawn(
  tensors: readonly TensorRange[],
  initialisation: Initialisation,
  seed: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  for (const { name, shape } of tensors) {
    for (const values of drawTensor(initialisation, seed, name, shape)) {
      // Drawing a chunk takes some tens of ms: Ctrl-C and timers come in between.
      await setImmediate();
      if (signal?.aborted) throw new EigentraceError('interrupted', 'interrupted');
      yield new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    }
  }
}

/** A tensor's values in row-major order, in chunks; an array is only valid until the next. */
export function* drawTensor(
  initialisation: Initialisation,
  seed: number,
  name: string,
  shape: readonly number[],
): Generator<Float32Array> {
  const draw = initialisation.of(name, shape);
  const count = shape.reduce((product, size) => product * size, 1);
  const random = new Random('random-init', seed, name);
  const width = shape.at(-1)!;
  for (let at = 0; at < count; at += chunkElements) {
    const values = new Float32Array(Math.min(chunkElements, count - at));
    if (draw.kind === 'constant') values.fill(draw.value);
    else {
      random.fillNormal(values, draw.std);
      const from = draw.zeroRow === null ? count : draw.zeroRow * width - at;
      if (from < values.length && from + width > 0) values.fill(0, Math.max(0, from), from + width);
    }
    yield values;
  }
}
