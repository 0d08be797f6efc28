/** The job at each checkpoint: its directions once, then every set of questions under every change. */
import { tokenizerLibrary, type Sequences } from '../corpus/index.js';
import { cutFlags, positionsOf } from '../evaluation/index.js';
import type { FindingFlag } from '../record/index.js';
import type { StateChange } from '../runtime/index.js';
import { generatorName } from '../statistics/random.js';
import {
  BasisText,
  refuseBeyondWidth,
  type VisitBody,
  type VisitJob,
  type VisitPart,
  type VisitSubject,
  type VisitTools,
} from '../visit/index.js';
import { sizeOf } from './band.js';
import { findBasis, type Basis } from './basis.js';
import { ablationVersion, figuresOf, type Outcome } from './figures.js';
import type { QuestionSet } from './question-set.js';
import type { AblateRequest } from './request.js';
import { scoreVariants } from './score-variants.js';
import { project, randomDirections } from './subspace.js';
import { variantName, variantsOf, type Variant } from './variant.js';

/** Answers by question are kept up to so many, questions times variants. */
const mostKept = 200_000;

export interface AblatePart extends VisitPart {
  readonly set: QuestionSet;
}

export class AblateJob implements VisitJob<AblatePart> {
  readonly kind = 'ablation' as const;
  readonly parts: readonly AblatePart[];
  readonly #request: AblateRequest;
  readonly #variants: readonly Variant[];
  readonly #widest: { readonly rank: number; readonly option: string };
  readonly #text: BasisText;
  #basis: { readonly subject: VisitSubject; readonly basis: Basis } | null = null;

  constructor(request: AblateRequest, sets: readonly QuestionSet[]) {
    const { keep, remove, randomDraws, randomSeed, mean, position } = request;
    const { variants, widest } = variantsOf(keep, remove, randomDraws);
    this.#request = request;
    this.#text = new BasisText(request);
    this.#variants = variants;
    this.#widest = widest;
    const names = [...new Set(variants.map(variantName))];
    const basis = request.ids ?? request.corpus;
    const { sequences, minTokens, maxTokens, seed } = request;
    this.parts = sets.map((set) => ({
      name: set.name,
      scope: { questions: set.name, basis, variants: names, mean },
      options: {
        ...{ questions: set.identity, basis, position, mean, variants: names, randomDraws, randomSeed },
        ...(request.ids === null ? { sequences, minTokens, maxTokens, seed } : {}),
      },
      set,
    }));
  }

  async keyParts(subject: VisitSubject, { set }: AblatePart): Promise<Record<string, unknown>> {
    const { mean, position, randomDraws, randomSeed } = this.#request;
    return {
      ablation: ablationVersion,
      questions: set.identity,
      basis: (await this.#text.sequencesOf(subject, undefined)).sha256,
      ...{ position, mean, tokens: tokenizerLibrary },
      variants: [...new Set(this.#variants.map(variantName))],
      random: randomDraws === 0 ? null : { draws: randomDraws, seed: randomSeed, generator: generatorName },
    };
  }

  async run(subject: VisitSubject, { name, set }: AblatePart, tools: VisitTools): Promise<VisitBody> {
    const { model } = subject;
    const { rank, option } = this.#widest;
    refuseBeyondWidth(subject, option, rank);
    const sequences = await this.#text.sequencesOf(subject, tools.signal);
    const basis = await this.#basisOf(subject, sequences, tools);
    const scored = await scoreVariants(subject, set, this.#changes(basis), tools);
    const flags: FindingFlag[] = [...basis.flags, ...cutFlags(scored.cut, positionsOf(model))];
    return {
      values: figuresOf(name, set.metrics, scored.outcomes),
      detail: {
        questions: name,
        metrics: set.metrics,
        chance: set.chance,
        basis: basisDetail(basis, sequences, this.#request),
        variants: scored.outcomes.map((outcome) => variantDetail(outcome, basis, this.#variants.length * set.count)),
      },
      flags,
      provenance: this.#text.provenance(sequences),
    };
  }

  /** What is done to the states, variant by variant. */
  #changes({ vectors, mean, d }: Basis): { variant: Variant; change: StateChange | null }[] {
    const about = this.#request.mean ? mean : null;
    return this.#variants.map((variant) => {
      switch (variant.kind) {
        case 'original':
          return { variant, change: null };
        case 'band': {
          const { from, to } = variant.band;
          return { variant, change: project(vectors.subarray((from - 1) * d, to * d), d, variant.mode, about) };
        }
        case 'random': {
          const { mode, size, draw } = variant;
          return {
            variant,
            change: project(randomDirections(d, size, this.#request.randomSeed, draw), d, mode, about),
          };
        }
      }
    });
  }

  async #basisOf(subject: VisitSubject, sequences: Sequences, tools: VisitTools): Promise<Basis> {
    if (this.#basis?.subject !== subject) {
      const basis = await findBasis(subject, sequences, this.#request.position, this.#widest.rank, tools);
      this.#basis = { subject, basis };
    }
    return this.#basis.basis;
  }
}

function basisDetail(basis: Basis, sequences: Sequences, request: AblateRequest): Record<string, unknown> {
  const { n, d, rank, eigenvalues, mean } = basis;
  return {
    ...{ corpus: sequences.name, sequences: sequences.found, position: request.position },
    ...{ n, d, rank, mean: request.mean, meanNorm: Math.sqrt(mean.reduce((sum, x) => sum + x * x, 0)) },
    eigenvalues: [...eigenvalues],
  };
}

/** `answers`: questions times variants in all. */
function variantDetail(
  { variant, right, logprobs }: Outcome,
  { eigenvalues }: Basis,
  answers: number,
): Record<string, unknown> {
  const total = eigenvalues.reduce((sum, x) => sum + Math.max(0, x), 0);
  const share =
    variant.kind === 'band' && total > 0
      ? eigenvalues.slice(variant.band.from - 1, variant.band.to).reduce((sum, x) => sum + Math.max(0, x), 0) / total
      : null;
  return {
    name: variantName(variant),
    ...variant,
    ...(variant.kind === 'band' ? { size: sizeOf(variant.band), variance: share } : {}),
    // A character a question, by metric.
    right: answers <= mostKept ? right.map((own) => own.map((each) => (each ? '1' : '0')).join('')) : null,
    logprobs: answers <= mostKept ? logprobs : null,
  };
}
