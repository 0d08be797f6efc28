/**
 * The live server's data: the story is fetched again whenever the server says that it changed; lost connections are taken
 * up again with growing pauses. What is shown stays meanwhile.
 */
import { batch } from '@preact/signals';
import { unpackSpectra } from '../../../src/story/index.js';
import type { LayerSpectra, PackedSpectra, Story } from '../../../src/story/index.js';
import { story, trouble } from '../state/store.js';
import { backoff, connection, progress, type Progress } from './connection.js';
import type { Source } from './source.js';

function address(path: string, parameters: Readonly<Record<string, string>> = {}): string {
  const url = new URL(path, location.href);
  url.search = new URLSearchParams(parameters).toString();
  return url.href;
}

export function liveSource(): Source {
  return {
    kind: 'live',
    start: () => {
      connection.value = { state: 'connecting' };
      void refresh();
      listen(0);
    },
    spectra,
    address: (path, parameters) => address(path, parameters),
  };
}

let etag: string | null = null;
let fetching = false;
let again = false;

/** Fetches the story; while one fetch is under way, further calls make one more after it. */
async function refresh(): Promise<void> {
  if (fetching) {
    again = true;
    return;
  }
  fetching = true;
  try {
    do {
      again = false;
      const answer = await fetch(address('api/story'), etag === null ? {} : { headers: { 'if-none-match': etag } });
      if (answer.status === 304) continue;
      if (!answer.ok) throw new Error(await messageOf(answer));
      const next = (await answer.json()) as Story;
      etag = answer.headers.get('etag');
      batch(() => {
        story.value = next;
        trouble.value = null;
      });
    } while (again as boolean);
  } catch (error) {
    // The stream of events tells of a lost connection and tries again; a story that is there stays.
    if (story.peek() === null) trouble.value = error instanceof Error ? error.message : String(error);
  } finally {
    fetching = false;
  }
}

async function messageOf(answer: Response): Promise<string> {
  const text = (await answer.text()).slice(0, 500);
  return `the server: answered ${answer.status}${text === '' ? '' : ` (${text})`}`;
}

function listen(attempt: number): void {
  const events = new EventSource(address('api/events'));
  let tries = attempt;
  events.addEventListener('open', () => {
    // What happened while the connection was lost is in the story.
    if (tries > 0) void refresh();
    tries = 0;
    connection.value = { state: 'live' };
  });
  events.addEventListener('story', () => void refresh());
  events.addEventListener('progress', (event: MessageEvent<string>) => {
    progress.value = JSON.parse(event.data) as Progress | null;
  });
  events.addEventListener('error', () => {
    // The browser's own retry has no backoff and gives up on some answers: ours takes over.
    events.close();
    const pause = backoff(tries, Math.random());
    batch(() => {
      connection.value = { state: 'lost', retry: Date.now() + pause };
      progress.value = null;
    });
    setTimeout(() => listen(tries + 1), pause);
  });
}

async function spectra(series: string, layer: string): Promise<LayerSpectra | null> {
  const answer = await fetch(address('api/spectra', { series, layer }));
  if (answer.status === 404) return null;
  if (!answer.ok) throw new Error(await messageOf(answer));
  return unpackSpectra((await answer.json()) as PackedSpectra);
}
