/** `report.markup`: a story, its spectra and the page in one file. */
import { writeAtomic } from '../bytes/index.js';
import { messageOf } from '../errors.js';
import { packSpectra, type PackedSpectra, type Story } from '../story/index.js';
import { readBundle } from './bundle.js';
import { reportDocument } from './document.js';
import { StoryReader, type ReadStory, type StoryOptions } from './read-story.js';
import { readSpectra } from './spectra.js';

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
  const bytes = Buffer.from(content);
  await writeAtomic(out, bytes);
  return { path: out, bytes: bytes.length, notes };
}

/** The report's HTML. */
export async function makeReport(
  runs: readonly string[],
  options: ReportOptions = {},
): Promise<{ content: string; notes: string[] }> {
  const { title, ...rest } = options;
  const bundle = await readBundle();
  const read = await new StoryReader(runs, rest).read();
  const { spectra, notes } = await spectraOf(read);
  const { story } = read;
  const content = reportDocument({ story, spectra, bundle, title: title ?? titleOf(story) });
  return { content, notes };
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
    .flatMap(({ id, layers }) => spread(layers).map((layer, place) => ({ id, layer, place })))
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

/** Layers in the order in which they matter: the last, the first, then halves of what lies between. */
function spread(layers: readonly string[]): string[] {
  const order = new Set<number>([layers.length - 1, 0]);
  for (let parts = 2; order.size < layers.length; parts *= 2) {
    for (let i = 1; i < parts; i++) order.add(Math.round(((layers.length - 1) * i) / parts));
  }
  return [...order].flatMap((at) => layers[at] ?? []);
}
