import { useChat } from "@ai-sdk/react";
import { DefaultChatTransport } from "ai";
import { useEffect, useState } from "react";

const transport = new DefaultChatTransport({ api: "/api/chat" });

// What goes on after a reload is kept in the tab: the chat's id, which the server keeps its last
// response under, and what was said before.
const id = (sessionStorage.chat ??= crypto.randomUUID());
const before = JSON.parse(sessionStorage.messages ?? "[]");

export function Chat() {
  // Places whose product came out wrong, and is being asked for again.
  const [rejected, setRejected] = useState([]);
  const { messages, sendMessage, status, error, stop } = useChat({
    id,
    messages: before,
    resume: true,
    transport,
    onData: (part) => {
      if (part.type === "data-rejected") setRejected((others) => [...others, part.data.index]);
    },
  });
  useEffect(() => {
    sessionStorage.messages = JSON.stringify(messages);
  }, [messages]);
  const isBusy = status === "submitted" || status === "streaming";

  function ask(event) {
    event.preventDefault();
    setRejected([]);
    sendMessage({ text: new FormData(event.target).get("text") });
  }

  return (
    <>
      <h1>Ranked for you</h1>
      {messages.map((message, index) => (
        <section key={message.id} className={message.role}>
          {message.parts.map(
            (part, index) => part.type === "text" && <p key={index}>{part.text}</p>,
          )}
          <Cards
            parts={message.parts.filter((part) => part.type === "data-product")}
            rejected={index === messages.length - 1 ? rejected : []}
          />
        </section>
      ))}
      <p role="status">{status}</p>
      {error && <p role="alert">The ranking has broken off: {error.message}</p>}
      <form onSubmit={ask}>
        <input name="text" defaultValue="I camp, and carry it all on a bicycle." />
        <button disabled={isBusy}>Rank</button>
        <button type="button" onClick={stop} disabled={!isBusy}>Stop</button>
      </form>
    </>
  );
}

// One card for each place. A part with the same id replaces the one before, and so a repaired
// product takes the place of the note that it was rejected.
function Cards({ parts, rejected }) {
  const cards = new Map(rejected.map((index) => [index, undefined]));
  for (const part of parts) cards.set(Number(part.id), part.data);
  return (
    <ol>
      {[...cards].sort(([a], [b]) => a - b).map(([index, product]) => (
        <li key={index} value={index + 1} className={product ? "product" : "rejected"}>
          <span className="name">{product?.name ?? "This one is asked for again"}</span>
          <span className="reason">{product?.reason}</span>
          <span className="score">{product?.score}</span>
        </li>
      ))}
    </ol>
  );
}
