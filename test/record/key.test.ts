import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { canonicalJson, differences, measurementKey } from '../../src/record/index.js';
import { readableJson } from '../../src/record/json.js';
import { hash, keyParts } from './fixture.js';

describe('canonicalJson', () => {
  it('is RFC 8785: the example of its section 3.2.3 and its numbers', () => {
    const value = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    };
    expect([...canonicalJson(value).matchAll(/:"([^"]*)"/g)].map((m) => m[1])).toEqual([
      ...['Carriage Return', 'One', 'Control', 'Latin Small Letter O With Diaeresis', 'Euro Sign'],
      ...['Emoji: Grinning Face', 'Hebrew Letter Dalet With Dagesh'],
    ]);
    expect(canonicalJson([1e21, 0.1 + 0.2, -0, 1e-7, 5e-324, Number('333333333.33333329')])).toBe(
      '[1e+21,0.30000000000000004,0,1e-7,5e-324,333333333.3333333]',
    );
    expect(canonicalJson({ b: [true, null], a: { d: '\u000f"', c: undefined } })).toBe(
      '{"a":{"d":"\\u000f\\""},"b":[true,null]}',
    );
  });

  it('refuses what JSON would lose', () => {
    expect(() => canonicalJson({ a: NaN })).toThrow("internal: a record can't hold the number NaN (expected null)");
    expect(() => canonicalJson([Infinity])).toThrow('Infinity');
    expect(() => canonicalJson(1n)).toThrow('bigint');
  });
});

describe('readableJson', () => {
  it('reads back to the same, with lists of plain values on one line', () => {
    const value = { a: [1, 2, null], b: { c: [] }, d: [{ e: 'x' }], f: {} };
    expect(readableJson(value)).toBe(
      '{\n "a": [1, 2, null],\n "b": {\n  "c": []\n },\n "d": [\n  {\n   "e": "x"\n  }\n ],\n "f": {}\n}\n',
    );
    expect(JSON.parse(readableJson(value))).toEqual(value);
  });
});

describe('measurementKey', () => {
  it('is the sha256 of the canonical parts, whatever their order', () => {
    const text =
      `{"alphaRange":[12,100],"config":"${hash('b')}","corpus":"${hash('d')}","definitions":1,"errors":"jackknife",` +
      `"filter":{"maxTokens":512,"minTokens":32,"seed":null,"sequences":15000},"layers":["final"],"nll":false,` +
      `"position":"last","precision":"float32","tokenizer":"${hash('c')}","weights":"${hash('a')}"}`;
    expect(measurementKey(keyParts)).toBe(createHash('sha256').update(text).digest('hex'));
    const reversed = Object.fromEntries(Object.entries(keyParts).reverse()) as typeof keyParts;
    expect(measurementKey(reversed)).toBe(measurementKey(keyParts));
  });

  it('changes with every part', () => {
    const changed = Object.keys(keyParts).map((part) => measurementKey({ ...keyParts, [part]: 'other' }));
    const keys = new Set([measurementKey(keyParts), ...changed, measurementKey({ ...keyParts, control: 'random' })]);
    expect(keys.size).toBe(Object.keys(keyParts).length + 2);
  });
});

describe('differences', () => {
  it('names each part that differs, nested ones by their path', () => {
    const filter = { ...keyParts.filter, maxTokens: 128 };
    const other = { ...keyParts, filter, layers: ['0', 'final'], weights: hash('f'), control: 'random weights' };
    expect(differences(keyParts, other)).toEqual([
      'control: absent → "random weights"',
      'filter.maxTokens: 512 → 128',
      'layers: ["final"] → ["0","final"]',
      'weights: aaaaaaaaaaaa… → ffffffffffff…',
    ]);
    expect(differences({ a: 'x', b: 1 }, { a: 'y' })).toEqual(['a: x → y', 'b: 1 → absent']);
    expect(differences(keyParts, { ...keyParts })).toEqual([]);
  });
});
