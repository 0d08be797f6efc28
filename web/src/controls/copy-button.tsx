/** Puts text on the clipboard and says that it did. */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';

export function CopyButton({ text, label }: { text: () => string; label: string }): JSX.Element {
  const said = useSignal<string | null>(null);
  const copy = () => {
    void copyText(text()).then((done) => {
      said.value = done ? 'Copied' : 'Not allowed here: select it and copy';
      setTimeout(() => (said.value = null), 2500);
    });
  };
  return (
    <>
      <button type="button" class="quiet" onClick={copy}>
        {said.value ?? label}
      </button>
      <span class="unseen" role="status">
        {said.value ?? ''}
      </span>
    </>
  );
}

async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without the permission (plain http to another machine): the old way.
    const area = document.createElement('textarea');
    area.value = text;
    document.body.append(area);
    area.select();
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- the only way that needs no permission
    const done = document.execCommand('copy');
    area.remove();
    return done;
  }
}
