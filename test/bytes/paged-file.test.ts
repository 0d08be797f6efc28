/** Files in pages: what is read, and that no more pages stay than there is room for. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { PageCache, PagedFile } from '../../src/bytes/index.js';

const folder = mkdtempSync(join(tmpdir(), 'eigentrace-paged-'));
afterAll(() => rmSync(folder, { recursive: true }));
const content = Buffer.from(Array.from({ length: 40 * 4096 + 5 }, (_, i) => (i * 7 + (i >> 8)) & 255));
const path = join(folder, 'a');
writeFileSync(path, content);

it('reads each page once while there is room, and again when it had to go', () => {
  const cache = new PageCache(16 * 4096);
  const file = PagedFile.open(path, cache);
  for (let page = 0; page < 16; page++)
    for (let i = 0; i < 3; i++) expect(file.byte(page * 4096 + i)).toBe(content[page * 4096 + i]);
  expect(file.reads).toBe(16);
  expect(cache.pages.length).toBe(16 * 4096);
  for (let page = 16; page < 40; page++) expect(file.byte(page * 4096)).toBe(content[page * 4096]);
  for (let i = 0; i < 3; i++) expect(file.byte(i)).toBe(content[i]);
  expect(file.reads).toBe(16 + 24 + 1);
  file.close();
});

it('gives numbers, bytes and comparisons over the edges of pages', () => {
  const cache = new PageCache(16 * 4096);
  const [file, other] = [PagedFile.open(path, cache), PagedFile.open(path, cache)];
  for (const offset of [0, 4090, 4093, 4095, 8191, 20_475]) {
    for (const width of [1, 2, 3, 4, 5, 6]) expect(file.number(offset, width)).toBe(content.readUIntLE(offset, width));
    expect(Buffer.from(other.bytes(offset, offset + 9000)).equals(content.subarray(offset, offset + 9000))).toBe(true);
    const same = new Uint8Array(content.subarray(offset, offset + 5000));
    expect(file.compare(offset, same)).toBe(0);
    for (const at of [0, 4, 4096, 4999]) {
      const changed = same.with(at, (same[at]! + 1) & 255);
      expect(Math.sign(file.compare(offset, changed))).toBe(Math.sign(same[at]! - changed[at]!));
      expect(file.compare(offset, changed, at + 1)).toBe(0);
    }
  }
  expect(file.compare(content.length - 2, new Uint8Array([...content.subarray(-2), 0]))).toBeLessThan(0);
  expect(() => file.byte(content.length)).toThrow(`${path}: cannot read bytes ${content.length}..`);
  expect(() => file.byte(NaN)).toThrow('cannot read bytes');
  file.close();
  other.close();
});

it('refuses what is no file', () => {
  expect(() => PagedFile.open(join(folder, 'none'), new PageCache())).toThrow('no such file');
  expect(() => PagedFile.open(folder, new PageCache())).toThrow('not a regular file');
});
