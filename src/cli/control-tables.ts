/** The nulls below the table of a trace: one table a kind, headed by what it is. */
import type { CheckpointResult } from './library.js';
import { resultsTable } from './results-table.js';
import type { Style } from './style.js';

const words: Readonly<Record<string, string>> = {
  'shuffled-tokens': 'the tokens of each sequence in a random order',
  'random-init': "weights drawn from the config's initialisation, once for the series",
  gaussian: 'white noise of the same N and d, once for the series',
};

/** The whole text, line ends included; empty where there are none. */
export function controlTables(results: readonly CheckpointResult[], style: Style, limit: number): string {
  const kinds = [...new Set(results.map(({ control }) => control!.kind))];
  return kinds
    .map((kind) => {
      const rows = results.filter(({ control }) => control!.kind === kind);
      const head = `control ${kind} (seed ${rows[0]!.control!.seed}): ${words[kind] ?? ''}`;
      return `\n${style.bold(head)}\n${resultsTable(rows, style, limit)}`;
    })
    .join('');
}
