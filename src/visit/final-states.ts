/** The final states of a corpus at a checkpoint, kept in rows while `use` works with them. */
import { checkIds, type Sequences } from '../corpus/index.js';
import type { Layer, Position } from '../models/index.js';
import { represent, RowStore, type StoredRows } from '../runtime/index.js';
import { chooseMemory, stagesOf } from '../trace/memory.js';
import type { VisitSubject, VisitTools } from './request.js';

/** Which token each row is the state of; for a mean the last one. */
export interface RowPlace {
  readonly sequence: number;
  readonly token: number;
}

export async function withFinalStates<T>(
  { model, entry }: Pick<VisitSubject, 'model' | 'entry'>,
  sequences: Sequences,
  position: Position,
  tools: VisitTools,
  use: (rows: StoredRows, placeOf: (row: number) => RowPlace) => Promise<T>,
): Promise<T> {
  checkIds(sequences, model.vocabulary, `checkpoint ${entry.revision}`);
  const { threads, memory: bound, scratch, signal } = tools;
  const lengths = sequences.ids.map((ids) => ids.length);
  const starts: number[] = [];
  let n = 0;
  for (const length of lengths) {
    starts.push(n);
    n += position === 'all' ? length : 1;
  }
  const layers: readonly Layer[] = ['final'];
  const memory = await chooseMemory(
    { model, layers, lengths, position, rows: n, nll: false, threads, memory: bound, spectrum: { n, errors: 'none' } },
    scratch,
  );
  if (memory.parts.length > 1) tools.noteStages(memory.parts.length);
  const store = await RowStore.create(layers, n, model.width, scratch, memory.rowsBound);
  try {
    tools.progress('load', 0, model.bytes);
    let started = 0;
    await represent(
      tools.child,
      model,
      sequences.ids,
      {
        ...{ layers, position, threads, stages: stagesOf(memory, scratch) },
        ...(signal ? { signal } : {}),
        onLoaded: () => (started = performance.now()),
        onProgress: (done, of) => {
          const seconds = (performance.now() - started) / 1000;
          tools.progress('forward', done, of, done > 0 ? done / seconds : null);
        },
      },
      { state: (layer, index, rows) => store.put(layer, starts[index]!, rows) },
    );
    await tools.child.release();
    const placeOf = (row: number): RowPlace => {
      if (position !== 'all') return { sequence: row, token: lengths[row]! - 1 };
      const sequence = lastNotAfter(starts, row);
      return { sequence, token: row - starts[sequence]! };
    };
    return await use(store.rows('final'), placeOf);
  } finally {
    await store.close();
  }
}

/** The last index whose start is not after `row`; starts ascend. */
function lastNotAfter(starts: readonly number[], row: number): number {
  let [low, high] = [0, starts.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= row) low = middle;
    else high = middle - 1;
  }
  return low;
}
