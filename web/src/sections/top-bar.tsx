/** Above everything: whose page this is, which series it is of, the connection and light or dark. */
import type { JSX, TargetedEvent } from 'preact';
import { ConnectionState } from '../controls/connection-state.js';
import { focus, look, mainSeries } from '../state/store.js';
import { scheme, toggleScheme } from '../state/theme.js';
import type { Source } from '../data/source.js';

export function TopBar({ source }: { source: Source }): JSX.Element {
  return (
    <header class="top">
      <span class="brand">
        <Mark /> eigentrace
      </span>
      <SeriesPicker />
      <span class="push" />
      {source.kind === 'live' && <ConnectionState />}
      <button type="button" class="quiet" aria-pressed={scheme.value === 'dark'} onClick={toggleScheme}>
        Dark
      </button>
    </header>
  );
}

/** A falling spectrum. */
function Mark(): JSX.Element {
  return (
    <svg class="mark" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d="M1.5 2v12.5H15M3 3c1 6.5 4 9 11 9.5" fill="none" stroke="currentColor" stroke-width="1.6" />
    </svg>
  );
}

function SeriesPicker(): JSX.Element | null {
  if (mainSeries.value.length < 2 || !focus.value) return null;
  const choose = (event: TargetedEvent<HTMLSelectElement>) =>
    // Checkpoints have other names in another series; the x axis' stretch and the layer may hold.
    look({ focus: event.currentTarget.value, at: null, pinned: null });
  return (
    <label class="picker">
      <span class="unseen">Series shown</span>
      <select value={focus.value.id} onChange={choose}>
        {mainSeries.value.map(({ id, label }) => (
          <option key={id} value={id}>
            {label}
          </option>
        ))}
      </select>
    </label>
  );
}
