// For each line of the input, a client and an address, reads the response by that client; prints
// what the client made of it, as JSON in a line:
// {items: [[id, value], ...] as they came, moments, state, states, ok, error}
// `moments` counts those at which items came, `states` the states that a page would have shown.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [modulePath] = process.argv.slice(2);

const clients = {
  // What `useChat` reads by, and what it does with it.
  async "ai-sdk"(seen, url) {
    const { DefaultChatTransport, readUIMessageStream } = await import("ai");
    const transport = new DefaultChatTransport({ api: url });
    const stream = await transport.sendMessages({
      chatId: "c",
      messages: [],
      trigger: "submit-message",
      messageId: undefined,
      abortSignal: undefined,
    });
    let finished = false;
    const watched = stream.pipeThrough(
      new TransformStream({
        transform(chunk, controller) {
          finished ||= chunk.type === "finish";
          controller.enqueue(chunk);
        },
      }),
    );
    let parts = [];
    const onError = (error) => (seen.error = error.message);
    for await (const message of readUIMessageStream({ stream: watched, onError })) {
      const now = message.parts.filter((part) => part.type.startsWith("data-"));
      for (const part of now) {
        const before = parts.find((each) => each.type === part.type && each.id === part.id);
        if (before && JSON.stringify(before.data) === JSON.stringify(part.data)) continue;
        if (part.type === "data-item") shown(seen, Number(part.id), part.data);
        else seen.state = part.data;
        seen.states += 1;
      }
      parts = structuredClone(now);
    }
    seen.ok = finished && seen.error === null;
  },

  // `useChat` as the page has it, without React around it.
  async chat(seen, url) {
    const { AbstractChat, DefaultChatTransport } = await import("ai");
    const state = {
      status: "ready",
      error: undefined,
      messages: [],
      pushMessage(message) {
        this.messages = [...this.messages, message];
      },
      popMessage() {
        this.messages = this.messages.slice(0, -1);
      },
      replaceMessage(index, message) {
        this.messages = this.messages.map((each, at) => (at === index ? message : each));
        seen.states += 1;
      },
      snapshot: (value) => structuredClone(value),
    };
    class Chat extends AbstractChat {}
    const chat = new Chat({
      transport: new DefaultChatTransport({ api: url }),
      state,
      onError: (error) => (seen.error = error.message),
    });
    await chat.sendMessage({ text: "Rank them." });
    for (const part of chat.lastMessage.parts) {
      if (part.type === "data-item") seen.items.push([Number(part.id), part.data]);
      else if (part.type === "data-object") seen.state = part.data;
    }
    seen.ok = chat.status === "ready";
  },

  async object(seen, url) {
    globalThis.IS_REACT_ACT_ENVIRONMENT = true;
    const { createElement } = await import("react");
    const { act, create } = await import("react-test-renderer");
    const { experimental_useObject: useObject } = await import("@ai-sdk/react");
    const { jsonSchema } = await import("ai");
    let hook;
    let finish;
    const done = new Promise((resolve) => (finish = resolve));
    function Page() {
      hook = useObject({
        api: url,
        schema: jsonSchema({}),
        onError: (error) => {
          seen.error = error.message;
          finish();
        },
        onFinish: ({ object }) => {
          seen.ok = true;
          seen.final = object;
          finish();
        },
      });
      if (hook.object !== undefined) {
        seen.states += 1;
        seen.state = hook.object;
      }
      return null;
    }
    await act(async () => create(createElement(Page)));
    await act(async () => {
      hook.submit({});
      await done;
      await new Promise((resolve) => setTimeout(resolve, 50));
    });
    if (hook.error) seen.error = hook.error.message;
    if (Array.isArray(seen.state)) seen.items = seen.state.map((value, index) => [index, value]);
  },

  async "ag-ui"(seen, url) {
    const { HttpAgent } = await import("@ag-ui/client");
    const agent = new HttpAgent({ url });
    let known = [];
    const warn = console.warn;
    console.warn = (...words) => {
      seen.warning = words.join(" ");
      warn(...words);
    };
    let runError = null;
    try {
      await agent.runAgent(
        {},
        {
          onStateChanged({ state }) {
            seen.state = structuredClone(state);
            seen.states += 1;
            (state.items ?? []).forEach((value, index) => {
              const text = JSON.stringify(value);
              if (value !== null && known[index] !== text) {
                known[index] = text;
                shown(seen, index, value);
              }
            });
          },
          onRunFinishedEvent: () => void (seen.ok = true),
          onRunErrorEvent: ({ event }) => void (runError = event.message),
        },
      );
    } catch (error) {
      seen.thrown = error.message;
    }
    seen.error = runError;
  },

  async sse(seen, url) {
    const { createParser } = await import("eventsource-parser");
    const { apply } = await import(pathToFileURL(modulePath));
    const response = await fetch(url, { method: "POST" });
    const unknown = [];
    const parser = createParser({
      onError: (error) => unknown.push(error.message),
      onEvent({ event, data }) {
        take(seen, apply, { type: event, ...JSON.parse(data) });
      },
    });
    const decoder = new TextDecoder();
    for await (const chunk of response.body) parser.feed(decoder.decode(chunk, { stream: true }));
    if (unknown.length) throw new Error(unknown.join());
  },

  async module(seen, url) {
    const { apply, read } = await import(pathToFileURL(modulePath));
    try {
      for await (const event of read(await fetch(url, { method: "POST" }))) take(seen, apply, event);
    } catch (error) {
      if (error.name !== "StreamError") throw error;
      seen.error = error.message;
      seen.status = error.status;
    }
  },
};

function shown(seen, index, value) {
  const now = performance.now();
  if (now - seen.at > 2) seen.moments += 1;
  seen.at = now;
  seen.items.push([index, value]);
}

function take(seen, apply, event) {
  if (event.type === "item" || event.type === "repaired") {
    shown(seen, event.index, event.value);
  } else if (event.type === "change") {
    const before = JSON.stringify(seen.state);
    const old = seen.state;
    seen.state = apply(seen.state, event);
    seen.states += 1;
    if (JSON.stringify(old) !== before) throw new Error("apply has changed the state before");
  } else if (event.type === "done") seen.ok = true;
  else if (event.type === "error") seen.error = event.message;
}

for await (const line of createInterface({ input: process.stdin })) {
  const [name, url] = JSON.parse(line);
  const seen = { items: [], moments: 0, at: 0, states: 0, ok: false, error: null };
  const { warn } = console;
  try {
    await clients[name](seen, url);
  } finally {
    console.warn = warn;
  }
  console.log(JSON.stringify(seen));
}
process.exit(0);
