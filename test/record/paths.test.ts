import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeName, encodeName, encodeRevision, measurementStem } from '../../src/record/index.js';

const anyString = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  // Lone surrogates, dots, spaces, what Windows refuses, both cases, an accent composed and not.
  fc.string({
    unit: fc.constantFrom(
      '\ud800',
      '\udc00',
      '.',
      ' ',
      '/',
      '\\',
      ':',
      '%',
      '+',
      '~',
      'a',
      'A',
      'é',
      'e\u0301',
      'ß',
      'K',
    ),
    maxLength: 12,
  }),
  fc.constantFrom('', '.', '..', 'con', 'CON', 'con.txt', 'aux', 'lpt1', 'com0', 'nul.', 'x'.repeat(300), '%', '%41'),
);
const encoders = { encodeName, encodeRevision };

describe.each(Object.entries(encoders))('%s', (_, encode) => {
  it('gives a name that every file system takes', () => {
    fc.assert(
      fc.property(anyString, (name) => {
        const encoded = encode(name);
        expect(encoded).toMatch(/^[\w\-=,@.+%~]+$/);
        expect(encoded.length).toBeLessThanOrEqual(150);
        expect(encoded).not.toMatch(/^\.|\.$/);
        expect(encoded.toLowerCase().split('.')[0]).not.toMatch(/^(con|prn|aux|nul|com\d|lpt\d)$/);
      }),
      { numRuns: 2000 },
    );
  });

  it('is reversible, as far as names are not too long', () => {
    fc.assert(
      fc.property(anyString, (name) => {
        const encoded = encode(name);
        expect(decodeName(encoded)).toBe(encoded.includes('%~') ? null : name);
      }),
      { numRuns: 2000 },
    );
  });

  it('never gives two strings one name, case folded or not', () => {
    fc.assert(
      fc.property(anyString, anyString, (a, b) => {
        fc.pre(a !== b);
        expect(encode(a).toLowerCase()).not.toBe(encode(b).toLowerCase());
      }),
      { numRuns: 2000 },
    );
    const close = ['step1', 'Step1', 'STEP1', 'step1.', 'step1 ', 'step1/', 'stép1', 'ste\u0301p1', '+step1', '%step1'];
    const long = ['a', 'b', 'A'].map((end) => 'x'.repeat(400) + end);
    const names = [...close, ...long].map((name) => encode(name).toLowerCase());
    expect(new Set(names).size).toBe(close.length + long.length);
  });
});

describe('names', () => {
  it('leaves plain names as they are and shows upper case', () => {
    expect(encodeName('sample-neox-0.9m')).toBe('sample-neox-0.9m');
    expect(encodeRevision('step1000')).toBe('step1000');
    expect(encodeRevision('stage1-step1000-tokens5B')).toBe('stage1-step1000-tokens5+B');
    expect(encodeName('org/Name')).toBe('org%2f+Name');
    expect(encodeRevision('v0.1')).toBe('v0%2e1');
    expect(encodeName('nul')).toBe('%6eul');
    expect(encodeName('..')).toBe('%2e%2e');
    expect(encodeName('é')).toBe('%u00e9');
  });

  it('decodes no foreign name', () => {
    for (const name of ['Step1', 'a b', '%', '%zz', '.hidden', '%41', '+1', 'con']) {
      expect(decodeName(name), name).toBe(name === '%' ? '' : null);
    }
  });

  it('tells a variant from a revision with a dot', () => {
    const ref = { series: 's', stage: 'pretrain', revision: 'a', variant: '0f3c' };
    expect(measurementStem(ref)).toBe('geometry/s/pretrain/a.0f3c');
    expect(measurementStem({ ...ref, revision: 'a.0f3c', variant: null })).toBe('geometry/s/pretrain/a%2e0f3c');
    expect(() => measurementStem({ ...ref, variant: '../x' })).toThrow(
      'variant: not a short name, got "../x" (expected small letters, digits, -)',
    );
  });
});
