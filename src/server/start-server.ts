/** `eigentrace serve`: runs as a live page. Loopback only, unless a host and a token are given. */
import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EigentraceError } from '../errors.js';
import { readBundle, readPage, type StoryOptions } from '../report/index.js';
import { EventStreams } from './event-streams.js';
import { isLoopback, loopback } from './guard.js';
import { SpectraCache } from './spectra-cache.js';
import { StoryWatch } from './story-watch.js';

export interface ServerOptions extends Omit<StoryOptions, 'version' | 'wait'> {
  /** Port; 0 takes any free one. Default 0. */
  readonly port?: number;
  /** Address or name to listen on. Default 127.0.0.1; any other than a loopback needs a token. */
  readonly host?: string;
  /** What a client must show, 16 characters or more; null: nothing. Default null. */
  readonly token?: string | null;
  /** Milliseconds between looks at the runs. Default 1000. */
  readonly interval?: number;
  /** Milliseconds between heartbeats of the event streams. Default 15,000. */
  readonly heartbeat?: number;
  /** What could not be read while watching. */
  readonly onProblem?: (message: string) => void;
}

export interface RunningServer {
  /** Where the page is, the token in it where there is one. */
  readonly url: string;
  readonly port: number;
  /** Clients of the event stream now. */
  readonly clients: number;
  close(): Promise<void>;
}

/** Starts serving runs. A run that isn't there yet is waited for. Errors: no token where one is needed, a port in use. */
export async function startServer(runs: readonly string[], options: ServerOptions = {}): Promise<RunningServer> {
  const { host = '127.0.0.1', port = 0, token = null, interval, heartbeat, onProblem, ...story } = options;
  refuseOpen(host, token);
  const [bundle, page] = await Promise.all([readBundle(), readPage()]);
  const streams = new EventStreams(heartbeat === undefined ? {} : { heartbeat });
  const watch = await StoryWatch.open(runs, {
    ...story,
    ...(interval === undefined ? {} : { interval }),
    ...(onProblem === undefined ? {} : { onProblem }),
    onEvent: (event) =>
      event.type === 'story'
        ? streams.send('story', { version: event.version })
        : streams.send('progress', event.progress),
  });
  let listening = 0;
  // Loaded only now: most commands serve nothing.
  const { appOf } = await import('./app.js');
  const app = appOf({
    guard: { hosts: hostsOf(host), token, port: () => listening },
    ...{ watch, streams, spectra: new SpectraCache() },
    files: { ...bundle, page: page ?? notBuilt },
  });
  const close = async (server: Server | null) => {
    watch.close();
    streams.close();
    if (server === null) return;
    const closed = new Promise<void>((done) => server.close(() => done()));
    server.closeAllConnections();
    await closed;
  };
  try {
    const server = await listen(app.fetch, host, port);
    listening = (server.address() as AddressInfo).port;
    const name = host.includes(':') ? `[${host.replace(/[[\]]/g, '')}]` : host;
    const query = token === null ? '' : `?token=${encodeURIComponent(token)}`;
    return {
      url: `http://${name}:${listening}/${query}`,
      port: listening,
      get clients() {
        return streams.size;
      },
      close: () => close(server),
    };
  } catch (error) {
    await close(null);
    throw error;
  }
}

/** A token that can't be guessed. */
export function newToken(): string {
  return randomBytes(24).toString('base64url');
}

function refuseOpen(host: string, token: string | null): void {
  if (token !== null && token.length < 16) {
    throw new EigentraceError('usage', `--token: is too short, got ${token.length} characters (expected at least 16)`);
  }
  if (isLoopback(host) || token !== null) return;
  const message = `--host: others could read the runs, got ${host} without a token (expected --token TOKEN too, such as --token ${newToken()})`;
  throw new EigentraceError('usage', message);
}

/** Names that Host may say; any where the server listens on every address (the token guards it). */
function hostsOf(host: string): string[] | null {
  if (host === '0.0.0.0' || host === '::' || host === '[::]') return null;
  const own = (host.includes(':') && !host.startsWith('[') ? `[${host}]` : host).toLowerCase();
  return [...new Set([...loopback, own])];
}

async function listen(
  fetch: (request: Request) => Response | Promise<Response>,
  host: string,
  port: number,
): Promise<Server> {
  const { serve } = await import('@hono/node-server');
  return new Promise((resolve, reject) => {
    const server = serve({ fetch, port, hostname: host.replace(/[[\]]/g, '') }) as Server;
    server.once('listening', () => resolve(server));
    server.once('error', (error: NodeJS.ErrnoException) => {
      const what: Record<string, string> = {
        EADDRINUSE: `--port: is in use, got ${port} (expected a free one; 0 takes any)`,
        EACCES: `--port: not allowed, got ${port} (expected 1024 or more; 0 takes any free one)`,
        EADDRNOTAVAIL: `--host: not an address of this machine, got ${host}`,
        ENOTFOUND: `--host: no such name, got ${host}`,
      };
      reject(new EigentraceError('environment', what[error.code ?? ''] ?? error.message, { cause: error }));
    });
  });
}

const notBuilt = '<!doctype html><title>eigentrace</title><p>The page is not built: npm run build';
