import { afterEach, describe, expect, it } from 'vitest';
import { EventStreams } from '../../src/server/event-streams.js';

let streams: EventStreams;
afterEach(() => streams.close());

describe('event streams', () => {
  it('drop a client that does not take what it is sent; the others get all of it', async () => {
    streams = new EventStreams();
    const [idle, reader] = [streams.open([])!, streams.open([])!.getReader()];
    let bytes = 0;
    const message = 'x'.repeat(1000);
    for (let i = 0; i < 100; i++) {
      streams.send('story', message);
      bytes += (await reader.read()).value!.length;
    }
    expect(streams.size).toBe(1);
    expect(bytes).toBe(100 * `event: story\ndata: "${message}"\n\n`.length);
    await expect(idle.getReader().read()).rejects.toThrow('does not take');
  });

  it('forget a client that left, and refuse more than their limit', async () => {
    streams = new EventStreams({ limit: 2 });
    const first = streams.open([{ event: 'story', data: { version: 3 } }])!;
    streams.open([]);
    expect(streams.open([])).toBeNull();
    const reader = first.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('event: story\ndata: {"version":3}\n\n');
    await reader.cancel();
    expect(streams.size).toBe(1);
    expect(streams.open([])).not.toBeNull();
  });
});
