/**
 * What a measurement says twice must be the same both times: the parts of its key, its provenance, its layers and its
 * likelihood. Catches a record that was edited and given new hashes.
 */
import { canonicalJson } from './json.js';
import type { Measurement } from './measurement.js';

/** What does not fit, in words; empty when all does. */
export function consistencyProblems(measurement: Measurement): string[] {
  const { keyParts, provenance, definitions, layers, nll } = measurement;
  const problems: string[] = [];
  const same = (what: string, got: unknown, expected: unknown): void => {
    if (got === undefined || canonicalJson(got) === canonicalJson(expected ?? null)) return;
    problems.push(`${what} is ${shown(got)} (expected ${shown(expected)})`);
  };
  if (keyParts['imported'] !== undefined || provenance.imported) {
    same('keyParts.imported', keyParts['imported'] ?? null, provenance.imported?.sha256 ?? null);
    return problems;
  }
  same('keyParts.position', keyParts['position'], measurement.position);
  same('keyParts.layers', sorted(keyParts['layers']), Object.keys(layers).sort());
  same('keyParts.definitions', keyParts['definitions'], definitions.version);
  same('keyParts.nll', keyParts['nll'], nll !== null);
  same('keyParts.config', keyParts['config'], provenance.config_sha256);
  same('keyParts.tokenizer', keyParts['tokenizer'], provenance.tokenizer_sha256);
  same('keyParts.corpus', keyParts['corpus'], provenance.corpus?.rows_sha256 ?? null);
  same('keyParts.precision', keyParts['precision'], provenance.precision);
  same('keyParts.device', keyParts['device'], provenance.device);
  const filter = keyParts['filter'] as { sequences?: number | null; maxTokens?: number } | null | undefined;
  if (filter && provenance.corpus) {
    same('keyParts.filter.maxTokens', filter.maxTokens, provenance.corpus.max_tokens);
    const asked = filter.sequences;
    // Where rows were named (no least length then), they are taken all.
    const isFiltered = provenance.corpus.min_tokens !== null;
    if (isFiltered && typeof asked === 'number' && provenance.corpus.sequences > asked) {
      problems.push(`provenance.corpus.sequences is ${provenance.corpus.sequences} (expected at most ${asked})`);
    }
  }
  for (const [name, files] of Object.entries({ weights: provenance.weights, features: provenance.features ?? null })) {
    if (files?.files.length === 1) same(`provenance.${name}.sha256`, files.sha256, files.files[0]!.sha256);
  }
  const final = layers['final'];
  if (nll && final) {
    same('layers.final.nll', final['nll'] ?? null, nll.value);
    same('layers.final.nll_se', final['nll_se'] ?? null, nll.se ?? null);
    if (nll.value !== null && !(nll.value >= 0)) problems.push(`nll is ${nll.value} (expected at least 0)`);
    const most = provenance.corpus?.tokens ?? Infinity;
    if (nll.tokens > most) problems.push(`nll is over ${nll.tokens} tokens (expected at most the corpus's ${most})`);
  }
  for (const layer of [...Object.keys(measurement.reasons), ...Object.keys(measurement.replicates)]) {
    if (!(layer in layers)) problems.push(`reasons or replicates of layer ${layer}, which was not measured`);
  }
  for (const { code, layer } of measurement.flags) {
    if (layer !== undefined && !(layer in layers))
      problems.push(`flag ${code} is of layer ${layer}, which was not measured`);
  }
  return problems;
}

/** Rows of a layer against the corpus; null when they fit or nothing is known. */
export function rowsProblem(measurement: Measurement, rows: number): string | null {
  const { provenance, position } = measurement;
  const expected = position === 'all' ? null : (provenance.corpus?.sequences ?? null);
  if (expected === null || rows === expected) return null;
  return `sums hold ${rows} rows (expected one a sequence of the corpus, ${expected})`;
}

function sorted(value: unknown): unknown {
  return Array.isArray(value) ? [...(value as unknown[])].sort() : value;
}

function shown(value: unknown): string {
  const text = canonicalJson(value ?? null);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
