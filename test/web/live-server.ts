/** A server that speaks as `eigentrace serve` does to the page, and can be cut off: story, spectra and events. */
import { createServer, type ServerResponse } from 'node:http';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { packSpectra, type SeriesStory, type Story } from '../../src/story/index.js';
import { fixtureSpectra } from './story-fixture.js';

const types: Readonly<Record<string, string>> = { html: 'text/html', js: 'text/javascript', css: 'text/css' };

export class LiveServer {
  readonly asked: string[] = [];
  /** How many answers to /api/story were 304. */
  unchanged = 0;
  story: Story;
  version = 1;
  /** Answers nothing but 503 while it is so. */
  down = false;
  readonly #listeners = new Set<ServerResponse>();
  readonly #server = createServer((request, response) => {
    const url = new URL(request.url!, 'http://localhost');
    this.asked.push(url.pathname);
    void this.#answer(url, request.headers['if-none-match'], response);
  });

  constructor(story: Story) {
    this.story = story;
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  async stop(): Promise<void> {
    this.cut();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** A new state of the run, as told to everyone who listens. */
  change(story: Story): void {
    this.story = story;
    this.version++;
    this.send('story', { version: this.version });
  }

  send(event: string, data: unknown): void {
    for (const listener of this.#listeners) listener.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  /** Breaks every stream of events. */
  cut(): void {
    for (const listener of this.#listeners) listener.destroy();
    this.#listeners.clear();
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  async #answer(url: URL, known: string | undefined, response: ServerResponse): Promise<void> {
    const etag = `"${this.version}"`;
    if (this.down) response.writeHead(503).end();
    else if (url.pathname === '/api/story') {
      if (known === etag) {
        this.unchanged++;
        response.writeHead(304, { etag }).end();
      } else response.writeHead(200, { etag, 'content-type': 'application/json' }).end(JSON.stringify(this.story));
    } else if (url.pathname === '/api/spectra') {
      const all = this.story.runs.flatMap(({ series }): readonly SeriesStory[] => series);
      const series = all.find(({ id }) => id === url.searchParams.get('series'))!;
      const spectra = packSpectra(fixtureSpectra(series, url.searchParams.get('layer')!));
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(spectra));
    } else if (url.pathname === '/api/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      response.write(': hello\n\n');
      this.#listeners.add(response);
      response.on('close', () => this.#listeners.delete(response));
    } else {
      const name = url.pathname === '/' ? 'index.html' : url.pathname.slice(1);
      const file = await readFile(new URL(`../../dist/web/${name}`, import.meta.url));
      response.writeHead(200, { 'content-type': types[name.split('.').at(-1)!]! }).end(file);
    }
  }
}
