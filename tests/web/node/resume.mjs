// Goes on after connections that were lost, and after reloads; prints what came.
//     resume.mjs connect URL RESUME MODULE     our module
//     resume.mjs reload API PARTS WAIT         a chat of `ai`: a page that is left after so many
//                                              parts, and milliseconds later one with the same id
//     resume.mjs chat API ID                   a chat that is opened, without anything before
import { pathToFileURL } from "node:url";

const [how, url, ...rest] = process.argv.slice(2);
const seen = { values: [], ids: [], error: null };

async function chatOf(id, messages, abort) {
  const { AbstractChat, DefaultChatTransport } = await import("ai");
  const state = {
    status: "ready",
    error: undefined,
    messages,
    pushMessage(message) {
      this.messages = [...this.messages, message];
    },
    popMessage() {
      this.messages = this.messages.slice(0, -1);
    },
    replaceMessage(index, message) {
      this.messages = this.messages.toSpliced(index, 1, message);
    },
    snapshot: (value) => structuredClone(value),
  };
  class Chat extends AbstractChat {}
  return new Chat({
    id,
    state,
    transport: new DefaultChatTransport({
      api: url,
      fetch: async (input, init) => {
        const response = await fetch(input, { ...init, signal: abort ?? init?.signal });
        seen.statuses = [...(seen.statuses ?? []), response.status];
        return response;
      },
    }),
    onError: (error) => (seen.error = error.message),
  });
}

const partsOf = (chat) =>
  (chat.lastMessage?.parts ?? []).filter((part) => part.type === "data-item");

function report(chat) {
  seen.status = chat.status;
  seen.messages = chat.messages.map((message) => message.role);
  seen.message = chat.lastMessage?.id;
  seen.steps = (chat.lastMessage?.parts ?? []).filter((part) => part.type === "step-start").length;
  seen.values = partsOf(chat).map((part) => part.data.name);
  seen.ids = partsOf(chat).map((part) => part.id);
}

const ways = {
  async connect() {
    const [resume, modulePath] = rest;
    const { connect } = await import(pathToFileURL(modulePath));
    try {
      const options = { method: "POST", resume, delay: 10, retries: 5 };
      for await (const event of connect(url, options)) {
        if (event.type === "item") seen.values.push(event.value.name);
        seen.ids.push(event.id);
        seen.last = event.type;
      }
    } catch (error) {
      seen.error = error.status ?? error.name;
      seen.message = error.message;
    }
  },

  async reload() {
    const [parts, wait] = rest.map(Number);
    const question = { id: "q1", role: "user", parts: [{ type: "text", text: "Rank them." }] };
    const leaving = new AbortController();
    const before = await chatOf("chat-1", [], leaving.signal);
    const sent = before.sendMessage(question);
    while (partsOf(before).length < parts) await new Promise((resolve) => setTimeout(resolve, 5));
    leaving.abort();
    await sent;
    seen.before = partsOf(before).map((part) => part.data.name);
    seen.messageBefore = before.lastMessage.id;
    seen.error = null;
    await new Promise((resolve) => setTimeout(resolve, wait));
    // What the page has stored: the question, and once more, also what there was of the answer.
    for (const messages of [[question], before.messages]) {
      const chat = await chatOf("chat-1", structuredClone(messages));
      await chat.resumeStream();
      report(chat);
      seen.runs = [...(seen.runs ?? []), { ...seen }];
    }
  },

  async chat() {
    const chat = await chatOf(rest[0], []);
    await chat.resumeStream();
    report(chat);
  },
};

await ways[how]();
console.log(JSON.stringify(seen));
process.exit(0);
