/**
 * A condition on one checkpoint, given those before it. What is absent makes a comparison neither true nor false, and `not`
 * of that is neither too: an alert fires on what was measured, never on what is missing (`absent(alpha)` asks for that).
 */
import type { Aggregate, Comparator, Condition, Node } from './expression.js';

/** A row of the table: figures by column. */
export type Row = Readonly<Record<string, number | string | null>>;

/** True, false, or null: it can't be told. `earlier`: rows of earlier checkpoints, in order. */
export function holds({ root }: Condition, row: Row, earlier: readonly Row[]): boolean | null {
  return truth(root, row, earlier);
}

/** What the condition's columns and aggregates came to, each once, in the order of writing: `rankme`, `max(rankme)`. */
export function valuesOf(
  { root }: Condition,
  row: Row,
  earlier: readonly Row[],
): Record<string, number | string | null> {
  const values: Record<string, number | string | null> = {};
  const visit = (node: Node): void => {
    if (node.type === 'column') values[node.name] = row[node.name] ?? null;
    else if (node.type === 'absent') values[node.column] = row[node.column] ?? null;
    else if (node.type === 'aggregate') values[`${node.of}(${node.column})`] = aggregate(node.of, node.column, earlier);
    else if ('operand' in node) visit(node.operand);
    else if ('left' in node) {
      visit(node.left);
      visit(node.right);
    }
  };
  visit(root);
  return values;
}

/** Three-valued, as in SQL: false and unknown is false, true or unknown is true. */
function truth(node: Node, row: Row, earlier: readonly Row[]): boolean | null {
  switch (node.type) {
    case 'and':
    case 'or': {
      const decisive = node.type === 'or';
      const [left, right] = [truth(node.left, row, earlier), truth(node.right, row, earlier)];
      if (left === decisive || right === decisive) return decisive;
      return left === null || right === null ? null : !decisive;
    }
    case 'not': {
      const operand = truth(node.operand, row, earlier);
      return operand === null ? null : !operand;
    }
    case 'absent':
      return (row[node.column] ?? null) === null;
    case 'comparison': {
      const [left, right] = [value(node.left, row, earlier), value(node.right, row, earlier)];
      return left === null || right === null ? null : compared(node.operator, left, right);
    }
    default:
      return null;
  }
}

function compared(operator: Comparator, left: number | string, right: number | string): boolean {
  if (operator === '==') return left === right;
  if (operator === '!=') return left !== right;
  if (operator === '<') return left < right;
  if (operator === '<=') return left <= right;
  return operator === '>' ? left > right : left >= right;
}

/** What is not finite (a division by zero) can't be told either. */
function value(node: Node, row: Row, earlier: readonly Row[]): number | string | null {
  const found = raw(node, row, earlier);
  return typeof found === 'number' && !Number.isFinite(found) ? null : found;
}

function raw(node: Node, row: Row, earlier: readonly Row[]): number | string | null {
  switch (node.type) {
    case 'number':
    case 'text':
      return node.value;
    case 'column':
      return row[node.name] ?? null;
    case 'aggregate':
      return aggregate(node.of, node.column, earlier);
    case 'abs':
    case 'minus': {
      const operand = value(node.operand, row, earlier);
      if (typeof operand !== 'number') return null;
      return node.type === 'abs' ? Math.abs(operand) : -operand;
    }
    case 'arithmetic': {
      const [left, right] = [value(node.left, row, earlier), value(node.right, row, earlier)];
      if (typeof left !== 'number' || typeof right !== 'number') return null;
      if (node.operator === '+') return left + right;
      if (node.operator === '-') return left - right;
      return node.operator === '*' ? left * right : left / right;
    }
    default:
      return null;
  }
}

function aggregate(of: Aggregate, column: string, earlier: readonly Row[]): number | null {
  const found = earlier.flatMap((row) => {
    const cell = row[column];
    return typeof cell === 'number' && Number.isFinite(cell) ? [cell] : [];
  });
  if (found.length === 0) return null;
  if (of === 'max') return found.reduce((most, x) => Math.max(most, x));
  if (of === 'min') return found.reduce((least, x) => Math.min(least, x));
  if (of === 'mean') return found.reduce((sum, x) => sum + x, 0) / found.length;
  return (of === 'first' ? found[0] : found.at(-1)) ?? null;
}
