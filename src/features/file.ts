/**
 * A file of representations made elsewhere, by its ending: `.npy`, `.npz`, `.safetensors` or `.parquet`. `describe` reads
 * headers only; `open` gives the rows, read from the disk by range (through a scratch file where the format can't be
 * read at random), so that memory does not grow with the file.
 */
import { FileSource } from '../bytes/index.js';
import { EigentraceError } from '../errors.js';
import type { FloatType } from '../bytes/floats.js';
import { rowsOf, type Rows } from './matrix.js';
import { readNpy } from './npy.js';
import { readNpz } from './npz.js';
import { readParquet } from './parquet.js';
import { readTensor } from './safetensors.js';

export const featureEndings = ['.npy', '.npz', '.safetensors', '.parquet'] as const;

/** Which array of a file is meant. */
export interface FeatureChoice {
  /** `final` or a block's number. */
  readonly layer: string;
  /** A file of one matrix may call it what it likes. Default true. */
  readonly only?: boolean;
}

/** What a file holds, from its headers. */
export interface FeatureHeader {
  readonly n: number;
  readonly d: number;
  /** As stored; rows are float32. */
  readonly type: FloatType;
  /** Name of the array, tensor or column; null where the format has none. */
  readonly array: string | null;
  /** What was left out, in words. */
  readonly notes: readonly string[];
}

export interface FeatureRows extends Rows {
  close(): Promise<void>;
}

interface Reader {
  readonly header: FeatureHeader;
  readonly rows: (scratch: string, signal?: AbortSignal) => Promise<FeatureRows>;
}

/** The ending of a path among those that are read; null when it is another. */
export function endingOf(path: string): (typeof featureEndings)[number] | null {
  return featureEndings.find((ending) => path.toLowerCase().endsWith(ending)) ?? null;
}

/** Shape and type of a file's representations, from its headers. Errors name the file and what is wrong with it. */
export async function describeFeatures(path: string, choice: FeatureChoice): Promise<FeatureHeader> {
  const source = await FileSource.open(path);
  try {
    return (await readerOf(source, choice)).header;
  } finally {
    await source.close();
  }
}

/** The rows of a file, (n, d) float32, until `close`; `scratch` is a folder for a scratch file, if one is needed. */
export async function openFeatures(
  path: string,
  choice: FeatureChoice & { scratch: string; signal?: AbortSignal | undefined },
): Promise<FeatureRows> {
  const source = await FileSource.open(path);
  try {
    const { rows } = await readerOf(source, choice);
    const opened = await rows(choice.scratch, choice.signal);
    const close = (): Promise<void> => opened.close().finally(() => source.close());
    return { n: opened.n, d: opened.d, read: (start, end) => opened.read(start, end), close };
  } catch (error) {
    await source.close();
    throw error;
  }
}

async function readerOf(source: FileSource, { layer, only = true }: FeatureChoice): Promise<Reader> {
  const inPlace = { close: () => Promise.resolve() };
  switch (endingOf(source.name)) {
    case '.npy': {
      const matrix = await readNpy(source);
      const header = { n: matrix.n, d: matrix.d, type: matrix.format.type, array: null, notes: [] };
      return { header, rows: () => Promise.resolve({ ...rowsOf(source, matrix), ...inPlace }) };
    }
    case '.safetensors': {
      const { matrix, array } = await readTensor(source, layer, only);
      const header = { n: matrix.n, d: matrix.d, type: matrix.format.type, array, notes: [] };
      return { header, rows: () => Promise.resolve({ ...rowsOf(source, matrix), ...inPlace }) };
    }
    case '.npz': {
      const { matrix, array, open } = await readNpz(source, layer, only);
      const rows = async (scratch: string, signal?: AbortSignal): Promise<FeatureRows> => {
        const entry = await open(scratch, signal);
        return { ...rowsOf(entry, matrix), close: () => entry.close() };
      };
      return { header: { n: matrix.n, d: matrix.d, type: matrix.format.type, array, notes: [] }, rows };
    }
    case '.parquet': {
      const { open, ...header } = await readParquet(source, layer, only);
      const rows = async (scratch: string, signal?: AbortSignal): Promise<FeatureRows> => {
        const file = await open(scratch, signal);
        const format = { type: 'float32', bigEndian: false } as const;
        return { ...rowsOf(file, { n: header.n, d: header.d, format, start: 0 }), close: () => file.close() };
      };
      return { header, rows };
    }
    case null: {
      const expected = `expected ${featureEndings.join(', ')}`;
      throw new EigentraceError('input', `${source.name}: format not known by its ending (${expected})`);
    }
  }
}
