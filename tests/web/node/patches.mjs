// Applies the patches and the changes of many streams; prints which do not lead to the final object.
import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { pathToFileURL } from "node:url";
import jsonpatch from "fast-json-patch";

const [file, modulePath] = process.argv.slice(2);
const { apply } = await import(pathToFileURL(modulePath));
const streams = readFileSync(file, "utf8").trimEnd().split("\n").map((line) => JSON.parse(line));
const wrong = [];
for (const [patches, changes, final] of streams) {
  let state = {};
  for (const frame of patches.split("\n\n").slice(0, -1)) {
    const event = JSON.parse(frame.slice("data: ".length));
    if (event.type === "STATE_SNAPSHOT") state = event.snapshot;
    // As `HttpAgent` does it.
    if (event.type === "STATE_DELTA") {
      state = jsonpatch.applyPatch(state, event.delta, true, false).newDocument;
    }
  }
  let own;
  for (const line of changes.trimEnd().split("\n")) {
    const event = JSON.parse(line);
    if (event.type === "change") own = apply(own, event);
  }
  // Its library copies values by way of text, in which -0 is 0.
  const copies = JSON.parse(JSON.stringify([state, final]));
  if (!isDeepStrictEqual(...copies)) wrong.push({ patches, state, final });
  if (!isDeepStrictEqual(own, final)) wrong.push({ changes, own, final });
}
console.log(JSON.stringify({ documents: streams.length, wrong: wrong.slice(0, 3) }));
