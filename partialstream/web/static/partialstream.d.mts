/** Tokens paid for. */
export interface Usage {
  input_tokens: number;
  output_tokens: number;
  cached_tokens: number;
  reasoning_tokens: number;
  complete: boolean;
}

/** How a stream ended: an outcome's status, or "failed". */
export type Status =
  | "empty" | "no_json" | "truncated" | "refused" | "filtered" | "disconnected" | "stalled"
  | "cancelled" | "invalid" | "failed";

/** What a growing object or list gained. */
export type Change =
  | { path: (string | number)[]; op: "set"; value: unknown }
  | { path: (string | number)[]; op: "append"; value: string }
  | { path: (string | number)[]; op: "complete"; value?: undefined };

export type StreamEvent<T = unknown> =
  | { type: "item"; id?: string; index: number; value: T }
  | { type: "rejected"; id?: string; index: number; reason: string }
  | { type: "repaired"; id?: string; index: number; value: T }
  | ({ type: "change"; id?: string } & Change)
  | {
      type: "done"; id?: string; outcome: "complete" | "cancelled"; items: number | null;
      usage: Usage | null;
    };

/** A value as far as it has arrived. */
export type Growing<T> = T extends (infer E)[]
  ? Growing<E>[]
  : T extends object
    ? { [K in keyof T]?: Growing<T[K]> }
    : T;

/** The stream failed, or ended early. */
export class StreamError extends Error {
  readonly status: Status;
  constructor(status: Status, message: string);
}

/** The events of a response, as they arrive. The last one is "done"; any other end is thrown. */
export function read<T = unknown>(
  response: Response,
): AsyncGenerator<StreamEvent<T>, void, undefined>;

export interface ConnectOptions extends RequestInit {
  /**
   * Where to reconnect with GET after a lost connection; by default the same address. If it is
   * given, also where the connection is lost before the first event.
   */
  resume?: string | URL;
  /** How often to connect again without anything new between. By default 5. */
  retries?: number;
  /** Milliseconds before the first of them; it doubles. By default 1000. */
  delay?: number;
  fetch?: typeof fetch;
}

/** As `read`, and reconnects where the connection is lost. */
export function connect<T = unknown>(
  url: string | URL,
  options?: ConnectOptions,
): AsyncGenerator<StreamEvent<T>, void, undefined>;

/** The state after a change. The one before stays as it is; what did not change is shared. */
export function apply<T = unknown>(state: Growing<T> | undefined, change: Change): Growing<T>;
