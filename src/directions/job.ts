/** The job at each checkpoint: states, Σ, its top eigenvectors, and what lies along each. */
import { tokenizerLibrary, type Sequences, type TwoWayTokenizer } from '../corpus/index.js';
import { EigentraceError, messageOf } from '../errors.js';
import type { FindingFlag, FindingValue } from '../record/index.js';
import type { StoredRows } from '../runtime/index.js';
import { eigenvectors, rowCovariance, type RowCovariance } from '../spectrum/index.js';
import {
  BasisText,
  refuseBeyondWidth,
  withFinalStates,
  type RowPlace,
  type VisitBody,
  type VisitJob,
  type VisitPart,
  type VisitSubject,
  type VisitTools,
} from '../visit/index.js';
import { coordinateSizes, coordinatesOf } from './coordinates.js';
import {
  directionsVersion,
  encodeVectors,
  type Direction,
  type DirectionEnd,
  type DirectionsDetail,
} from './detail.js';
import { furthestRows, type Scored } from './ends.js';
import type { DirectionsRequest } from './request.js';
import { movedTokens, type TokenEnd } from './unembedding.js';

/** An eigenvalue that is no more than the rounding of float32 states counts as zero (as in the spectrum's figures). */
const noise = (4 * 2 ** -24) ** 2;

export class DirectionsJob implements VisitJob {
  readonly kind = 'directions' as const;
  readonly parts: readonly VisitPart[];
  readonly #request: DirectionsRequest;
  readonly #text: BasisText;

  constructor(request: DirectionsRequest) {
    this.#request = request;
    this.#text = new BasisText(request);
    const { corpus, ids, position, sequences, minTokens, maxTokens, seed, rows } = request;
    this.parts = [
      {
        name: '',
        scope: { corpus: ids ?? corpus, position },
        options: {
          ...{ corpus: ids ?? corpus, position, ...this.#shown() },
          ...(ids === null ? { sequences, minTokens, maxTokens, seed, rows } : {}),
        },
      },
    ];
  }

  async keyParts(subject: VisitSubject): Promise<Record<string, unknown>> {
    return {
      directions: directionsVersion,
      corpus: (await this.#text.sequencesOf(subject, undefined)).sha256,
      ...{ position: this.#request.position, tokens: tokenizerLibrary, shown: this.#shown() },
    };
  }

  async run(subject: VisitSubject, _: VisitPart, tools: VisitTools): Promise<VisitBody> {
    const { top, position } = this.#request;
    refuseBeyondWidth(subject, '--top', top);
    const sequences = await this.#text.sequencesOf(subject, tools.signal);
    const flags: FindingFlag[] = sequences.flags.map(({ code, message }) => ({ code, message }));
    const detail = await withFinalStates(subject, sequences, position, tools, (states, placeOf) =>
      this.#describe(subject, sequences, states, placeOf, tools, flags),
    );
    return {
      values: valuesOf(detail),
      detail: { ...detail },
      flags,
      provenance: this.#text.provenance(sequences),
    };
  }

  async #describe(
    subject: VisitSubject,
    sequences: Sequences,
    states: StoredRows,
    placeOf: (row: number) => RowPlace,
    tools: VisitTools,
    flags: FindingFlag[],
  ): Promise<DirectionsDetail> {
    const { top, passages, tokens, coordinates, position } = this.#request;
    const of = 4;
    tools.progress('spectrum', 0, of);
    const covariance = await rowCovariance(states, tools.kernel, tools.signal);
    tools.progress('spectrum', 1, of);
    const { n, d, left, mean, packed } = covariance;
    const { vectors, all } = await eigenvectors(packed, d, top, tools.signal);
    tools.progress('spectrum', 2, of);
    if (left > 0) {
      flags.push({ code: 'rows-not-finite', message: `${left} rows with NaN or Inf were left out of Σ`, count: left });
    }
    const rank = rankOf(covariance, all);
    if (rank < top) {
      const message = `the states vary along ${rank} directions only (${n} rows of ${d}), got --top ${top}: the others are left out`;
      flags.push({ code: 'beyond-rank', message });
    }
    const k = Math.min(rank, top);
    const found = vectors.subarray(0, k * d);
    const ends = await furthestRows(states, found, mean, passages);
    tools.progress('spectrum', 3, of);
    const moved = await this.#moved(subject, found, tools, flags);
    tools.progress('spectrum', of, of);
    const sizes = coordinateSizes(covariance);
    const total = all.reduce((sum, x) => sum + Math.max(0, x), 0);
    const tokenizer = subject.tokenizerSha256 === null ? null : subject.tokenizer();
    const directions = ends.map((end, u): Direction => {
      const eigenvalue = all[u]!;
      const deviation = Math.sqrt(eigenvalue);
      const side = (rows: readonly Scored[], words: readonly TokenEnd[] | undefined, sign: 1 | -1): DirectionEnd => ({
        passages: rows.map(({ row, score }) => this.#passage(sequences, placeOf(row), score / deviation, tokenizer)),
        tokens:
          words?.map(({ id, change }) => ({
            ...{ id, text: tokenizer?.spell(id) ?? null },
            logit: sign * change * deviation,
          })) ?? null,
      });
      return {
        ...{ rank: u + 1, eigenvalue, share: eigenvalue / total, close: isClose(all, u, n) },
        ...coordinatesOf(found.subarray(u * d, (u + 1) * d), coordinates, sizes),
        positive: side(end.positive, moved?.[u]!.positive.slice(0, tokens), 1),
        negative: side(end.negative, moved?.[u]!.negative.slice(0, tokens), -1),
      };
    });
    const massive = Array.from(sizes.rms.keys()).filter(sizes.isMassive);
    return {
      ...{ n, d, position, total, rank },
      massive: massive.map((index) => ({ index, rms: sizes.rms[index]!, mean: mean[index]! })),
      directions,
      vectors: encodeVectors(found),
    };
  }

  /** Null, with a flag, where the checkpoint has no unembedding. */
  async #moved({ model }: VisitSubject, vectors: Float64Array, tools: VisitTools, flags: FindingFlag[]) {
    try {
      return await movedTokens(tools.child, model, vectors, this.#request.tokens, tools);
    } catch (error) {
      if (!(error instanceof EigentraceError) || error.code !== 'input' || tools.child.dead) throw error;
      flags.push({ code: 'no-unembedding', message: `no tokens are shown: ${messageOf(error)}` });
      return null;
    }
  }

  #passage(
    { ids, rows }: Sequences,
    { sequence, token }: RowPlace,
    score: number,
    tokenizer: TwoWayTokenizer | null,
  ): DirectionEnd['passages'][number] {
    const shown = ids[sequence]!.subarray(Math.max(0, token + 1 - this.#request.passageTokens), token + 1);
    return { row: rows[sequence]!, token, score, text: tokenizer?.decode(shown) ?? null, ids: [...shown] };
  }

  #shown(): Record<string, number> {
    const { top, passages, passageTokens, tokens, coordinates } = this.#request;
    return { top, passages, passageTokens, tokens, coordinates };
  }
}

/** Directions along which the rows vary: eigenvalues above the noise of float32 states (definitions §2). */
function rankOf({ n, d, mean, packed }: RowCovariance, all: Float64Array): number {
  let square = mean.reduce((sum, x) => sum + x * x, 0);
  for (let j = 0, at = 0; j < d; at += d - j, j++) square += packed[at]!;
  return all.filter((x, i) => i < n - 1 && x > noise * square).length;
}

/** North's rule of thumb: eigenvalues closer than their sampling error λ√(2/N) have directions that mix. */
function isClose(all: Float64Array, u: number, n: number): boolean {
  const error = all[u]! * Math.sqrt(2 / n);
  return [all[u - 1], all[u + 1]].some((other) => other !== undefined && Math.abs(other - all[u]!) < error);
}

function valuesOf({ directions, n }: DirectionsDetail): FindingValue[] {
  return directions.flatMap(({ rank, share, eigenvalue, carried_by: carriedBy }) => {
    const row = (metric: string, value: number): FindingValue => ({
      ...{ name: `direction-${rank}`, metric, value, se: null, n, definition: directionsVersion },
    });
    return [row('share', share), row('eigenvalue', eigenvalue), row('carried_by', carriedBy)];
  });
}
