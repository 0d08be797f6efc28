/** What a user asks of `directions`, resolved: every option with its meaning, unit and default. */
import type { Position } from '../models/index.js';
import type { BasisTextRequest, VisitRequest } from '../visit/index.js';

/** The text whose final states give the directions stands in `BasisTextRequest`. */
export interface DirectionsRequest extends VisitRequest, BasisTextRequest {
  /** How many directions, the largest eigenvalue first. Default 5. */
  top: number;
  /** Passages shown at each end of a direction. Default 3. */
  passages: number;
  /** Tokens of a passage that are shown, up to the one whose state it is. Default 24. */
  passageTokens: number;
  /** Tokens shown at each end. Default 8. */
  tokens: number;
  /** Coordinates shown. Default 4. */
  coordinates: number;
  /** Which tokens of a sequence give states. Default `last`. */
  position: Position;
}

export const directionsDefaults = {
  ids: null,
  top: 5,
  passages: 3,
  passageTokens: 24,
  tokens: 8,
  coordinates: 4,
  position: 'last',
} as const satisfies Partial<DirectionsRequest>;
