/** Comma-separated values (RFC 4180; tabs and semicolons too, told by the header): rows of cells. */
import { EigentraceError } from '../errors.js';

/** Rows with the line each begins at; blank lines are left out. */
export function parseCsv(text: string, name: string): { readonly line: number; readonly cells: readonly string[] }[] {
  const source = text.replace(/^\uFEFF/, '');
  const header = source.slice(0, source.search(/[\r\n]|$/));
  const separator = [',', '\t', ';'].reduce((a, b) => (header.split(b).length > header.split(a).length ? b : a));
  const rows: { line: number; cells: string[] }[] = [];
  let cells: string[] = [];
  let cell = '';
  let isQuoted = false;
  let [line, start] = [1, 1];
  const endRow = () => {
    cells.push(cell);
    if (cells.length > 1 || cells[0]!.trim() !== '') rows.push({ line: start, cells });
    [cells, cell] = [[], ''];
  };
  for (let i = 0; i < source.length; i++) {
    const character = source[i]!;
    if (character === '\n') line++;
    if (isQuoted) {
      if (character !== '"') cell += character;
      else if (source[i + 1] === '"') cell += source[++i]!;
      else isQuoted = false;
    } else if (character === '"' && cell.trim() === '') [isQuoted, cell] = [true, ''];
    else if (character === separator) {
      cells.push(cell);
      cell = '';
    } else if (character === '\n' || (character === '\r' && source[i + 1] !== '\n')) {
      endRow();
      start = line;
    } else if (character !== '\r') cell += character;
  }
  if (isQuoted) {
    throw new EigentraceError(
      'input',
      `${name}: a quote is never closed, in the row at line ${start} (expected CSV as RFC 4180 writes it)`,
    );
  }
  if (cell !== '' || cells.length > 0) endRow();
  return rows;
}
