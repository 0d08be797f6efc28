/** Rows of text in columns: headed, padded left or right, each no wider than it needs. */

import { lengthOf } from './format.js';

export interface Column {
  readonly head: string;
  readonly side: 'left' | 'right';
  /** One text a row. */
  readonly cells: readonly string[];
  /** At least this wide. */
  readonly least?: number;
}

export function widthOf(column: Column): number {
  return Math.max(column.least ?? 0, lengthOf(column.head), ...column.cells.map(lengthOf));
}

export function pad(text: string, width: number, side: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - lengthOf(text)));
  return side === 'left' ? text + space : space + text;
}
