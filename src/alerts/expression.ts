/**
 * Conditions over the columns of a table, as `--alert` takes them: `rankme < 0.5*max`, `alpha > prev + 0.3`,
 * `layer == 'final' and not r2 > 0.9`. Read by recursive descent into a tree, which `evaluate.ts` walks; nothing is ever
 * run as code.
 *
 *   or → and ("or" and)*          and → not ("and" not)*          not → "not" not | comparison
 *   comparison → sum (("<" | "<=" | ">" | ">=" | "==" | "!=") sum)?
 *   sum → product (("+" | "-") product)*                          product → unary (("*" | "/") unary)*
 *   unary → "-" unary | number | 'text' | column | aggregate | aggregate "(" column ")" | "abs" "(" or ")"
 *         | "absent" "(" column ")" | "(" or ")"
 *
 * An aggregate is over the earlier checkpoints of the same series, stage and layer. Without a column it is of the one
 * that its comparison names.
 */
import { EigentraceError, nearest } from '../errors.js';
import { lex, type Token } from './lex.js';

/** Over earlier checkpoints, those without the figure left out. `last` and `prev` are the same. */
export const aggregates = ['max', 'min', 'mean', 'first', 'last', 'prev'] as const;
export type Aggregate = (typeof aggregates)[number];
export type Comparator = '<' | '<=' | '>' | '>=' | '==' | '!=';

type Kind = 'number' | 'text' | 'condition';

export type Node =
  | { readonly type: 'number'; readonly value: number }
  | { readonly type: 'text'; readonly value: string }
  | { readonly type: 'column'; readonly name: string }
  | { readonly type: 'aggregate'; readonly of: Aggregate; readonly column: string }
  | { readonly type: 'absent'; readonly column: string }
  | { readonly type: 'abs' | 'minus' | 'not'; readonly operand: Node }
  | { readonly type: 'arithmetic'; readonly operator: '+' | '-' | '*' | '/'; readonly left: Node; readonly right: Node }
  | { readonly type: 'comparison'; readonly operator: Comparator; readonly left: Node; readonly right: Node }
  | { readonly type: 'and' | 'or'; readonly left: Node; readonly right: Node };

/** A condition that was read. */
export interface Condition {
  /** As it was written. */
  readonly text: string;
  readonly root: Node;
}

/** What columns hold, by name. */
export type Columns = Readonly<Record<string, 'string' | 'integer' | 'number'>>;

const longest = 1000;
const deepest = 60;
const comparators = ['<', '<=', '>', '>=', '==', '!='];

/** Reads a condition over these columns. What is wrong is a `usage` error that shows the place; `subject` names the option. */
export function parseCondition(text: string, columns: Columns, subject = '--alert'): Condition {
  if (text.trim() === '') {
    throw new EigentraceError('usage', `${subject}: is empty (expected a condition such as 'rankme < 0.5*max')`);
  }
  if (text.length > longest) {
    const message = `${subject}: is too long, got ${text.length} characters (expected at most ${longest})`;
    throw new EigentraceError('usage', message);
  }
  const refuse = (at: number, length: number, what: string): EigentraceError => {
    const mark = ' '.repeat(at) + '^'.repeat(Math.max(1, length));
    return new EigentraceError('usage', `${subject}: ${what}\n  ${text.replace(/\s/g, ' ')}\n  ${mark}`);
  };
  return { text, root: new Reader(lex(text, refuse), columns, refuse).read() };
}

export type Refuse = (at: number, length: number, what: string) => EigentraceError;

/** A tree that is not finished: a bare aggregate waits for its comparison to say of which column it is. */
interface Draft {
  readonly kind: Kind;
  /** Where it stands. */
  readonly at: number;
  readonly end: number;
  /** Columns named outside aggregates, and as their arguments. */
  readonly columns: readonly string[];
  readonly arguments: readonly string[];
  readonly bare: readonly Token[];
  /** The tree, where bare aggregates are of `column`. */
  readonly build: (column: string) => Node;
}

class Reader {
  readonly #tokens: readonly Token[];
  readonly #columns: Columns;
  readonly #refuse: Refuse;
  #next = 0;
  #depth = 0;

  constructor(tokens: readonly Token[], columns: Columns, refuse: Refuse) {
    this.#tokens = tokens;
    this.#columns = columns;
    this.#refuse = refuse;
  }

  read(): Node {
    const draft = this.#or();
    const rest = this.#peek();
    if (rest.type !== 'end') {
      const chained = comparators.includes(rest.text) ? '; write `a < b and b < c` for `a < b < c`' : '';
      throw this.#wrong(rest, `the condition should end here${chained}`);
    }
    this.#need(draft, 'condition', 'a comparison such as rankme < 50');
    // What is no comparison has no bare aggregate left, or it was refused.
    return draft.build('');
  }

  #or(): Draft {
    return this.#joined('or', ['or', '||'], () => this.#joined('and', ['and', '&&'], () => this.#not()));
  }

  #joined(type: 'and' | 'or', words: readonly string[], operand: () => Draft): Draft {
    let left = operand();
    while (words.includes(this.#peek().text) && this.#peek().type === 'sign') {
      this.#take();
      const right = operand();
      for (const side of [left, right]) this.#need(side, 'condition', `a comparison on each side of ${type}`);
      left = both('condition', left, right, (l, r) => ({ type, left: l, right: r }));
    }
    return left;
  }

  #not(): Draft {
    const token = this.#peek();
    if (token.type !== 'sign' || (token.text !== 'not' && token.text !== '!')) return this.#comparison();
    this.#take();
    const operand = this.#deeper(token, () => this.#not());
    this.#need(operand, 'condition', 'a comparison after not');
    return { ...operand, at: token.at, build: (c) => ({ type: 'not', operand: operand.build(c) }) };
  }

  #comparison(): Draft {
    const left = this.#sum();
    const token = this.#peek();
    if (token.type === 'sign' && token.text === '=') throw this.#wrong(token, 'write == to compare');
    if (token.type !== 'sign' || !comparators.includes(token.text)) return left;
    this.#take();
    const right = this.#sum();
    if (left.kind === 'condition' || right.kind === 'condition') {
      const side = left.kind === 'condition' ? left : right;
      throw this.#refuse(
        side.at,
        side.end - side.at,
        `is a condition (expected a number or a text beside ${token.text})`,
      );
    }
    if (left.kind !== right.kind) {
      const kinds = `got a ${left.kind} and a ${right.kind}`;
      throw this.#refuse(left.at, right.end - left.at, `can not be compared, ${kinds} (expected two of a kind)`);
    }
    const operator = token.text as Comparator;
    if (left.kind === 'text' && operator !== '==' && operator !== '!=') {
      throw this.#refuse(token.at, token.text.length, `texts have no order, got ${operator} (expected == or !=)`);
    }
    const whole = both('condition', left, right, (l, r) => ({ type: 'comparison', operator, left: l, right: r }));
    const column = this.#columnOf(whole);
    const node = whole.build(column);
    return { ...whole, bare: [], build: () => node };
  }

  /** Of which column the bare aggregates of a comparison are. */
  #columnOf(draft: Draft): string {
    const [first] = draft.bare;
    const named = new Set(draft.columns.length > 0 ? draft.columns : draft.arguments);
    if (!first || named.size === 1) return [...named][0] ?? '';
    const example = [...named][0] ?? 'rankme';
    const got = named.size === 0 ? 'a comparison that names no column' : `${[...named].join(' and ')} beside it`;
    throw this.#wrong(
      first,
      `${first.text} of which column, got ${got} (expected ${first.text}(COLUMN), such as ${first.text}(${example}))`,
    );
  }

  #sum(): Draft {
    return this.#chain(['+', '-'], () => this.#chain(['*', '/'], () => this.#unary()));
  }

  #chain(operators: readonly string[], operand: () => Draft): Draft {
    let left = operand();
    for (let token = this.#peek(); token.type === 'sign' && operators.includes(token.text); token = this.#peek()) {
      this.#take();
      const right = operand();
      for (const side of [left, right]) this.#need(side, 'number', `a number on each side of ${token.text}`);
      const operator = token.text as '+' | '-' | '*' | '/';
      left = both('number', left, right, (l, r) => ({ type: 'arithmetic', operator, left: l, right: r }));
    }
    return left;
  }

  #unary(): Draft {
    const token = this.#peek();
    if (token.type !== 'sign' || token.text !== '-') return this.#primary();
    this.#take();
    const operand = this.#deeper(token, () => this.#unary());
    this.#need(operand, 'number', 'a number after -');
    return { ...operand, at: token.at, build: (c) => ({ type: 'minus', operand: operand.build(c) }) };
  }

  #primary(): Draft {
    const token = this.#take();
    if (token.type === 'number') return leaf(token, 'number', { type: 'number', value: Number(token.text) });
    if (token.type === 'text') return leaf(token, 'text', { type: 'text', value: token.text });
    if (token.type === 'name') return this.#name(token);
    if (token.type === 'sign' && token.text === '(') {
      const inner = this.#deeper(token, () => this.#or());
      const close = this.#close(token);
      return { ...inner, at: token.at, end: close.at + 1 };
    }
    throw this.#wrong(
      token,
      `${token.type === 'end' ? 'ends too early' : `got ${token.text}`} (expected a column, a number or an aggregate)`,
    );
  }

  #name(token: Token): Draft {
    const { text } = token;
    const called = this.#peek().text === '(' && this.#peek().type === 'sign';
    if (text === 'abs' && called) {
      const open = this.#take();
      const operand = this.#deeper(open, () => this.#or());
      this.#need(operand, 'number', 'a number within abs( )');
      const close = this.#close(open);
      return {
        ...operand,
        at: token.at,
        end: close.at + 1,
        build: (c) => ({ type: 'abs', operand: operand.build(c) }),
      };
    }
    if (text === 'absent' && called) {
      const [column, end] = this.#argument();
      return { ...leaf(token, 'condition', { type: 'absent', column }), end };
    }
    const of = aggregates.find((aggregate) => aggregate === text);
    if (of && !called) {
      const draft = leaf(token, 'number', { type: 'number', value: 0 });
      return { ...draft, bare: [token], build: (column) => ({ type: 'aggregate', of, column }) };
    }
    if (of) {
      const [column, end, at] = this.#argument();
      if (this.#columns[column] === 'string') {
        throw this.#refuse(at, column.length, `${of} of texts, got ${column} (expected a column of numbers)`);
      }
      return { ...leaf(token, 'number', { type: 'aggregate', of, column }), end, arguments: [column] };
    }
    if (called) {
      const near = nearest(text, [...aggregates, 'abs', 'absent']).join(', ');
      throw this.#wrong(token, `no such function, got ${text} (nearest: ${near})`);
    }
    const kind = this.#kindOf(token) === 'string' ? 'text' : 'number';
    return { ...leaf(token, kind, { type: 'column', name: text }), columns: kind === 'number' ? [text] : [] };
  }

  /** `(COLUMN)`: the column, where the bracket ends, where the column stands. */
  #argument(): [column: string, end: number, at: number] {
    const open = this.#take();
    const token = this.#take();
    if (token.type !== 'name')
      throw this.#wrong(token, `got ${token.text || 'nothing'} (expected the name of a column)`);
    this.#kindOf(token);
    return [token.text, this.#close(open).at + 1, token.at];
  }

  #kindOf(token: Token): Columns[string] {
    const kind = Object.hasOwn(this.#columns, token.text) ? this.#columns[token.text] : undefined;
    if (kind !== undefined) return kind;
    const near = nearest(token.text, [...Object.keys(this.#columns), ...aggregates]).join(', ');
    throw this.#wrong(token, `unknown column, got ${token.text} (nearest: ${near})`);
  }

  #close(open: Token): Token {
    const token = this.#take();
    if (token.type === 'sign' && token.text === ')') return token;
    throw this.#refuse(
      open.at,
      token.at - open.at,
      `the bracket is not closed, got ${token.text || 'the end'} (expected ))`,
    );
  }

  #need(draft: Draft, kind: Kind, expected: string): void {
    if (draft.kind !== kind) {
      throw this.#refuse(draft.at, draft.end - draft.at, `is a ${draft.kind} (expected ${expected})`);
    }
  }

  #deeper<T>(token: Token, read: () => T): T {
    if (++this.#depth > deepest) throw this.#wrong(token, `is nested too deep (expected at most ${deepest} levels)`);
    const result = read();
    this.#depth--;
    return result;
  }

  #wrong({ at, text }: Token, what: string): EigentraceError {
    return this.#refuse(at, text.length, what);
  }

  #peek(): Token {
    return this.#tokens[this.#next]!;
  }

  #take(): Token {
    const token = this.#peek();
    if (token.type !== 'end') this.#next++;
    return token;
  }
}

function leaf(token: Token, kind: Kind, node: Node): Draft {
  return { kind, at: token.at, end: token.end, columns: [], arguments: [], bare: [], build: () => node };
}

function both(kind: Kind, left: Draft, right: Draft, join: (left: Node, right: Node) => Node): Draft {
  return {
    kind,
    at: left.at,
    end: right.end,
    columns: [...left.columns, ...right.columns],
    arguments: [...left.arguments, ...right.arguments],
    bare: [...left.bare, ...right.bare],
    build: (column) => join(left.build(column), right.build(column)),
  };
}
