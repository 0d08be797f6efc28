import { createHash } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { identify } from '../../src/bytes/index.js';
import { hashFiles, openCheckpoint, unchanged, whatChanged } from '../../src/checkpoints/index.js';
import { checkpointIn, folderOf, refusal } from './folders.js';

const sha256 = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Two files written a minute ago, and a place for a cache. */
async function twoFiles(): Promise<{ files: { name: string; path: string }[]; cacheFolder: string }> {
  const folder = await folderOf({ 'b.bin': 'beta', 'a.bin': 'alpha' });
  const files = ['b.bin', 'a.bin'].map((name) => ({ name, path: join(folder, name) }));
  for (const { path } of files) await age(path);
  return { files, cacheFolder: join(folder, 'cache/hashes') };
}

const age = async (path: string, seconds = 60) => {
  const then = new Date(Date.now() - seconds * 1000);
  await utimes(path, then, then);
};

describe('hashFiles', () => {
  it('gives each file its sha256 and all of them one, in order of name', async () => {
    const { files } = await twoFiles();
    const result = await hashFiles(files);
    expect(result).toEqual({
      sha256: sha256(`${sha256('alpha')}\n${sha256('beta')}\n`),
      files: [
        { name: 'a.bin', sha256: sha256('alpha'), size: 5 },
        { name: 'b.bin', sha256: sha256('beta'), size: 4 },
      ],
      bytesRead: 9,
      notes: [],
    });
    // One file's is its own, as `sha256sum` prints it and the Hub lists it.
    expect((await hashFiles(files.slice(0, 1))).sha256).toBe(sha256('beta'));
  });

  it('reads nothing the second time, and only what changed the third', async () => {
    const { files, cacheFolder } = await twoFiles();
    const first = await hashFiles(files, { cacheFolder });
    const again = await hashFiles(files, { cacheFolder });
    expect([first.bytesRead, again.bytesRead]).toEqual([9, 0]);
    expect(again.sha256).toBe(first.sha256);
    expect(await readdir(cacheFolder)).toHaveLength(2);
    await writeFile(files[0]!.path, 'BETA');
    await age(files[0]!.path, 30);
    const changed = await hashFiles(files, { cacheFolder });
    expect(changed.bytesRead).toBe(4);
    expect(changed.files[1]!.sha256).toBe(sha256('BETA'));
  });

  it('does not remember a file that was written a moment ago', async () => {
    const { files, cacheFolder } = await twoFiles();
    await age(files[0]!.path, 0);
    await hashFiles(files, { cacheFolder });
    expect((await hashFiles(files, { cacheFolder })).bytesRead).toBe(4);
  });

  it.each([
    '',
    '{"sha256":"0',
    '[]',
    JSON.stringify({ path: '/other', size: 4, mtimeNs: '1', inode: '1', sha256: '0'.repeat(64) }),
  ])('makes a damaged memory anew: %j', async (text) => {
    const { files, cacheFolder } = await twoFiles();
    const first = await hashFiles(files, { cacheFolder });
    for (const name of await readdir(cacheFolder)) await writeFile(join(cacheFolder, name), text);
    expect(await hashFiles(files, { cacheFolder })).toEqual(first);
    expect((await hashFiles(files, { cacheFolder })).bytesRead).toBe(0);
  });

  it('goes on without a cache that cannot be written, and says so', async () => {
    const { files, cacheFolder } = await twoFiles();
    await mkdir(join(cacheFolder, '..'), { recursive: true });
    await writeFile(cacheFolder, 'a file in the way');
    const { sha256: all, notes } = await hashFiles(files, { cacheFolder });
    expect(all).toBe((await hashFiles(files)).sha256);
    expect(notes.length).toBeGreaterThan(0);
    expect(notes[0]).toMatch(/^hashes of weights are not remembered \(.*cache\/hashes/);
  });

  it('tells its progress in bytes of all files', async () => {
    const { files } = await twoFiles();
    const seen: [number, number][] = [];
    await hashFiles(files, { onProgress: (done, of) => seen.push([done, of]) });
    expect(seen.at(-1)).toEqual([9, 9]);
    expect(seen.map(([done]) => done)).toEqual(seen.map(([done]) => done).sort((a, b) => a - b));
  });

  it('stops when asked, and refuses a file that grows meanwhile or is not there', async () => {
    const { files } = await twoFiles();
    await expect(hashFiles(files, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'interrupted' });
    const growing = files.slice(0, 1);
    const path = growing[0]!.path;
    await writeFile(path, new Uint8Array(8 << 20));
    let grown = false;
    const grow = () => {
      if (!grown) appendFileSync(path, 'more');
      grown = true;
    };
    const work = hashFiles(growing, { onProgress: grow });
    expect(await refusal(work)).toMatch(/b\.bin: changed, got 8388612 bytes \(expected 8388608\) while it was read/);
    expect(await refusal(hashFiles([{ name: 'x', path: `${path}.absent` }]))).toContain('no such file');
  });
});

describe('whatChanged', () => {
  it('says what became of a weight file since the checkpoint was opened', async () => {
    const folder = await folderOf(checkpointIn('a'));
    const path = join(folder, 'a/model.safetensors');
    await age(path);
    const { files } = await openCheckpoint(`${folder}/a`);
    expect(await whatChanged(files)).toBeNull();
    const before = await identify(path);
    const bytes = await readFile(path);

    await writeFile(path, bytes);
    expect(unchanged(before, await identify(path))).toBe(false);
    expect(await whatChanged(files)).toBe('model.safetensors: was written to');

    await writeFile(path, bytes.subarray(0, 10));
    expect(await whatChanged(files)).toBe(`model.safetensors: changed, got 10 bytes (expected ${bytes.length})`);

    await writeFile(`${path}.new`, bytes);
    await rename(`${path}.new`, path);
    expect(await whatChanged(files)).toBe('model.safetensors: was replaced by another file');

    await rm(path);
    expect(await whatChanged(files)).toContain('model.safetensors: is gone (');
  });
});
