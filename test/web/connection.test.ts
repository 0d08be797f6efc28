import { expect, it } from 'vitest';
import { backoff } from '../../web/src/data/connection.js';

it('waits twice as long each time, up to half a minute, a little more by chance', () => {
  expect([0, 1, 2, 3, 4, 5, 9].map((attempt) => backoff(attempt, 0))).toEqual([
    ...[1000, 2000, 4000, 8000, 16_000, 30_000, 30_000],
  ]);
  expect(backoff(0, 1)).toBe(1250);
});
