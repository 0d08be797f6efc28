/** Checkpoints that are damaged on purpose: copies of the sample's with something changed. */
import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

type Header = Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>;

interface Weights {
  header: Header;
  data: Buffer;
}

const file = (folder: string) => join(folder, 'model.safetensors');

/** Reads a checkpoint's weights, hands them over to be changed, and writes them back. */
export async function changeWeights(folder: string, change: (weights: Weights) => void): Promise<void> {
  const bytes = await readFile(file(folder));
  const length = Number(bytes.readBigUInt64LE(0));
  const weights: Weights = {
    header: JSON.parse(bytes.toString('utf8', 8, 8 + length)) as Header,
    data: Buffer.from(bytes.subarray(8 + length)),
  };
  change(weights);
  const json = Buffer.from(JSON.stringify(weights.header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(json.length));
  await writeFile(file(folder), Buffer.concat([size, json, weights.data]));
}

export async function changeConfig(folder: string, change: Record<string, unknown>): Promise<void> {
  const path = join(folder, 'config.json');
  const config = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  await writeFile(path, JSON.stringify({ ...config, ...change }));
}

/** Fills elements [from, to) of a float16 tensor with NaN. */
export function fillNaN({ header, data }: Weights, name: string, from = 0, to?: number): void {
  const [start, end] = header[name]!.data_offsets;
  const last = to === undefined ? end : start + to * 2;
  for (let at = start + from * 2; at < last; at += 2) data.writeUInt16LE(0x7e00, at);
}

/** Says that the header has 2^60 bytes. */
export async function hugeHeader(folder: string): Promise<void> {
  const bytes = await readFile(file(folder));
  bytes.writeBigUInt64LE(1n << 60n);
  await writeFile(file(folder), bytes);
}

export const cutShort = (folder: string): Promise<void> => truncate(file(folder), 1_000_000);
