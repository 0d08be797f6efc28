import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { MemorySource } from '../../src/bytes/index.js';
import { documents, findCorpus, sampleCorpusPath } from '../../src/corpus/index.js';
import { lines } from '../../src/corpus/lines.js';
import { Tally } from '../../src/corpus/tally.js';
import { textDocuments } from '../../src/corpus/text.js';
import { collect, failure, temporaryFolder } from './folder.js';

const folder = temporaryFolder();
const texts = async (corpus: string, field?: string) =>
  (await collect(documents(corpus, field === undefined ? {} : { field }))).map(({ text }) => text);

describe('txt', () => {
  it('ends documents at blank lines and at <|endoftext|>, and numbers them from 0', async () => {
    const path = folder.write(
      'a.txt',
      '\n\none\ntwo\n \t\nthree\n<|endoftext|>\n\n  <|endoftext|> \nfour <|endoftext|>\nfive',
    );
    const found = await collect(documents(path));
    expect(found.map(({ index, text }) => [index, text])).toEqual([
      [0, 'one\ntwo'],
      [1, 'three'],
      [2, 'four <|endoftext|>\nfive'],
    ]);
    expect(found[0]!.path).toBe(path);
    expect(found[0]!.bytesRead).toBe(74);
  });

  it('reads CRLF and a byte order mark as what they are', async () => {
    const path = folder.write('crlf.txt', '\uFEFFone\r\ntwo\r\n\r\n\uFEFFthree\r\n');
    expect(await texts(path)).toEqual(['one\ntwo', '\uFEFFthree']);
  });

  it('reads gzip of many members, wherever they and the characters are cut', async () => {
    const content = 'größe €uro 😀\n\nzweite\n';
    const bytes = Buffer.from(content);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const members = [gzipSync(bytes.subarray(0, cut)), gzipSync(bytes.subarray(cut))];
      const source = new MemorySource(Buffer.concat(members));
      expect(await collect(textDocuments(source, { gzip: true }))).toEqual(['größe €uro 😀', 'zweite']);
    }
  });

  it('decodes characters across chunks', async () => {
    for (const shift of [0, 1, 2, 3]) {
      const text = `${'x'.repeat(256 * 1024 - shift)}😀${'y'.repeat(300_000)}`;
      expect(await collect(textDocuments(new MemorySource(Buffer.from(`${text}\n\nend`))))).toEqual([text, 'end']);
    }
  });

  it('names file and byte of what is not UTF-8', async () => {
    const bytes = Buffer.concat([Buffer.from('fine �\n\nfür '), Buffer.from([0xfc]), Buffer.from('r\n')]);
    const path = folder.write('latin1.txt', bytes);
    const hint = '(expected UTF-8 text; convert it first, for instance with iconv)';
    expect(await failure(texts(path))).toBe(`${path}: is not UTF-8, got 0xfc at byte 15 ${hint}`);
    const zipped = folder.write('latin1.txt.gz', gzipSync(bytes));
    expect(await failure(texts(zipped))).toBe(
      `${zipped}: is not UTF-8, got 0xfc at byte 15 of the uncompressed text ${hint}`,
    );
    const cut = folder.write('cut.txt', Buffer.from('ab€').subarray(0, 4));
    expect(await failure(texts(cut))).toBe(`${cut}: is not UTF-8, got 0xe2 at byte 2 ${hint}`);
    const wide = folder.write('utf16.txt', Buffer.from('\uFEFFhello', 'utf16le'));
    expect(await failure(texts(wide))).toBe(`${wide}: is not UTF-8, got 0xff at byte 0 ${hint}`);
  });

  it('refuses damaged gzip', async () => {
    const whole = gzipSync('a\n\nb\n'.repeat(1000));
    const message = (path: string, reason: string) =>
      `${path}: the gzip data is damaged or cut off (${reason}); fetch or compress the file again`;
    const cut = folder.write('cut.txt.gz', whole.subarray(0, -5));
    expect(await failure(texts(cut))).toBe(message(cut, 'unexpected end of file'));
    const plain = folder.write('plain.txt.gz', 'no gzip at all');
    expect(await failure(texts(plain))).toBe(message(plain, 'incorrect header check'));
    const flipped = Buffer.from(whole);
    flipped[flipped.length - 7]! ^= 1;
    const wrong = folder.write('wrong.txt.gz', flipped);
    expect(await failure(texts(wrong))).toBe(message(wrong, 'incorrect data check'));
  });

  it('refuses lines and documents that would fill the memory, before they do', async () => {
    const source = new MemorySource(Buffer.alloc(3_000_000, 'x'), 'big.txt');
    expect(await failure(collect(lines(source, { limit: 1_000_000 })))).toBe(
      'big.txt: line 1 is too long, got over 1048576 bytes (expected at most 1000000)',
    );
    expect(source.reads).toHaveLength(4);
    const bomb = new MemorySource(gzipSync(Buffer.alloc(20_000_000)), 'bomb.txt.gz');
    expect(await failure(collect(lines(bomb, { gzip: true, limit: 1_000_000 })))).toContain('line 1 is too long');
    const many = new MemorySource(Buffer.from(`a\n\n${'word\n'.repeat(1000)}`), 'many.txt');
    expect(await failure(collect(textDocuments(many, { limit: 100 })))).toBe(
      'many.txt: the document from line 3 is too long, got over 105 characters (expected at most 100; documents end at an empty line or at a line of <|endoftext|>)',
    );
  });

  it('counts and hashes exactly the content that was used', async () => {
    const { createHash } = await import('node:crypto');
    const content = '\uFEFFone\r\n\r\ntwo\n\nthree\n';
    for (const gzip of [false, true]) {
      const tally = new Tally();
      const source = new MemorySource(gzip ? gzipSync(content) : Buffer.from(content));
      for await (const text of textDocuments(source, { gzip, tally })) if (text === 'two') break;
      const used = Buffer.from('\uFEFFone\r\n\r\ntwo\n\n');
      expect(tally.bytes).toBe(used.length);
      expect(tally.sha256()).toBe(createHash('sha256').update(used).digest('hex'));
    }
  });
});

describe('jsonl', () => {
  it('takes one field, and no blank lines as rows', async () => {
    const path = folder.write(
      'a.jsonl',
      '\uFEFF{"text": "one", "n": 1}\r\n\n{"text": ""}\n{"n": 2, "text": "th\\nree"}',
    );
    expect(await texts(path)).toEqual(['one', '', 'th\nree']);
    const zipped = folder.write('b.jsonl.gz', gzipSync('{"body":"x"}\n'));
    expect(await texts(zipped, 'body')).toEqual(['x']);
  });

  it('names file and line of what cannot be used', async () => {
    const said = async (line: string, field = 'text') => {
      const path = folder.write('bad.jsonl', `{"text": "fine", "txt": "x"}\n${line}\n`);
      return (await failure(texts(path, field))).replace(path, 'bad.jsonl');
    };
    expect(await said('{"text": "cut')).toMatch(/^bad\.jsonl:2: is not JSON \(.*JSON.*\)$/);
    expect(await said('[1]')).toBe('bad.jsonl:2: is not a JSON object, got an array (expected {"text": "…"})');
    expect(await said('5')).toBe('bad.jsonl:2: is not a JSON object, got the number 5 (expected {"text": "…"})');
    expect(await said('{"text": 5}')).toBe(
      'bad.jsonl:2: field "text" is no text, got the number 5 (expected a string)',
    );
    expect(await said('{"text": null}')).toBe('bad.jsonl:2: field "text" is no text, got null (expected a string)');
    expect(await said('{}', 'txt')).toBe(
      'bad.jsonl:2: no field "txt", got no fields at all (expected the field of the text: --field NAME)',
    );
    expect(await said('{"text": "", "a": 1, "tex": 1, "zebra": 2, "title": 0}', 'txt')).toBe(
      'bad.jsonl:2: no field "txt", got "text", "tex", "a" and 2 more (expected the field of the text: --field NAME)',
    );
    expect(await said('{"text": ""}', 'toString')).toContain(':1: no field "toString"');
  });
});

describe('a corpus', () => {
  it('is a folder or glob of files of any kind, sorted, without hidden and temporary ones', async () => {
    folder.write('mixed/b.txt', 'b1\n\nb2');
    folder.write('mixed/a.jsonl', '{"text":"a"}');
    folder.write('mixed/sub/c.txt.gz', gzipSync('c'));
    folder.write(
      'mixed/d.parquet',
      new Uint8Array(parquetWriteBuffer({ columnData: [{ name: 'text', data: ['d'] }] })),
    );
    folder.write('mixed/README.md', 'no corpus');
    for (const name of ['.hidden.txt', '.git/x.txt', '_temporary/0/x.txt', '~x.txt', 'x.txt.tmp', 'x.txt~']) {
      folder.write(`mixed/${name}`, 'never');
    }
    symlinkSync('.', join(folder.path, 'mixed/loop'));
    symlinkSync('b.txt', join(folder.path, 'mixed/z.txt'));
    symlinkSync('nowhere', join(folder.path, 'mixed/dangling.txt'));
    const corpus = join(folder.path, 'mixed');
    const found = await collect(documents(corpus));
    expect(found.map(({ text }) => text)).toEqual(['a', 'b1', 'b2', 'd', 'c', 'b1', 'b2']);
    expect(found.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(await texts(`${corpus}/*.{txt,jsonl}`)).toEqual(['a', 'b1', 'b2', 'b1', 'b2']);
    expect((await findCorpus(corpus)).name).toBe('mixed');
  });

  it('is the bundled sample', async () => {
    expect(await findCorpus('sample:')).toEqual({
      name: 'sample:',
      files: [{ path: sampleCorpusPath(), format: 'jsonl', gzip: false }],
    });
    expect(await texts('sample:')).toHaveLength(3224);
  });

  it('says what is wrong when there is none', async () => {
    const kinds = '.txt, .txt.gz, .jsonl, .jsonl.gz or .parquet';
    const all = `${kinds}, a folder or glob of those, sample:, or hf:ORG/NAME[:CONFIG[:SPLIT]]`;
    folder.write('there/corpus.jsonl', '');
    const there = join(folder.path, 'there');
    expect(await failure(texts(`${there}/corpse.jsonl`))).toBe(
      `corpus ${there}/corpse.jsonl: no such file or folder (expected ${all}); in that folder: corpus.jsonl`,
    );
    expect(await failure(texts(''))).toBe(`corpus : no such file or folder (expected ${all})`);
    expect(await failure(texts(`${there}/*.txt`))).toBe(
      `corpus ${there}/*.txt: the glob matches no file (expected ${kinds})`,
    );
    const csv = folder.write('csv/a.csv', '');
    expect(await failure(texts(csv))).toBe(`corpus ${csv}: unknown format (expected ${all})`);
    expect(await failure(texts(join(folder.path, 'csv')))).toBe(
      `corpus ${join(folder.path, 'csv')}: no corpus files in this folder (expected ${kinds})`,
    );
    expect(await failure(texts(`${folder.path}/csv/*`))).toBe(
      `corpus ${folder.path}/csv/*: the glob matches no corpus files, got a.csv (expected ${kinds})`,
    );
  });

  it('is read only as far as it is asked for', async () => {
    const line = `{"text": "${'word '.repeat(200)}"}\n`;
    const path = folder.write('large.jsonl', line.repeat(50_000));
    const zipped = folder.write('large.jsonl.gz', gzipSync(line.repeat(50_000), { level: 0 }));
    for (const corpus of [path, zipped]) {
      let read = 0;
      for await (const { index, bytesRead } of documents(corpus)) {
        read = bytesRead;
        if (index === 99) break;
      }
      // 100 rows are 101 kB; a chunk is 256 KiB, and gzip reads up to three ahead.
      expect(read).toBeGreaterThan(100_000);
      expect(read).toBeLessThan(1_100_000);
    }
  });

  it('stops when it is told to', async () => {
    const stop = new AbortController();
    const work = (async () => {
      for await (const { index } of documents('sample:', { signal: stop.signal })) if (index === 9) stop.abort();
    })();
    await expect(work).rejects.toMatchObject({ code: 'interrupted' });
  });
});
