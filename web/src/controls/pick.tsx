/** One of many, as a list that opens. */
import type { JSX, TargetedEvent } from 'preact';

export interface PickProps {
  readonly label: string;
  readonly options: readonly { readonly value: string; readonly text: string }[];
  readonly value: string;
  readonly onChange: (value: string) => void;
}

export function Pick({ label, options, value, onChange }: PickProps): JSX.Element | null {
  if (options.length < 2) return null;
  return (
    <label class="pick">
      <span>{label}</span>
      <select value={value} onChange={(event: TargetedEvent<HTMLSelectElement>) => onChange(event.currentTarget.value)}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.text}
          </option>
        ))}
      </select>
    </label>
  );
}
