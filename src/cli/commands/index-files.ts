/** `eigentrace index build|info|verify|query`: ∞-gram indexes in infini-gram's format. */
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { EigentraceError } from '../../errors.js';
import { command } from '../command.js';
import { exitStatus, type Context } from '../context.js';
import { bytes, count, cut, duration, si } from '../format.js';
import { interruptible } from '../interrupt.js';
import type { BuildEvent, IndexQueries, SearchAnswer } from '../library.js';
import { required, type Resolved } from '../resolve.js';
import { Screen } from '../screen.js';
import { indexSettings } from '../settings/index-files.js';
import { printable } from '../style.js';
import { json } from '../watch.js';

type Given = Resolved<typeof indexSettings>;

export const index = command({
  name: 'index',
  summary: 'Build and ask an ∞-gram index of a corpus (files as infini-gram v4 has them).',
  description:
    'build makes a suffix-array index of a corpus, in shards; info says what an index is; verify checks its files; query ' +
    'counts n-grams and gives ∞-gram probabilities. The files are those of infini-gram v4: either program reads the other’s.',
  usage: 'build CORPUS --tokenizer FILE --out DIR | info DIR | verify DIR [--deep] | query DIR [--ids …]',
  examples: [
    { does: 'index a corpus', type: 'eigentrace index build train.jsonl --tokenizer tokenizer.json --out index' },
    { does: 'what is in it', type: 'eigentrace index info index' },
    {
      does: 'how often a phrase occurs',
      type: "eigentrace index query index --tokenizer tokenizer.json --text ' the cat'",
    },
    {
      does: 'an ∞-gram probability: of 99 after 12, 7',
      type: 'eigentrace index query index --ids 12,7,99 --type infgram_prob',
    },
    {
      does: 'documents with it',
      type: 'eigentrace index query index --ids 12,7 --type documents --tokenizer tokenizer.json',
    },
    {
      does: 'many queries, a JSON object a line, answered in order',
      type: 'echo \'{"ids": [12, 7, 99], "type": "infgram_prob"}\' | eigentrace index query index',
    },
  ],
  settings: indexSettings,
  notes: [
    'A stopped build goes on when the same command is given again: shards that are finished are kept.',
    'A query line that can’t be answered gets {"error": …}, and the exit status is 3.',
  ],
  async run(resolved, context) {
    switch (resolved.values.action) {
      case 'build':
        return await build(resolved, context);
      case 'info':
        return await info(resolved, context);
      case 'verify':
        return await verify(resolved, context);
      case 'query':
        return await query(resolved, context);
      default:
        throw new EigentraceError(
          'usage',
          'index: what is to be done is missing (expected build, info, verify or query)',
        );
    }
  },
});

const target = (resolved: Given): string => required(indexSettings, resolved, 'indexed');

async function build(resolved: Given, context: Context): Promise<number> {
  const { values } = resolved;
  const request = {
    corpus: target(resolved),
    tokenizer: required(indexSettings, resolved, 'tokenizerFile'),
    out: required(indexSettings, resolved, 'indexOut'),
    field: values.field,
    dtype: values.dtype === 'auto' ? null : values.dtype,
    memory: values.sortMemory,
    shardTokens: values.shardTokens,
    threads: values.threads,
    skipMetadata: values.skipMetadata,
    force: values.force,
  };
  const library = await context.library();
  const screen = new Screen(context.stderr, context.env);
  let said = context.clock.now();
  const onEvent = (event: BuildEvent): void => {
    if (screen.live) screen.show(cut(progressLine(event), screen.width));
    else if (context.clock.now() - said > 10_000) {
      said = context.clock.now();
      screen.line(progressLine(event));
    }
  };
  const result = await interruptible(context, screen, (signal) =>
    library.buildIndex(request, { signal, ...(values.quiet ? {} : { onEvent }) }),
  );
  if (values.json) context.stdout.write(json(result));
  else {
    const kept = result.kept > 0 ? ` (${result.kept} kept)` : '';
    const size = `${count(result.tokens, 'token')} of ${count(result.documents, 'document')}`;
    const shards = `${count(result.shards, 'shard')}${kept}`;
    context.stdout.write(
      `${printable(result.folder)}   ${size}, ${result.dtype}, ${shards}, ${duration(result.seconds)}\n`,
    );
  }
  return exitStatus.done;
}

function progressLine({ tokenised, tokens, sorted, shard, secondsLeft }: BuildEvent): string {
  const sorting = shard === null ? '' : `, sorting shard ${shard}`;
  const left = secondsLeft === null ? '' : `  ETA ${duration(secondsLeft)}`;
  return `tokenised ${Math.floor(100 * tokenised)}%: ${si(tokens)} tokens, ${si(sorted)} sorted${sorting}${left}`;
}

async function info(resolved: Given, context: Context): Promise<number> {
  const library = await context.library();
  const { index: opened } = await library.openQueries(target(resolved));
  const about = opened.about;
  const size = opened.shards.reduce((sum, shard) => sum + shard.text.byteLength + shard.table.byteLength, 0);
  const facts = {
    ...opened.info,
    bytes: size,
    pointer: opened.shards.map(({ pointer }) => pointer),
    metadata: opened.shards.every(({ metadata }) => metadata !== null),
    tokenizer: about?.tokenizer ?? null,
    corpus: about?.corpus ?? null,
  };
  await opened.close();
  if (resolved.values.json) context.stdout.write(json(facts));
  else {
    const rows: [string, string][] = [
      ['index', facts.name],
      ['tokens', `${facts.tokens!.toLocaleString('en-US')} (a separator before each document included)`],
      ['documents', facts.documents!.toLocaleString('en-US')],
      ['shards', `${facts.shards}, ${bytes(size)}`],
      [
        'stored',
        `${facts.dtype}, pointers of ${[...new Set(facts.pointer)].join(' and ')} bytes, metadata ${facts.metadata ? 'yes' : 'no'}`,
      ],
      [
        'tokenizer',
        about
          ? `${about.tokenizer.path}, sha256 ${about.tokenizer.sha256}`
          : 'not known (the index was made by infini-gram)',
      ],
      ['corpus', about ? `${about.corpus.name}, ${count(about.corpus.files.length, 'file')}` : 'not known'],
    ];
    context.stdout.write(rows.map(([name, value]) => `${name.padEnd(9)}   ${printable(value)}\n`).join(''));
  }
  return exitStatus.done;
}

async function verify(resolved: Given, context: Context): Promise<number> {
  const { values } = resolved;
  const library = await context.library();
  const screen = new Screen(context.stderr, context.env);
  const onProgress = (done: number, of: number): void => screen.show(`verifying ${Math.floor((100 * done) / of)}%`);
  const result = await interruptible(context, screen, (signal) =>
    library.verifyIndex(target(resolved), { deep: values.deep, signal, ...(values.quiet ? {} : { onProgress }) }),
  );
  if (values.json) context.stdout.write(json(result));
  else if (result.ok) {
    const how = result.deep ? '' : ' sampled (--deep compares all)';
    context.stdout.write(
      `ok   ${count(result.shards, 'shard')}, ${count(result.compared, 'pointer')} compared${how}\n`,
    );
  } else
    context.stdout.write(
      result.problems
        .map(({ file, message }) => `${printable(message.startsWith(file) ? message : `${file}: ${message}`)}\n`)
        .join(''),
    );
  return result.ok ? exitStatus.done : exitStatus.integrity;
}

async function query(resolved: Given, context: Context): Promise<number> {
  const { values } = resolved;
  const library = await context.library();
  const queries = await library.openQueries(target(resolved), { tokenizer: values.tokenizerFile });
  try {
    const { queryIds: ids, queryText: text } = values;
    if (ids === null && text === null) return await answerLines(queries, context);
    if (ids !== null && text !== null)
      throw new EigentraceError('usage', '--text: given together with --ids (expected one of them)');
    const words = { type: values.queryType, maxnum: values.documents, max_disp_len: values.context };
    const answer = await queries.answer(ids === null ? { ...words, text } : { ...words, ids });
    if ('error' in answer) throw new EigentraceError('usage', String(answer.error));
    const shown =
      values.queryType === 'documents' && !values.json ? documentsText(answer, queries) : `${JSON.stringify(answer)}\n`;
    context.stdout.write(shown);
    return exitStatus.done;
  } finally {
    await queries.close();
  }
}

/** Answers each line of stdin by one line, in order, as soon as it comes: a program may wait for each. */
async function answerLines(queries: IndexQueries, context: Context): Promise<number> {
  if (!context.stdin)
    throw new EigentraceError('usage', '--ids: is missing (expected ids, --text, or queries on stdin)');
  let failed = false;
  for await (const line of createInterface({ input: Readable.from(context.stdin), crlfDelay: Infinity })) {
    if (line.trim() === '') continue;
    const answer = await queries.line(line);
    failed ||= 'error' in answer;
    context.stdout.write(`${JSON.stringify(answer)}\n`);
  }
  return failed ? exitStatus.partly : exitStatus.done;
}

/** A paragraph a document: where it comes from, and the text around, the occurrence's beginning marked. */
function documentsText(answer: object, { tokenizer }: IndexQueries): string {
  const { cnt, documents } = answer as SearchAnswer;
  const spelled = (ids: readonly number[]): string => (tokenizer ? tokenizer.decode(ids) : ids.join(' '));
  const paragraphs = documents.map(({ doc_ix, doc_len, metadata, needle_offset, token_ids }) => {
    const at = Math.max(0, needle_offset);
    const text = `${spelled(token_ids.slice(0, at))}⟦${spelled(token_ids.slice(at))}`;
    return `\ndocument ${doc_ix} (${count(doc_len, 'token')}) ${printable(metadata.trim())}\n${printable(text)}\n`;
  });
  return `${count(cnt, 'occurrence')}\n${paragraphs.join('')}`;
}
