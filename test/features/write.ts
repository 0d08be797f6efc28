/** Files of representations as Python would write them, in a temporary folder. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ByteWriter, parquetWrite } from 'hyparquet-writer';
import { encodeSafetensors, npyHeader } from '../../src/bytes/index.js';

export const temporary = (): Promise<string> => mkdtemp(join(tmpdir(), 'eigentrace-features-'));

export interface Written {
  n: number;
  d: number;
  values: Float32Array;
}

/** The matrix that test/golden/features was written from: exact in every format. */
export const known: Written = {
  ...{ n: 40, d: 6 },
  values: Float32Array.from({ length: 240 }, (_, i) => (((i * 7) % 97) - 48) / 8),
};

const raw = (values: Float32Array): Buffer => Buffer.from(values.buffer, values.byteOffset, values.byteLength);

export const npyBytes = ({ n, d, values }: Written): Buffer => Buffer.concat([npyHeader('<f4', [n, d]), raw(values)]);

export const safetensorsBytes = ({ n, d, values }: Written, name = 'final'): Uint8Array =>
  Buffer.concat(encodeSafetensors([{ name, dtype: 'F32', shape: [n, d], data: values }]));

export function parquetBytes(
  { n, d, values }: Written,
  options: { columns?: boolean; groups?: number } = {},
): Uint8Array {
  const writer = new ByteWriter();
  const rowGroupSize = options.groups ?? 16;
  if (options.columns) {
    const columnData = Array.from({ length: d }, (_, j) => ({
      name: `x${j}`,
      data: Float32Array.from({ length: n }, (__, i) => values[i * d + j]!),
      type: 'FLOAT' as const,
    }));
    const row = { name: 'row', data: Int32Array.from({ length: n }, (_, i) => i), type: 'INT32' as const };
    void parquetWrite({ writer, columnData: [row, ...columnData], rowGroupSize, pageSize: 256 });
  } else {
    const data = Array.from({ length: n }, (_, i) => Array.from(values.subarray(i * d, (i + 1) * d)));
    void parquetWrite({
      writer,
      columnData: [{ name: 'features', data }],
      schema: [
        { name: 'root', num_children: 1 },
        { name: 'features', repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
        { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
        { name: 'element', repetition_type: 'OPTIONAL', type: 'FLOAT' },
      ],
      ...{ rowGroupSize, pageSize: 256 },
    });
  }
  return new Uint8Array(writer.getBuffer());
}

export async function put(folder: string, name: string, bytes: Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return path;
}
