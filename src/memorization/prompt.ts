/**
 * Prompts from templates: `{field}` is a field of the question's row, `{question?}` the same with a question mark where it
 * has none (definitions §8); `{{` and `}}` are braces, `\n` and `\t` as typed in a shell are line feed and tab. The answer
 * follows after a space; where it stands in the question too, that is no matter: the prompt's tokens say where it begins.
 */
import { EigentraceError, nearest } from '../errors.js';

export const defaultPrompt = 'Question: {question?} Answer:';

const pieces = /\{\{|\}\}|\{([^{}?]+)(\?)?\}|[{}]/g;

/** The fields that a template names; an unpaired brace is an error. */
export function fieldsOf(template: string): string[] {
  const fields = new Set<string>();
  for (const [piece, field] of template.matchAll(pieces)) {
    if (field !== undefined) fields.add(field);
    else if (piece.length === 1) {
      const message = `--prompt: a brace stands alone, got ${JSON.stringify(template)} (expected {field}, or {{ for a brace)`;
      throw new EigentraceError('usage', message);
    }
  }
  return [...fields];
}

/** The prompt of one row. `place` says where the row stands, for errors. */
export function fill(template: string, row: Readonly<Record<string, unknown>>, place: string): string {
  const text = template.replaceAll('\\n', '\n').replaceAll('\\t', '\t');
  return text.replace(pieces, (piece: string, field: string | undefined, mark: string | undefined) => {
    if (field === undefined) return piece[0]!;
    const value = row[field];
    if (typeof value !== 'string' && typeof value !== 'number') throw missing(field, row, place);
    const filled = String(value);
    return mark !== undefined && !filled.endsWith('?') ? `${filled}?` : filled;
  });
}

function missing(field: string, row: Readonly<Record<string, unknown>>, place: string): EigentraceError {
  const there = Object.keys(row).filter((name) => typeof row[name] === 'string');
  const close = nearest(field, there).map((name) => `"${name}"`);
  const got = Object.hasOwn(row, field) ? 'something else' : close.join(', ') || 'no texts at all';
  const other = nearest(
    field,
    there.filter((name) => !name.includes('answer')),
  )[0];
  const such = other === undefined ? '' : `; give another, such as --prompt '{${other}}'`;
  return new EigentraceError(
    'input',
    `${place}: no text in field "${field}", got ${got} (expected the fields that --prompt names${such})`,
  );
}
