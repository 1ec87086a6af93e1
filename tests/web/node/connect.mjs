// `connect` against a server that loses the connection: "again" goes on, "gone" has nothing more,
// "down" is not there any more, "told" tells that it has lost the model itself. Prints what came.
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

const [how, modulePath] = process.argv.slice(2);
const { connect } = await import(pathToFileURL(modulePath));
const frames = [0, 1, 2, 3].map(
  (n) => `id: ${n + 1}\nevent: item\ndata: {"index":${n},"value":"v${n}"}\n\n`,
);
frames.push('id: 5\nevent: done\ndata: {"outcome":"complete","items":4,"usage":null}\n\n');
const requests = [];
const server = createServer((request, response) => {
  const last = request.headers["last-event-id"];
  requests.push([request.method, last ?? null]);
  if (last !== undefined && how === "gone") return response.writeHead(204).end();
  if (last !== undefined && how === "down") return request.socket.destroy();
  response.writeHead(200, { "content-type": "text/event-stream" });
  if (how === "told") {
    const error = 'id: 2\nevent: error\ndata: {"status":"disconnected","message":"Lost."}\n\n';
    return response.end(last === undefined ? frames[0] + error : error);
  }
  const from = Number(last ?? 0);
  response.write(frames.slice(from, from + 2).join(""));
  if (from + 2 >= frames.length) response.end();
  else if (requests.length === 2) response.end(); // a quiet end is none
  else setTimeout(() => request.socket.destroy(), 20);
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const seen = { values: [], requests, error: null };
try {
  const url = `http://127.0.0.1:${server.address().port}/`;
  for await (const event of connect(url, { method: "POST", body: "{}", delay: 5, retries: 2 })) {
    if (event.type === "item") seen.values.push(event.value);
    seen.last = event.type;
  }
} catch (error) {
  seen.error = error.status ?? error.name;
}
console.log(JSON.stringify(seen));
process.exit(0);
