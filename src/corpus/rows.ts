/** `--rows FILE`: the corpus rows that all models measure, as a JSON array or one number a line, from 0. */
import { readText } from '../bytes/index.js';
import { EigentraceError, messageOf } from '../errors.js';

const fileLimit = 64 * 1024 * 1024;

/** Row numbers in ascending order; none twice, at least one. */
export async function readRows(path: string): Promise<number[]> {
  const text = (await readText(path, fileLimit)).replace(/^\uFEFF/, '');
  const rows = text.trimStart().startsWith('[') ? fromJson(text, path) : fromLines(text, path);
  if (rows.length === 0)
    throw new EigentraceError('input', `${path}: names no rows (expected at least one row number)`);
  rows.sort((a, b) => a - b);
  const twice = rows.find((row, i) => row === rows[i - 1]);
  if (twice !== undefined)
    throw new EigentraceError('input', `${path}: row ${twice} is there twice (expected each row once)`);
  return rows;
}

function fromJson(text: string, path: string): number[] {
  let values: unknown[];
  try {
    values = JSON.parse(text) as unknown[];
  } catch (error) {
    throw new EigentraceError('input', `${path}: is not JSON (${messageOf(error)})`, { cause: error });
  }
  return values.map((value, i) => {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
    throw notARow(`${path}: entry ${i + 1}`, JSON.stringify(value));
  });
}

function fromLines(text: string, path: string): number[] {
  return text.split('\n').flatMap((line, i) => {
    const content = line.trim();
    if (content === '') return [];
    if (/^\d{1,15}$/.test(content)) return [Number(content)];
    throw notARow(`${path}:${i + 1}`, content.slice(0, 40));
  });
}

function notARow(place: string, got: string): EigentraceError {
  return new EigentraceError('input', `${place} is not a row number, got ${got} (expected an integer from 0)`);
}
