/** Conditions of --alert: what they mean, and what a user reads of one that is wrong. */
import { describe, expect, it } from 'vitest';
import { EigentraceError } from '../../src/errors.js';
import { holds, parseCondition, valuesOf, type Columns, type Row } from '../../src/alerts/index.js';

const columns: Columns = { layer: 'string', step: 'integer', rankme: 'number', rankme_se: 'number', alpha: 'number' };
const row: Row = { layer: 'final', step: 40, rankme: 12, rankme_se: 2, alpha: null };
const earlier: Row[] = [
  { layer: 'final', step: 10, rankme: 20, rankme_se: 1, alpha: 1.5 },
  { layer: 'final', step: 20, rankme: 60, rankme_se: 1, alpha: 1 },
  { layer: 'final', step: 30, rankme: 40, rankme_se: null, alpha: null },
];
const told = (text: string, at: Row = row, before: readonly Row[] = earlier) =>
  holds(parseCondition(text, columns), at, before);

describe('a condition', () => {
  it.each([
    ['rankme < 20', true],
    ['rankme<20', true],
    ['rankme > 20', false],
    ['rankme <= 12 and rankme >= 12', true],
    ['rankme == 12', true],
    ['rankme != 12', false],
    ['20 > rankme', true],
    // Precedence: * before +, + before <, < before not, not before and, and before or.
    ['2 + 3 * 2 == 8', true],
    ['(2 + 3) * 2 == 10', true],
    ['10 - 4 - 3 == 3', true],
    ['24 / 4 / 2 == 3', true],
    ['-2 * -3 == 6', true],
    ['1 - -1 == 2', true],
    ['not rankme < 20', false],
    ['!(rankme < 20)', false],
    ['not not rankme < 20', true],
    ['rankme < 20 or rankme > 5 and rankme > 99', true],
    ['(rankme < 20 or rankme > 5) and rankme > 99', false],
    ['rankme > 99 || rankme < 20 && step == 40', true],
    ['not rankme > 20 and step == 40', true],
    ['abs(rankme - 20) > 2 * rankme_se', true],
    ['1.5e1 > rankme', true],
    ['.5 < 1.', true],
    ["layer == 'final' and rankme < 20", true],
    ['layer != "final"', false],
  ])('%s is %s', (text, expected) => expect(told(text)).toBe(expected));

  it.each([
    ['rankme < 0.5*max', true],
    ['rankme < 0.1*max', false],
    ['rankme < max(rankme) / 4', true],
    ['max(rankme) == 60 and min(rankme) == 20 and mean(rankme) == 40', true],
    ['first(rankme) == 20 and last(rankme) == 40 and prev(rankme) == 40', true],
    ['rankme < prev - 20', true],
    ['rankme < prev - 28', false],
    // Of the one column that the comparison names, though another one has its own.
    ['rankme < min - rankme_se', null],
    ['rankme < min(rankme) - rankme_se', true],
    ['prev(rankme) > 1.5 * first', true],
    ['rankme < 20 and prev(alpha) < max', true],
    // Those without the figure are left out: the last α is that of step 20.
    ['prev(alpha) == 1 and first(alpha) == 1.5', true],
  ])('over earlier checkpoints: %s is %s', (text, expected) => {
    if (expected === null) expect(() => told(text)).toThrow(/min of which column, got rankme and rankme_se beside it/);
    else expect(told(text)).toBe(expected);
  });

  it.each([
    ['alpha > 0', null],
    ['alpha <= 0', null],
    ['alpha != 0', null],
    ['not alpha > 0', null],
    ['alpha > prev + 0.3', null],
    ['alpha > 0 or rankme < 20', true],
    ['rankme < 20 or alpha > 0', true],
    ['alpha > 0 and rankme > 20', false],
    ['alpha > 0 and rankme < 20', null],
    ['rankme / 0 > 1', null],
    ['0 / 0 == 0', null],
    ['abs(alpha) > 0', null],
    ['-alpha < 1', null],
    ['absent(alpha)', true],
    ['not absent(rankme)', true],
  ])('of what is absent: %s is %s', (text, expected) => expect(told(text)).toBe(expected));

  it('can not be told of the first checkpoint, where it asks for earlier ones', () => {
    expect(told('rankme < 0.5*max', row, [])).toBeNull();
    expect(told('rankme < 0.5*max or rankme < 20', row, [])).toBe(true);
    expect(told('rankme > 0', { rankme: NaN }, [])).toBeNull();
    expect(told('rankme > max', row, [{ rankme: NaN }, { rankme: null }, {}])).toBeNull();
  });

  it('tells what it came to', () => {
    const condition = parseCondition("layer == 'final' and (rankme < 0.5*max or not absent(alpha))", columns);
    expect(valuesOf(condition, row, earlier)).toEqual({ layer: 'final', rankme: 12, 'max(rankme)': 60, alpha: null });
  });
});

/** The message after the option, and what the caret line marks. */
function wrong(text: string): [message: string, marked: string] {
  try {
    parseCondition(text, columns);
  } catch (error) {
    if (!(error instanceof EigentraceError) || error.code !== 'usage') throw error;
    const [message = '', shown = '', mark = ''] = error.message.split('\n');
    const from = mark.indexOf('^');
    return [message.replace('--alert: ', ''), shown.slice(from, mark.length)];
  }
  throw new Error('not refused');
}

describe('what is wrong is shown at its place', () => {
  it.each([
    ['rankm < 5', 'unknown column, got rankm (nearest: rankme, ', 'rankm'],
    ['rankme < 5 and apha > 1', 'unknown column, got apha (nearest: alpha, ', 'apha'],
    ['max(rankm) > 5', 'unknown column, got rankm (nearest: rankme, ', 'rankm'],
    ['toString > 5', 'unknown column, got toString (nearest: ', 'toString'],
    ['__proto__ > 5', 'unknown column, got __proto__ (nearest: ', '__proto__'],
    ['rankme', 'is a number (expected a comparison such as rankme < 50)', 'rankme'],
    ['layer', 'is a text (expected a comparison such as rankme < 50)', 'layer'],
    ['rankme + 1 and alpha > 1', 'is a number (expected a comparison on each side of and)', 'rankme + 1'],
    ['not rankme', 'is a number (expected a comparison after not)', 'rankme'],
    ['rankme < layer', 'can not be compared, got a number and a text (expected two of a kind)', 'rankme < layer'],
    ["layer < 'final'", 'texts have no order, got < (expected == or !=)', '<'],
    ["layer + 1 == 'x'", 'is a text (expected a number on each side of +)', 'layer'],
    ['(rankme < 5) < 1', 'is a condition (expected a number or a text beside <)', '(rankme < 5)'],
    ['rankme = 5', 'write == to compare', '='],
    ['5 < rankme < 9', 'the condition should end here; write `a < b and b < c` for `a < b < c`', '<'],
    ['rankme < 5 alpha', 'the condition should end here', 'alpha'],
    ['rankme <', 'ends too early (expected a column, a number or an aggregate)', ''],
    ['< 5', 'got < (expected a column, a number or an aggregate)', '<'],
    ['(rankme < 5', 'the bracket is not closed, got the end (expected ))', '(rankme < 5'],
    ['rankme < 5)', 'the condition should end here', ')'],
    ['max(5) > 1', 'got 5 (expected the name of a column)', '5'],
    ['max(layer) > 1', 'max of texts, got layer (expected a column of numbers)', 'layer'],
    ['sum(rankme) > 1', 'no such function, got sum (nearest: abs, ', 'sum'],
    [
      '5 < max',
      'max of which column, got a comparison that names no column (expected max(COLUMN), such as max(rankme))',
      'max',
    ],
    ['rankme < alpha * max', 'max of which column, got rankme and alpha beside it', 'max'],
    ['rankme < 5x', 'can not be read, got 5x', '5x'],
    ['rankme < 1.2.3', 'can not be read, got 1.2.3', '1.2.3'],
    ['rankme < 5 ; process.exit()', 'can not be read, got ;', ';'],
    ["layer == 'final", "can not be read, got 'final", "'final"],
  ])('%s', (text, message, marked) => {
    const [said, shown] = wrong(text);
    expect(said.slice(0, message.length)).toBe(message);
    expect(shown).toBe(marked);
  });

  it('of what is empty, endless or too deep', () => {
    expect(wrong('  ')[0]).toBe("is empty (expected a condition such as 'rankme < 0.5*max')");
    expect(wrong('1'.repeat(1001))[0]).toBe('is too long, got 1001 characters (expected at most 1000)');
    const deep = (levels: number) => `${'('.repeat(levels)}rankme < 5${')'.repeat(levels)}`;
    expect(told(deep(60))).toBe(false);
    expect(wrong(deep(61))[0]).toBe('is nested too deep (expected at most 60 levels)');
    expect(wrong(`${'-'.repeat(200)}1 < 2`)[0]).toBe('is nested too deep (expected at most 60 levels)');
    expect(wrong(`${'not '.repeat(100)}1 < 2`)[0]).toBe('is nested too deep (expected at most 60 levels)');
  });
});
