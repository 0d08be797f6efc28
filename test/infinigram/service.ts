/** A local server that speaks the hosted index's protocol over a list of tokens, with faults on demand. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
  readonly query: { index: string; query_type: string; query_ids?: number[]; query?: string; max_support?: number };
  readonly at: number;
}

/** What happens to one request instead of an answer. */
export type Fault = (response: ServerResponse, request: IncomingMessage) => void;

export interface FakeService {
  readonly url: string;
  readonly asked: Asked[];
  /** Taken in order, one a request, before answers. */
  readonly faults: Fault[];
  /** Most requests that were under way at once. */
  readonly busiest: () => number;
  /** Milliseconds before an answer. */
  delay: number;
  close(): Promise<void>;
}

/** Text → ids, for `query`. */
export type Encode = (text: string) => number[];

export async function fakeService(tokens: ArrayLike<number>, encode: Encode = () => []): Promise<FakeService> {
  const asked: Asked[] = [];
  const faults: Fault[] = [];
  let running = 0;
  let busiest = 0;
  const server = createServer((request, response) => {
    busiest = Math.max(busiest, ++running);
    response.on('close', () => running--);
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const query = JSON.parse(body) as Asked['query'];
      asked.push({ query, at: performance.now() });
      const fault = faults.shift();
      if (fault) fault(response, request);
      else setTimeout(() => reply(200, answer(tokens, query, encode))(response, request), service.delay);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const service: FakeService = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    asked,
    faults,
    busiest: () => busiest,
    delay: 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return service;
}

export function reply(status: number, body: unknown, headers: Record<string, string> = {}): Fault {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

/** The connection ends in the middle of the body. */
export const cut: Fault = (response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
  response.write('{"prompt_cnt": 4');
  setTimeout(() => response.destroy(), 10);
};

/** Never answers. */
export const silence: Fault = () => undefined;

/** Brute force over the tokens, as the engine answers. */
export function answer(tokens: ArrayLike<number>, query: Asked['query'], encode: Encode): object {
  const ids = query.query_ids ?? encode(query.query ?? '');
  const debug = { latency: 0.5, token_ids: ids, tokens: ids.map(String) };
  const prompt = ids.slice(0, -1);
  switch (query.query_type) {
    case 'count':
      return { count: occurrences(tokens, ids), approx: false, ...debug };
    case 'prob':
      return { ...probability(tokens, prompt, ids.at(-1)!), ...debug };
    case 'infgram_prob': {
      // A suffix occurs only where every shorter one does.
      let length = 0;
      while (length < prompt.length && occurrences(tokens, prompt.slice(prompt.length - length - 1)) > 0) length++;
      const suffix = prompt.slice(prompt.length - length);
      return { ...probability(tokens, suffix, ids.at(-1)!), suffix_len: suffix.length, longest_suffix: '', ...debug };
    }
    case 'ntd': {
      const next: Record<string, { cont_cnt: number; prob: number; token: string }> = {};
      const total = occurrences(tokens, ids);
      for (const id of new Set(Array.from(tokens))) {
        const cont_cnt = occurrences(tokens, [...ids, id]);
        if (cont_cnt > 0) next[id] = { cont_cnt, prob: cont_cnt / total, token: String(id) };
      }
      return { prompt_cnt: total, result_by_token_id: next, approx: false, ...debug };
    }
    default:
      return { error: `[Flask] Invalid query_type: ${query.query_type}` };
  }
}

function probability(tokens: ArrayLike<number>, prompt: readonly number[], id: number): object {
  const prompt_cnt = occurrences(tokens, prompt);
  const cont_cnt = occurrences(tokens, [...prompt, id]);
  return { prompt_cnt, cont_cnt, prob: prompt_cnt === 0 ? -1 : cont_cnt / prompt_cnt };
}

export function occurrences(tokens: ArrayLike<number>, ids: readonly number[]): number {
  // The empty text stands at every position, not after the last too.
  if (ids.length === 0) return tokens.length;
  let found = 0;
  for (let at = 0; at + ids.length <= tokens.length; at++) {
    let i = 0;
    while (i < ids.length && tokens[at + i] === ids[i]) i++;
    if (i === ids.length) found++;
  }
  return found;
}
