// What a page reads our wires "sse" and "ndjson" with. No dependencies; types are beside it.
//
//     import { apply, read } from "/static/partialstream.mjs";
//     let report;
//     for await (const event of read(await fetch("/report", { method: "POST" }))) {
//       if (event.type === "change") report = apply(report, event);
//     }

/** The stream failed, or ended early. */
export class StreamError extends Error {
  constructor(status, message) {
    super(message);
    this.name = "StreamError";
    this.status = status;
  }
}

/** The events of a response, as they arrive. The last one is "done"; any other end is thrown. */
export async function* read(response) {
  if (!response.ok) {
    throw new StreamError("failed", `the server responded with status ${response.status}`);
  }
  if (response.status === 204 || response.body === null) {
    throw new StreamError("disconnected", "there is nothing to read");
  }
  const type = response.headers.get("content-type") ?? "";
  const events = type.startsWith("application/x-ndjson") ? lines : serverSentEvents;
  for await (const event of events(response.body)) {
    if (event.type === "error") throw final(new StreamError(event.status, event.message));
    yield event;
    if (event.type === "done") return;
  }
  throw new StreamError("disconnected", "the response ended before the stream did");
}

/**
 * As `read`, and connects again where the connection is lost: what has come does not come again.
 * The server has to keep the stream for that (`replay=`); one that does not says so, and that is
 * thrown.
 */
export async function* connect(url, options = {}) {
  const { resume = url, retries = 5, delay = 1000, fetch = globalThis.fetch, ...init } = options;
  let last;
  // Without an event yet, only who says where to go on can know that nothing is asked for twice.
  const mayResume = () => last !== undefined || options.resume !== undefined;
  let failures = 0;
  let request = () => fetch(url, init);
  for (;;) {
    let lost;
    try {
      const response = await request();
      if (response.status >= 500 && mayResume()) {
        lost = new StreamError("failed", `the server responded with status ${response.status}`);
      } else {
        for await (const event of read(response)) {
          if (event.id !== undefined) {
            last = event.id;
            failures = 0;
          }
          yield event;
          if (event.type === "done") return;
        }
      }
    } catch (error) {
      const mayPass = error instanceof TypeError || error.status === "disconnected";
      if (init.signal?.aborted || !mayResume() || !mayPass || finals.has(error)) throw error;
      lost = error;
    }
    if (++failures > retries) throw lost;
    await pause(delay * 2 ** (failures - 1), init.signal);
    const headers = new Headers(init.headers);
    headers.delete("content-type");
    if (last !== undefined) headers.set("Last-Event-ID", last);
    request = async () => {
      const response = await fetch(resume, {
        ...init,
        method: "GET",
        body: undefined,
        headers,
      });
      if (response.status === 204) {
        throw final(new StreamError("disconnected", "the server has nothing to resume"));
      }
      return response;
    };
  }
}

// What the server said itself, and so would say again: also that it was disconnected.
const finals = new WeakSet();

function final(error) {
  finals.add(error);
  return error;
}

/** The state after a change. The one before stays as it is; what did not change is shared. */
export function apply(state, { path, op, value }) {
  return op === "complete" ? state : applied(state, path, 0, op, value);
}

function applied(state, path, depth, op, value) {
  if (depth === path.length) {
    if (op === "set") return value;
    if (typeof state !== "string") throw misplaced(path);
    return state + value;
  }
  const step = path[depth];
  if (Array.isArray(state) && typeof step === "number") {
    const copy = state.slice();
    while (copy.length < step) copy.push(null); // where items were rejected
    copy[step] = applied(state[step], path, depth + 1, op, value);
    return copy;
  }
  if (typeof state === "object" && state !== null && typeof step === "string") {
    const before = Object.hasOwn(state, step) ? state[step] : undefined;
    const part = applied(before, path, depth + 1, op, value);
    // Defined, as an assignment to "__proto__" would set something else.
    return Object.defineProperty({ ...state }, step, {
      value: part,
      configurable: true,
      enumerable: true,
      writable: true,
    });
  }
  throw misplaced(path);
}

function misplaced(path) {
  return new RangeError(`no value to change at ${JSON.stringify(path)}`);
}

async function* lines(body) {
  let rest = "";
  for await (const text of texts(body)) {
    const parts = (rest + text).split("\n");
    rest = parts.pop();
    for (const line of parts) {
      if (line.trim()) yield JSON.parse(line);
    }
  }
}

async function* serverSentEvents(body) {
  let rest = "";
  for await (const text of texts(body)) {
    const blocks = (rest + text).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const event = parsed(block);
      if (event !== undefined) yield event;
    }
  }
}

function parsed(block) {
  let id;
  let type = "message";
  let data = "";
  for (const line of block.split("\n")) {
    if (line.startsWith("data: ")) data += line.slice(6);
    else if (line.startsWith("event: ")) type = line.slice(7);
    else if (line.startsWith("id: ")) id = line.slice(4);
  }
  return data === "" ? undefined : { type, id, ...JSON.parse(data) };
}

async function* texts(body) {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  const close = () => void reader.cancel().catch(() => {});
  // Browsers keep pages that were left for whoever goes back to them, and their connections, too.
  globalThis.addEventListener?.("pagehide", close);
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((error) => {
        // What browsers throw for a connection that was lost; not for one that the page aborts.
        if (!(error instanceof TypeError)) throw error;
        throw new StreamError("disconnected", "the connection was lost");
      });
      if (done) return;
      yield decoder.decode(value, { stream: true });
    }
  } finally {
    globalThis.removeEventListener?.("pagehide", close);
    close(); // whoever leaves the loop closes the connection, and so ends what is paid for
  }
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
