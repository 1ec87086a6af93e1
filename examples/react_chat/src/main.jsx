import { createRoot } from "react-dom/client";
import { Chat } from "./Chat.jsx";
import { Report } from "./Report.jsx";
import "./style.css";

const Page = location.pathname === "/report" ? Report : Chat;

createRoot(document.querySelector("#root")).render(
  <main>
    <nav>
      <a href="/">useChat</a> <a href="/report">useObject</a>
    </nav>
    <Page />
  </main>,
);
