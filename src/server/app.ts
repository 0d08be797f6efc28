/**
 * What the server answers. No path of a request ever names a file: the page's three files are in memory, and series,
 * layers and revisions are looked up in the story.
 */
import { Hono, type Context } from 'hono';
import { EigentraceError, messageOf } from '../errors.js';
import { encodeTable, tableRows, type StoredMeasurement } from '../record/index.js';
import { spectrumOf } from '../report/index.js';
import type { EventStreams } from './event-streams.js';
import { guard, type GuardOptions } from './guard.js';
import type { SpectraCache } from './spectra-cache.js';
import type { StoryWatch } from './story-watch.js';

export interface AppParts {
  readonly guard: GuardOptions;
  readonly watch: StoryWatch;
  readonly streams: EventStreams;
  readonly spectra: SpectraCache;
  /** The page's own files. */
  readonly files: { readonly page: string; readonly program: string; readonly style: string };
}

export function appOf({ guard: guarding, watch, streams, spectra, files }: AppParts): Hono {
  const app = new Hono();
  app.use(guard(guarding));

  const file = (path: string, type: string, text: string) =>
    app.get(path, (c) => c.body(text, 200, { 'Content-Type': `${type}; charset=utf-8`, 'Cache-Control': 'no-cache' }));
  file('/', 'text/html', files.page);
  file('/report.js', 'text/javascript', files.program);
  file('/style.css', 'text/css', files.style);

  app.get('/api/story', (c) => {
    const { etag, json, gzip } = watch.story;
    return sent(c, { etag, type: 'application/json; charset=utf-8', body: json, gzip });
  });

  app.get('/api/spectra', async (c) => {
    const { measurements, id } = seriesOf(c, watch);
    const layer = c.req.query('layer') ?? 'final';
    if (!measurements.some(({ measurement }) => Object.hasOwn(measurement.layers, layer))) throw noSuch('layer', layer);
    const { etag, json } = await spectra.get(id, measurements, layer);
    return sent(c, { etag, type: 'application/json; charset=utf-8', body: json, gzip: null });
  });

  app.get('/api/download/eigenvalues', async (c) => {
    const { measurements } = seriesOf(c, watch);
    const revision = c.req.query('revision') ?? '';
    const stage = c.req.query('stage');
    const layer = c.req.query('layer') ?? 'final';
    const stored = measurements.find(({ measurement: m }) => m.revision === revision && m.stage === (stage ?? m.stage));
    if (stored === undefined) throw noSuch('revision', revision);
    const values = await spectrumOf(stored, layer);
    if (values === null) throw noSuch('layer', layer);
    const lines = ['rank,eigenvalue', ...Array.from(values, (value, i) => `${i + 1},${value}`)];
    return attachment(c, `eigenvalues-${revision}-${layer}.csv`, lines.map((line) => `${line}\r\n`).join(''));
  });

  app.get('/api/export.csv', (c) => {
    const { measurements } = seriesOf(c, watch);
    const { series, variant } = measurements[0]!.measurement;
    const listing = { measurements: [...measurements], problems: [] };
    const { rows } = tableRows(listing, variant === null ? {} : { variant });
    return attachment(c, `${series}.csv`, new Uint8Array(encodeTable(rows, 'csv')));
  });

  app.get('/api/events', (c) => {
    const headers = { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' };
    if (c.req.method === 'HEAD') return c.body(null, 200, headers);
    const body = streams.open([
      { event: 'story', data: { version: watch.story.version } },
      { event: 'progress', data: watch.progress },
    ]);
    return body === null ? c.text('too many clients\n', 503, { 'Retry-After': '10' }) : c.body(body, 200, headers);
  });

  app.notFound((c) => c.text('no such page\n', 404));
  app.onError((error, c) => {
    const ours = error instanceof EigentraceError;
    if (ours && error.code === 'usage') return c.text(`${error.message}\n`, 404);
    return c.text(`${ours ? messageOf(error) : 'internal: the server could not answer'}\n`, 500);
  });
  return app;
}

/** A body that is not sent again to whoever has it. */
function sent(c: Context, of: { etag: string; type: string; body: Buffer; gzip: Buffer | null }): Response {
  const { etag, type, body, gzip } = of;
  const headers = { ETag: etag, 'Cache-Control': 'private, no-cache', Vary: 'Accept-Encoding' };
  const known = (c.req.header('if-none-match') ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (known.includes(etag)) return c.body(null, 304, headers);
  const isSmaller = gzip !== null && /\bgzip\b/.test(c.req.header('accept-encoding') ?? '');
  const encoded = isSmaller ? { 'Content-Encoding': 'gzip' } : {};
  return c.body(new Uint8Array(isSmaller ? gzip : body), 200, { ...headers, ...encoded, 'Content-Type': type });
}

function attachment(c: Context, name: string, body: string | Uint8Array<ArrayBuffer>): Response {
  return c.body(body, 200, {
    'Content-Type': 'text/csv; charset=utf-8',
    'Content-Disposition': `attachment; filename="${name.replace(/[^\w.-]+/g, '-')}"`,
    'Cache-Control': 'no-store',
  });
}

/** The series that a request names, from the story. */
function seriesOf(c: Context, watch: StoryWatch): { id: string; measurements: readonly StoredMeasurement[] } {
  const id = c.req.query('series') ?? '';
  const measurements = watch.story.read.sources.get(id);
  if (measurements === undefined) throw noSuch('series', id);
  return { id, measurements };
}

function noSuch(what: string, got: string): EigentraceError {
  return new EigentraceError('usage', `${what}: no such ${what}, got ${got.slice(0, 200) || 'nothing'}`);
}
