/**
 * `eigentrace inspect`: what a checkpoint is and where its bytes lie, from its config and the headers of its weight
 * files; no weight is read. A model that can't be run is described as far as it can be, with the reason.
 */
import { openEntry, rememberedHashes, type Checkpoint, type TensorRange } from '../checkpoints/index.js';
import { messageOf, nearest } from '../errors.js';
import { architectures, Model } from '../models/index.js';
import { onlyCheckpoint } from './only-checkpoint.js';
import { openAnySeries, Places } from './places.js';
import { cacheFolder, hashCache, weightScratch } from './cache.js';

export interface InspectedTensor {
  readonly name: string;
  /** As stored: `F32`, `BF16`, … */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Absolute path of its file, the byte at which it starts there, and its length in bytes. */
  readonly file: string;
  readonly offset: number;
  readonly bytes: number;
}

export interface Inspection {
  /** The folder's own name, and its absolute path. */
  readonly name: string;
  readonly folder: string;
  /** Folder of the base model, when this is an adapter; else null. */
  readonly base: string | null;
  /** `title` is null for an architecture that isn't known; `nearest` are then the known ones most alike. */
  readonly architecture: {
    readonly modelType: string | null;
    readonly title: string | null;
    readonly nearest: readonly string[];
  };
  /** What runs; null when the model can't be read (`problems` says why). `nonEmbedding` leaves out embedding and unembedding. */
  readonly model: {
    readonly parameters: { readonly all: number; readonly nonEmbedding: number };
    readonly width: number;
    readonly layers: number;
    readonly vocabulary: number;
    /** Tokens it was made for; null: no limit. */
    readonly positions: number | null;
  } | null;
  /** What is stored, by dtype, largest first: number of tensors, of elements, bytes. */
  readonly dtypes: readonly { dtype: string; tensors: number; elements: number; bytes: number }[];
  /** Weight files; `sha256` where it is remembered from an earlier run, else null. */
  readonly files: readonly { name: string; path: string; bytes: number; sha256: string | null }[];
  /** In order of file and offset. */
  readonly tensors: readonly InspectedTensor[];
  readonly tokenizer: { readonly path: string; readonly configPath: string | null } | null;
  readonly config: { readonly path: string; readonly values: Readonly<Record<string, unknown>> };
  /** The weight files' own metadata. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
  /** What stops it from being traced; empty when nothing does. */
  readonly problems: readonly string[];
}

/** Looks at a checkpoint folder. Rejects when there is none, or when its config or headers can't be read. */
export async function inspect(path: string): Promise<Inspection> {
  const series = await openAnySeries(path);
  const entry = onlyCheckpoint(series, path);
  const places = new Places();
  try {
    // Of what is on the Hub, headers are read where they are.
    const { entry: there, remote } = await places.outline(entry);
    const scratchFolder = weightScratch(cacheFolder());
    return await describe(await openEntry(series, there, { scratchFolder, remote }), series.notes);
  } finally {
    await places.close();
  }
}

async function describe(checkpoint: Checkpoint, seriesNotes: readonly string[]): Promise<Inspection> {
  const problems: string[] = [];
  let model: Model | null = null;
  try {
    model = Model.read(checkpoint);
  } catch (error) {
    problems.push(messageOf(error));
  }
  if (!checkpoint.tokenizer) {
    problems.push(
      `checkpoint ${checkpoint.name}: no tokenizer.json there or at the series' root (represent --ids needs none)`,
    );
  }
  return {
    ...{ name: checkpoint.name, folder: checkpoint.folder, base: checkpoint.base },
    architecture: architectureIn(checkpoint),
    model: model && {
      parameters: model.parameters,
      width: model.width,
      layers: model.layers,
      vocabulary: model.vocabulary,
      positions: model.positions,
    },
    dtypes: dtypesOf(checkpoint),
    files: await filesOf(checkpoint),
    tensors: tensorsOf(checkpoint),
    tokenizer: checkpoint.tokenizer,
    config: { path: checkpoint.configPath, values: checkpoint.config },
    metadata: checkpoint.metadata,
    notes: [...seriesNotes, ...checkpoint.notes, ...(model?.notes ?? [])],
    problems,
  };
}

function architectureIn({ config }: Checkpoint): Inspection['architecture'] {
  const given = config['model_type'];
  const modelType = typeof given === 'string' ? given : null;
  const title = architectures.get(modelType ?? '')?.title ?? null;
  const alike = title === null && modelType !== null ? nearest(modelType, architectures.keys()) : [];
  return { modelType, title, nearest: alike };
}

/** The tensors of a checkpoint, those of an adapter behind those that they are added to. */
function stored({ tensors }: Checkpoint): TensorRange[] {
  return [...tensors.values()].flatMap((tensor) =>
    tensor.update ? [tensor, tensor.update.down, tensor.update.up] : [tensor],
  );
}

function dtypesOf(checkpoint: Checkpoint): Inspection['dtypes'] {
  const sums = new Map<string, { dtype: string; tensors: number; elements: number; bytes: number }>();
  for (const { shape, ...range } of stored(checkpoint)) {
    const { dtype, byteLength } = range.stored ?? range;
    const sum = sums.get(dtype) ?? { dtype, tensors: 0, elements: 0, bytes: 0 };
    sum.tensors++;
    sum.elements += shape.reduce((product, size) => product * size, 1);
    sum.bytes += byteLength;
    sums.set(dtype, sum);
  }
  return [...sums.values()].sort((a, b) => b.bytes - a.bytes);
}

async function filesOf({ files }: Checkpoint): Promise<Inspection['files']> {
  const cache = hashCache(cacheFolder());
  const described: Inspection['files'][number][] = [];
  for (const file of files) {
    const remembered = await rememberedHashes([file], cache);
    described.push({ name: file.name, path: file.path, bytes: file.size, sha256: remembered?.sha256 ?? null });
  }
  return described;
}

/** A tensor that is dequantised lies, as stored, in its weight file. */
function tensorsOf(checkpoint: Checkpoint): InspectedTensor[] {
  return stored(checkpoint)
    .map(({ name, shape, ...range }) => {
      const { dtype, file, offset, byteLength: bytes } = range.stored ?? range;
      return { name, dtype, shape, file, offset, bytes };
    })
    .sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.offset - b.offset));
}
