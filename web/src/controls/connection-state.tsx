/** Whether the live page is live, and how far a running trace has come. */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { connection } from '../data/connection.js';

export function ConnectionState(): JSX.Element | null {
  const state = connection.value;
  const now = useSignal(Date.now());
  const waits = state?.state === 'lost';
  useEffect(() => {
    if (!waits) return;
    const timer = setInterval(() => (now.value = Date.now()), 1000);
    return () => clearInterval(timer);
  }, [waits]);
  if (!state) return null;
  const text =
    state.state === 'lost'
      ? `Connection lost, next try in ${Math.max(1, Math.ceil((state.retry - now.value) / 1000))} s`
      : { connecting: 'Connecting…', live: 'Live' }[state.state];
  return (
    <span class={`connection ${state.state}`}>
      {/* The countdown is for the eye; a screen reader is told of the change once. */}
      <span aria-hidden="true">{text}</span>
      <span class="unseen" role="status">
        {state.state === 'lost' ? 'Connection lost, trying again' : text}
      </span>
    </span>
  );
}
