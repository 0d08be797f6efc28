/**
 * Which points of a sweep can share a forward pass. Under a causal mask the state at token t doesn't know what follows,
 * so a pass over the longest cut of all rows holds the rows of every shorter cut, of every part of the rows, of every layer
 * and of the positions last and mean. Position `all` sums millions of rows as they come: a pass of its own. So has a model
 * whose rotary embedding depends on the sequence's length (dynamic), for each length.
 */
import type { Sequences } from '../corpus/index.js';
import type { Subject } from './subject.js';
import type { SweepPoint } from './sweep-points.js';

/** A point at a checkpoint, ready to be measured. */
export interface SweepSubject {
  readonly point: SweepPoint;
  readonly subject: Subject;
}

export interface ForwardPass {
  /** What it runs: each row once, as long as any of its points needs it, in corpus order. */
  readonly ids: readonly Int32Array[];
  readonly rows: readonly number[];
  readonly members: readonly SweepSubject[];
}

interface Growing {
  readonly ids: Map<number, Int32Array>;
  readonly members: SweepSubject[];
  readonly name: string;
}

/** As few passes as hold all points. */
export function passesOf(subjects: readonly SweepSubject[]): ForwardPass[] {
  const passes: Growing[] = [];
  for (const each of subjects) {
    const { request } = each.point;
    const { sequences, model } = each.subject;
    const own = request.position === 'all' ? 'all' : model.dependsOnLength ? String(request.maxTokens) : '';
    const name = JSON.stringify([request.corpus, request.field, own]);
    const home = passes.find((pass) => pass.name === name && own !== 'all' && holds(pass, sequences));
    if (home) {
      home.members.push(each);
      grow(home, sequences);
    } else {
      const fresh: Growing = { name, ids: new Map(), members: [each] };
      grow(fresh, sequences);
      passes.push(fresh);
    }
  }
  return passes.map(({ ids, members }) => {
    const rows = [...ids.keys()].sort((a, b) => a - b);
    return { rows, ids: rows.map((row) => ids.get(row)!), members };
  });
}

/** Whether every row of both is a beginning of the other's, so that one pass over the longer has the shorter's states. */
function holds({ ids }: Growing, sequences: Sequences): boolean {
  return sequences.rows.every((row, i) => {
    const there = ids.get(row);
    if (!there) return true;
    const wanted = sequences.ids[i]!;
    const count = Math.min(there.length, wanted.length);
    for (let t = 0; t < count; t++) if (there[t] !== wanted[t]) return false;
    return true;
  });
}

function grow({ ids }: Growing, sequences: Sequences): void {
  sequences.rows.forEach((row, i) => {
    const wanted = sequences.ids[i]!;
    if (wanted.length > (ids.get(row)?.length ?? 0)) ids.set(row, wanted);
  });
}
