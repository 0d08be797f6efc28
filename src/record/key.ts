/**
 * The key of a measurement: a sha256 over everything that determines its numbers and nothing else. A stored
 * measurement is reused when its key is the one that is wanted; when it isn't, the parts say what changed.
 */
import { canonicalJson, canonicalSha256 } from './json.js';

/**
 * What determines the numbers. Threads, batch sizes and the machine don't belong here (results must not depend on
 * them), nor does what is merely kept besides (`saveFeatures`: see findReusable).
 */
export interface KeyParts {
  /** sha256 over the weight files' hashes, in order; null for representations made elsewhere: `features` has theirs. */
  weights: string | null;
  /** sha256 of the parsed config; null when there is none (representations made elsewhere). */
  config: string | null;
  /** sha256 of the tokenizer's files; null when token ids were given. */
  tokenizer: string | null;
  /** The corpus: sha256 of the token ids of the rows used, so that the same rows found elsewhere are the same; null when not known. */
  corpus: string | null;
  /** The filter that chose and cut the rows; null when not known. */
  filter: { sequences: number | null; minTokens: number; maxTokens: number; seed: number | null } | null;
  /** `last`, `mean` or `all`. */
  position: string;
  /** Names of the measured layers, in order. */
  layers: readonly string[];
  /** Of the forward pass: `float32`, … */
  precision: string;
  /** `jackknife` or `none`. */
  errors: string;
  /** First and last rank of the α fit. */
  alphaRange: readonly [number, number];
  /** Whether the negative log-likelihood was measured. */
  nll: boolean;
  /** Version of the definitions. */
  definitions: string | number;
  /** Whatever else determines the numbers, by name: a control, a chat template, a basis. */
  [part: string]: unknown;
}

/** Of figures that were not measured here: what file they are from, and where in it. */
export interface ImportedParts {
  /** sha256 of the file. */
  imported: string;
  /** The file's own name of the checkpoint. */
  entry: string;
  weights: null;
  [part: string]: unknown;
}

/** The key: sha256 over the canonical JSON of the parts, lower-case hex. */
export function measurementKey(parts: KeyParts | ImportedParts): string {
  return canonicalSha256(parts);
}

/**
 * What differs between two sets of parts, one line a part: `filter.maxTokens: 512 → 128`, old before new; hashes are
 * shortened, a part that one side lacks is `absent`. In order of the path; empty when the keys are equal.
 */
export function differences(
  old: Readonly<Record<string, unknown>>,
  wanted: Readonly<Record<string, unknown>>,
): string[] {
  const before = leaves(old);
  const after = leaves(wanted);
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort();
  return paths.flatMap((path) => {
    const [a, b] = [before.get(path), after.get(path)];
    return a === b ? [] : [`${path}: ${shorten(a)} → ${shorten(b)}`];
  });
}

/** Objects are taken apart, anything else (arrays too) is a leaf: path → canonical JSON. */
function leaves(value: unknown, path = '', found = new Map<string, string>()): Map<string, string> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0) {
    for (const [key, v] of Object.entries(value)) {
      if (v !== undefined) leaves(v, path === '' ? key : `${path}.${key}`, found);
    }
  } else {
    found.set(path, canonicalJson(value));
  }
  return found;
}

function shorten(json: string | undefined): string {
  if (json === undefined) return 'absent';
  if (/^"[0-9a-f]{64}"$/.test(json)) return `${json.slice(1, 13)}…`;
  return json.length > 80 ? `${json.slice(0, 77)}…` : json.replace(/^"([\w.:/+-]+)"$/, '$1');
}
