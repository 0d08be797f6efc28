/** A series of which a run holds findings and no geometry, as a series without layers: its checkpoints, and whose they are. */
import type { RunRecord } from '../record/index.js';
import type { CheckpointStory, SeriesStory } from '../story/index.js';
import type { FindingPlace } from './found.js';

/** `places`: at least one. */
export function foundSeries(
  { id, run, name }: Pick<SeriesStory, 'id' | 'run' | 'name'>,
  places: readonly FindingPlace[],
  record: RunRecord,
): SeriesStory {
  const stages = stageOrder(name, places, record);
  const seen = new Map(places.map((place) => [`${place.stage}\n${place.revision}`, place]));
  const rank = (place: FindingPlace): number[] => [
    ...[stages.indexOf(place.stage), place.step ?? Infinity, place.tokens ?? Infinity],
  ];
  const ordered = [...seen.values()].sort((a, b) => {
    const [x, y] = [rank(a), rank(b)];
    const at = x.findIndex((value, i) => value !== y[i]);
    return at < 0 ? (a.revision < b.revision ? -1 : 1) : x[at]! - y[at]!;
  });
  const made = places.map(({ provenance }) => provenance.created).sort();
  const { provenance } = places.reduce((a, b) => (b.provenance.created > a.provenance.created ? b : a));
  const models = places.map(({ provenance: { model } }) => model);
  const parameters = new Set(models.map((model) => model.parameters));
  return {
    ...{ id, run, name, label: name, variant: null, control: null, sweep: null },
    ...{ position: 'last', n: null, d: null, corpus: null },
    parameters: parameters.size === 1 ? models[0]!.parameters : null,
    architecture: new Set(models.map(({ architecture }) => architecture)).size === 1 ? models[0]!.architecture : null,
    definitions: { version: '', ids: [] },
    alphaRange: [12, 100],
    unpaired: null,
    ...{ precision: provenance.precision, device: provenance.device, versions: provenance.versions },
    created: [made[0]!, made.at(-1)!],
    stages: stages.map((stage) => ({ name: stage, epochs: [] })),
    checkpoints: ordered.map(checkpointOf),
    ...{ layers: [], curves: {}, phases: {}, logs: [], downstream: [] },
  };
}

function checkpointOf(place: FindingPlace): CheckpointStory {
  const { stage, revision, step, tokens, parent, seed, weights } = place;
  return { ...{ stage, revision, step, tokens, parent, seed, weights }, flags: [], seconds: null, file: '' };
}

/** Stages that findings are of, as the requests name them. */
function stageOrder(name: string, places: readonly FindingPlace[], record: RunRecord): string[] {
  const requests = [...record.requests, ...(record.findings?.requests ?? [])];
  const known = requests
    .filter(({ series }) => series.name === name)
    .flatMap(({ series }) => series.stages.map((stage) => stage.name));
  const own = places.map(({ stage }) => stage);
  return [...new Set([...known, ...own])].filter((stage) => own.includes(stage));
}
