import { expect, test } from 'vitest';
import { stretchesOf } from '../../src/story/index.js';

test('a loop is its first round and the rest, from where it begins', () => {
  expect(stretchesOf('It was, and the fire, and the fire, and the fire, and', true)).toEqual([
    { text: 'It was', mark: null },
    { text: ', and the fire', mark: 'round' },
    { text: ', and the fire, and the fire, and', mark: 'again' },
  ]);
  // Of equal beginnings the shortest period: one character, not two.
  expect(stretchesOf('1900000', true)).toEqual([
    { text: '19', mark: null },
    { text: '0', mark: 'round' },
    { text: '0000', mark: 'again' },
  ]);
  // From the first character on.
  expect(stretchesOf('ababab', true).map(({ mark }) => mark)).toEqual(['round', 'again']);
});

test('without a loop, the longest span that stands twice, not overlapping itself', () => {
  expect(stretchesOf('The house of the king and then the house of the king.', false)).toEqual([
    { text: 'The', mark: null },
    { text: ' house of the king', mark: 'repeat' },
    { text: ' and then the', mark: null },
    { text: ' house of the king', mark: 'repeat' },
    { text: '.', mark: null },
  ]);
  const [first, second] = stretchesOf('abcdefghijkabcdefghijk', false);
  expect([first, second]).toEqual([
    { text: 'abcdefghijk', mark: 'repeat' },
    { text: 'abcdefghijk', mark: 'repeat' },
  ]);
});

test('words are no spans; pairs of surrogates stay whole; nothing is lost', () => {
  expect(stretchesOf('the cat and the dog', false)).toEqual([{ text: 'the cat and the dog', mark: null }]);
  expect(stretchesOf('', true)).toEqual([]);
  const text = '😀😁😀😁😀😁😀';
  const pieces = stretchesOf(text, true);
  expect(pieces.map((piece) => piece.text).join('')).toBe(text);
  expect(pieces[0]).toEqual({ text: '😀😁', mark: 'round' });
  // Told to go round by its tokens, but no three rounds of characters are there.
  expect(stretchesOf('abcabd', true)).toEqual([{ text: 'abcabd', mark: null }]);
});
