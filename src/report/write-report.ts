/** `eigentrace report`: a story, its spectra and the page in one file. */
import { createHash } from 'node:crypto';
import { FileSource, kindOf, writeAtomic } from '../bytes/index.js';
import { messageOf } from '../errors.js';
import { packSpectra, type PackedSpectra, type Story } from '../story/index.js';
import { readBundle, type Bundle } from './bundle.js';
import { spreadOrder } from './found.js';
import { reportDocument, stateName } from './document.js';
import { StoryReader, type ReadStory, type StoryOptions } from './read-story.js';
import { readSpectra } from './spectra.js';
import { trajectoryDrawer } from './static-chart.js';

export interface ReportOptions extends Omit<StoryOptions, 'version'> {
  /** Of the document. Default: the names of its series. */
  readonly title?: string | null;
}

export interface ReportResult {
  readonly path: string;
  readonly bytes: number;
  /** What the report leaves out, in words. */
  readonly notes: readonly string[];
}

/** Bytes of packed spectra that a report holds at most; layers beyond are left out, evenly. */
const spectraBudget = 5_000_000;

/** Writes the report of some runs, whole or not at all. */
export async function writeReport(
  runs: readonly string[],
  out: string,
  options: ReportOptions = {},
): Promise<ReportResult> {
  const { content, notes } = await makeReport(runs, options);
  return { ...(await write(out, content)), notes };
}

async function write(out: string, content: string): Promise<{ path: string; bytes: number }> {
  const bytes = Buffer.from(content);
  await writeAtomic(out, bytes);
  return { path: out, bytes: bytes.length };
}

/** The report's HTML. */
export async function makeReport(
  runs: readonly string[],
  options: ReportOptions = {},
): Promise<{ content: string; notes: string[] }> {
  const { title, ...rest } = options;
  return compose(await new StoryReader(runs, rest).read(), await readBundle(), title ?? null);
}

/** The report of a run in its own folder, `RUN/report.html`: written again only where it is missing or no longer true. */
export async function refreshReport(run: string): Promise<ReportResult & { written: boolean }> {
  const path = `${run}/report.html`;
  const [read, bundle] = [await new StoryReader([run]).read(), await readBundle()];
  const state = stateOf(read, bundle);
  const there = (await kindOf(path)) === 'file' ? await FileSource.open(path) : null;
  if (there !== null) {
    const { byteLength } = there;
    const head = await there.read(0, Math.min(byteLength, headBytes)).finally(() => there.close());
    const isWhole = Buffer.from(head).toString().includes(`<meta name="${stateName}" content="${state}">`);
    if (isWhole) return { path, bytes: byteLength, notes: [], written: false };
  }
  const { content, notes } = await compose(read, bundle, null);
  return { ...(await write(path, content)), notes, written: true };
}

/** A report's first bytes, in which its state stands. */
const headBytes = 4096;

async function compose(
  read: ReadStory,
  bundle: Bundle,
  title: string | null,
): Promise<{ content: string; notes: string[] }> {
  const { spectra, notes } = await spectraOf(read);
  const { story } = read;
  const content = reportDocument({
    ...{ story, spectra, bundle, title: title ?? titleOf(story) },
    ...{ state: stateOf(read, bundle), draw: await trajectoryDrawer() },
  });
  return { content, notes };
}

/** What a report is made from: the story but for its date, the arrays, and the page. */
function stateOf({ story, sources }: ReadStory, bundle: Bundle): string {
  const hash = createHash('sha256').update(JSON.stringify({ ...story, made: null }));
  for (const measurements of sources.values()) {
    for (const { measurement } of measurements) hash.update(measurement.arrays.sha256);
  }
  return hash.update(bundle.program).update(bundle.style).digest('hex').slice(0, 32);
}

function titleOf({ runs }: Story): string {
  const names = [...new Set(runs.flatMap(({ series }) => series.map(({ name }) => name)))];
  return names.length === 0 ? 'eigentrace' : names.slice(0, 3).join(', ') + (names.length > 3 ? ', …' : '');
}

/** Packed spectra of every series: the final layer of each first, then layers spread evenly, within the budget. */
async function spectraOf({
  story,
  sources,
  notes: beside,
}: ReadStory): Promise<{ spectra: PackedSpectra[]; notes: string[] }> {
  const wanted = story.runs
    .flatMap(({ series }) => series)
    .flatMap(({ id, layers }) => spreadOrder(layers.length).map((at, place) => ({ id, layer: layers[at]!, place })))
    .sort((a, b) => a.place - b.place);
  const spectra: PackedSpectra[] = [];
  const notes: string[] = [...beside];
  let used = 0;
  let left = 0;
  for (const { id, layer } of wanted) {
    if (used > spectraBudget) {
      left++;
      continue;
    }
    const { spectra: found, problems } = await readSpectra(id, sources.get(id)!, layer);
    notes.push(...problems.map(({ message }) => `left out: ${messageOf(message)}`));
    if (found.eigenvalues.every((values) => values === null)) continue;
    const packed = packSpectra(found);
    used += packed.shares.reduce((sum, share) => sum + (share?.length ?? 0), 0);
    spectra.push(packed);
  }
  if (left > 0) {
    notes.push(
      `left out: spectra of ${left} of ${wanted.length} layers, to keep the file small (eigentrace serve shows all)`,
    );
  }
  return { spectra, notes: [...new Set(notes)] };
}
