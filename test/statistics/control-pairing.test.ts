import { expect, it } from 'vitest';
import { controlPairing } from '../../src/statistics/index.js';

const real = { corpus: 'c', sequences: 400, tokens: 35_361, minTokens: 0, maxTokens: 128 };

it('pairs a null with a series measured on the same sequences, and with no other', () => {
  expect(controlPairing('shuffled-tokens', real, { ...real })).toBe('paired');
  expect(controlPairing('random-init', real, { ...real })).toBe('paired');
  for (const other of [{ corpus: 'd' }, { sequences: 399 }, { tokens: 35_360 }, { minTokens: 1 }, { maxTokens: 64 }]) {
    expect(controlPairing('shuffled-tokens', real, { ...real, ...other })).toBeNull();
  }
  expect(controlPairing('random-init', real, null)).toBeNull();
  expect(controlPairing('random-init', null, real)).toBeNull();
});

it('knows that white noise shares nothing with any series', () => {
  expect(controlPairing('gaussian', real, null)).toBe('independent');
  expect(controlPairing('gaussian', null, null)).toBe('independent');
});
