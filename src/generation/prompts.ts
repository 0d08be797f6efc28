/** The prompts of a request: those of the command line, then those of a file; each once. */
import { readText } from '../bytes/index.js';
import { EigentraceError } from '../errors.js';

const fileLimit = 64 * 1024 * 1024;

export async function promptsOf(prompts: readonly string[], file: string | null): Promise<string[]> {
  const given = prompts.map((text, i) => checked(text, `--prompt ${i + 1}`));
  const all = [...given, ...(file === null ? [] : await promptsIn(file))];
  if (all.length === 0) {
    throw new EigentraceError('usage', '--prompt: got none (expected a text to go on with, or --prompts FILE)');
  }
  return [...new Set(all)];
}

async function promptsIn(file: string): Promise<string[]> {
  const isJson = /\.(jsonl|ndjson)$/i.test(file);
  const found: string[] = [];
  (await readText(file, fileLimit)).split(/\r?\n/).forEach((line, i) => {
    if (line.trim() === '') return;
    const place = `${file} line ${i + 1}`;
    found.push(checked(isJson ? promptIn(line, place) : line, place));
  });
  if (found.length > 0) return found;
  throw new EigentraceError('input', `${file}: holds no prompt (expected one a line)`);
}

function promptIn(line: string, place: string): string {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    throw new EigentraceError(
      'input',
      `${place}: is no JSON, got ${line.slice(0, 40)} (expected {"prompt": "…"} or "…")`,
    );
  }
  const text = typeof json === 'object' && json !== null ? (json as { prompt?: unknown }).prompt : json;
  if (typeof text === 'string') return text;
  const got = text === undefined ? 'nothing' : JSON.stringify(text);
  throw new EigentraceError(
    'input',
    `${place}: no prompt, got ${got.slice(0, 40)} (expected a text, or one as "prompt")`,
  );
}

function checked(text: string, place: string): string {
  if (text !== '') return text;
  throw new EigentraceError(
    'usage',
    `${place}: is empty (expected a text; to write from nothing give the token that begins texts, such as '<|endoftext|>')`,
  );
}
