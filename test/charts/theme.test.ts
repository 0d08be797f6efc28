import { expect, test } from 'vitest';
import { declarations, literal, paintOf, tokens, type Scheme, type Token } from '../../src/charts/index.js';

/** Contrast of two colours as WCAG 2 defines it. */
function contrast(a: string, b: string): number {
  const luminance = (colour: string) => {
    const [r, g, blue] = [1, 3, 5].map((at) => {
      const value = parseInt(colour.slice(at, at + 2), 16) / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r! + 0.7152 * g! + 0.0722 * blue!;
  };
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high! + 0.05) / (low! + 0.05);
}

test('contrast is computed as WCAG says', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 6);
  expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.478, 3);
});

const texts: Token[] = ['--ink', '--ink-2', '--ink-3', '--accent', '--warn', '--focus'];
const series = [1, 2, 3, 4, 5, 6, 7, 8].map((i) => `--series-${i}` as Token);
const grounds: Token[] = ['--ground', '--panel', '--phase-warmup', '--phase-entropy', '--phase-compression'];

test.each(['light', 'dark'] as Scheme[])('%s: text is legible (AA) on the page and on phases, lines too', (scheme) => {
  const of = tokens[scheme];
  for (const name of [...texts, ...series]) {
    for (const ground of ['--ground', '--panel'] as const) {
      expect(contrast(of[name], of[ground]), `${name} on ${ground}`).toBeGreaterThanOrEqual(4.5);
    }
  }
  for (const ground of grounds) {
    expect(contrast(of['--ink-2'], of[ground]), `names on ${ground}`).toBeGreaterThanOrEqual(4.5);
    for (const name of series) expect(contrast(of[name], of[ground]), `${name} on ${ground}`).toBeGreaterThanOrEqual(3);
    expect(contrast(of['--rule'], of['--ground']), 'axis lines').toBeGreaterThanOrEqual(3);
  }
});

test('phases differ in lightness too, or in more than hue', () => {
  const { light } = tokens;
  const tints = [light['--phase-warmup'], light['--phase-entropy'], light['--phase-compression']];
  expect(new Set(tints).size).toBe(3);
  for (const tint of tints) expect(contrast(tint, light['--ground'])).toBeLessThan(1.4);
});

test('screen colours are custom properties, paper ones are literal', () => {
  expect(paintOf({ theme: 'screen', width: 600 }).series(0)).toBe('var(--series-1)');
  expect(paintOf({ theme: 'screen', width: 600 }).series(8)).toBe('var(--series-1)');
  expect(paintOf({ theme: 'paper', width: 238 }).series(1)).toBe(tokens.light['--series-2']);
  expect(literal('var(--ink)', 'dark')).toBe(tokens.dark['--ink']);
  expect(literal('#123456', 'dark')).toBe('#123456');
  expect(declarations('light')).toContain('--ground: #ffffff;');
});
