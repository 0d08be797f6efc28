/**
 * A LoRA adapter over its base: the base's tensors, those that the adapter tunes with `W + scale · B·A` to be added where
 * they are used (nothing is written, and the base stays in its file), those that it saved whole (`modules_to_save`) instead
 * of the base's. PEFT names a tensor `base_model.model.<module>.lora_A.weight`, the module as in the model in memory.
 */
import { EigentraceError, nearest } from '../errors.js';
import type { AdapterConfig } from './adapter-config.js';
import type { TensorRange } from './weights.js';

export interface Adapted {
  readonly tensors: Map<string, TensorRange>;
  /** What became of the base. */
  readonly note: string;
}

interface Factors {
  down?: TensorRange;
  up?: TensorRange;
  isEmbedding: boolean;
}

const prefix = 'base_model.model.';
const factor = /^(.+)\.lora_(embedding_)?([AB])(?:\.default)?(?:\.weight)?$/;
const floats = ['F64', 'F32', 'F16', 'BF16'];
/** Modules that share one matrix in a model with tied embeddings. */
const embeddings = /(^|\.)(embed_tokens|embed_in|wte|word_embeddings|tok_embeddings|lm_head|embed_out)$/;
const head = /(^|\.)(lm_head|embed_out)\.weight$/;

/** Lays an adapter's tensors over its base's. `folder`: the adapter's, for errors. Every tensor must find its place. */
export function adapt(
  folder: string,
  base: ReadonlyMap<string, TensorRange>,
  adapter: ReadonlyMap<string, TensorRange>,
  config: AdapterConfig,
  isTied: boolean,
): Adapted {
  const { factors, whole } = sorted(folder, adapter);
  if (factors.size === 0) throw refuse(folder, `an adapter without lora_A and lora_B, got ${some(adapter.keys())}`);
  const tensors = new Map(base);
  const tied = isTied || ![...base.keys()].some((name) => head.test(name));
  const place = (module: string, tensor: string): TensorRange => {
    if (tied && embeddings.test(module)) {
      const advice = 'merge it with `merge_and_unload()` of peft in Python';
      throw refuse(
        folder,
        `the adapter changes ${module}, which is tied to another matrix in its base model; ${advice}`,
      );
    }
    return placeOf(folder, base, tensor);
  };
  const scales = new Set<number>();
  for (const [module, { up, down, isEmbedding }] of factors) {
    if (!up || !down) throw refuse(folder, `module ${module} has lora_${up ? 'B' : 'A'} but no lora_${up ? 'A' : 'B'}`);
    const { rank, scale } = config.scaleOf(module);
    const target = place(module, `${module}.weight`);
    const transposed = isEmbedding || config.transposed;
    checkShapes(folder, module, target, up, down, rank, transposed);
    tensors.set(target.name, { ...target, update: { up, down, scale, transposed } });
    scales.add(scale);
  }
  for (const [name, tensor] of whole) {
    const target = place(name.replace(/\.(weight|bias)$/, ''), name);
    if (target.shape.join() !== tensor.shape.join()) {
      const what = `tensor ${tensor.name} has shape [${tensor.shape.join(', ')}]`;
      throw refuse(folder, `${what}, in the base model [${target.shape.join(', ')}] (a vocabulary of another size?)`);
    }
    // A module may be saved whole and tuned too: its update stays.
    const { update } = tensors.get(target.name)!;
    tensors.set(target.name, { ...tensor, name: target.name, ...(update ? { update } : {}) });
  }
  const matrices = factors.size === 1 ? '1 matrix' : `${factors.size} matrices`;
  const saved = whole.size > 0 ? `, ${whole.size} ${whole.size === 1 ? 'tensor' : 'tensors'} saved whole` : '';
  const scale = [...scales].map((value) => Number(value.toPrecision(6))).join(' and ');
  return { tensors, note: `an adapter: ${matrices} of its base plus ${scale} · B·A${saved}` };
}

/** Factors by module, and tensors that were saved whole by their name in the model. */
function sorted(folder: string, adapter: ReadonlyMap<string, TensorRange>) {
  const factors = new Map<string, Factors>();
  const whole = new Map<string, TensorRange>();
  for (const [full, tensor] of adapter) {
    const name = full.startsWith(prefix) ? full.slice(prefix.length) : full;
    if (!floats.includes(tensor.dtype)) {
      throw refuse(folder, `tensor ${full} has dtype ${tensor.dtype} (expected ${floats.join(', ')})`);
    }
    const [, module, embedding, which] = factor.exec(name) ?? [];
    if (module !== undefined) {
      const found = factors.get(module) ?? { isEmbedding: embedding !== undefined };
      found[which === 'A' ? 'down' : 'up'] = tensor;
      factors.set(module, found);
      continue;
    }
    if (/\.lora_|\.bias$/.test(name)) {
      const advice = 'merge it with `merge_and_unload()` of peft in Python';
      throw refuse(
        folder,
        `tensor ${full} is not supported (expected lora_A, lora_B and modules saved whole); ${advice}`,
      );
    }
    whole.set(name.replace(/\.modules_to_save(\.default)?\./, '.').replace('.base_layer.', '.'), tensor);
  }
  return { factors, whole };
}

/** The base's tensor: by its name, with or without the model's prefix, or GPT-NeoX's other name of the head. */
function placeOf(folder: string, base: ReadonlyMap<string, TensorRange>, name: string): TensorRange {
  const others = [name.replace(/^embed_out\./, 'lm_head.'), name.replace(/^lm_head\./, 'embed_out.')];
  for (const candidate of [name, ...others]) {
    const found = base.get(candidate);
    if (found) return found;
  }
  const alike = [...base.values()].filter((t) => t.name.endsWith(`.${name}`) || name.endsWith(`.${t.name}`));
  if (alike.length === 1) return alike[0]!;
  const names = nearest(name, base.keys()).join(', ');
  throw refuse(folder, `the adapter's ${name} is not in its base model (nearest names: ${names}); is it another base?`);
}

function checkShapes(
  folder: string,
  module: string,
  target: TensorRange,
  up: TensorRange,
  down: TensorRange,
  rank: number,
  transposed: boolean,
): void {
  const [rows, columns] = transposed ? [target.shape[1], target.shape[0]] : target.shape;
  const isIt = (tensor: TensorRange, ...shape: (number | undefined)[]) => tensor.shape.join() === shape.join();
  if (target.shape.length === 2 && isIt(up, rows, rank) && isIt(down, rank, columns)) return;
  const shapes = [down, up].map(({ shape }) => `[${shape.join(', ')}]`).join(' and ');
  const expected = `[${rank}, ${columns}] and [${rows}, ${rank}] for a weight of shape [${target.shape.join(', ')}]`;
  throw refuse(folder, `module ${module} has lora_A and lora_B of shapes ${shapes} (expected ${expected})`);
}

function some(names: Iterable<string>): string {
  return [...names].slice(0, 3).join(', ') || 'no tensors';
}

function refuse(folder: string, what: string): EigentraceError {
  return new EigentraceError('input', `${folder}: ${what}`);
}
