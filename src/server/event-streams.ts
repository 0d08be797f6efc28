/**
 * Server-sent events to many clients. A message is encoded once; a client that does not take what it is sent is dropped
 * (its browser comes back by itself), so that memory stays flat however slow they are.
 */

/** Bytes that may wait for one client. */
const queueLimit = 64 * 1024;
/** Milliseconds between comments that keep proxies from closing a silent connection. */
const heartbeat = 15_000;

export interface EventStreamsOptions {
  /** Clients at once. Default 1000. */
  readonly limit?: number;
  /** Milliseconds between heartbeats. Default 15,000. */
  readonly heartbeat?: number;
}

export class EventStreams {
  readonly #clients = new Set<ReadableStreamDefaultController<Uint8Array>>();
  readonly #limit: number;
  readonly #timer: NodeJS.Timeout;

  constructor(options: EventStreamsOptions = {}) {
    this.#limit = options.limit ?? 1000;
    this.#timer = setInterval(() => this.#send(encode(': still here\n\n')), options.heartbeat ?? heartbeat);
    this.#timer.unref();
  }

  get size(): number {
    return this.#clients.size;
  }

  /** The body of a new client's response, its first messages in it; null when there are too many. */
  open(first: readonly { event: string; data: unknown }[]): ReadableStream<Uint8Array> | null {
    if (this.#clients.size >= this.#limit) return null;
    let own: ReadableStreamDefaultController<Uint8Array> | null = null;
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          own = controller;
          this.#clients.add(controller);
          for (const { event, data } of first) controller.enqueue(messageOf(event, data));
        },
        cancel: () => {
          if (own !== null) this.#clients.delete(own);
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: queueLimit }),
    );
  }

  /** Sends a message to all clients. */
  send(event: string, data: unknown): void {
    this.#send(messageOf(event, data));
  }

  #send(bytes: Uint8Array): void {
    for (const client of this.#clients) {
      if ((client.desiredSize ?? 0) < bytes.length) this.#drop(client);
      else client.enqueue(bytes);
    }
  }

  #drop(client: ReadableStreamDefaultController<Uint8Array>): void {
    this.#clients.delete(client);
    client.error(new Error('the client does not take what it is sent'));
  }

  /** Ends all streams. */
  close(): void {
    clearInterval(this.#timer);
    for (const client of this.#clients) client.close();
    this.#clients.clear();
  }
}

function messageOf(event: string, data: unknown): Uint8Array {
  return encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
