"""The style and the script of the HTML page. Nothing is loaded from elsewhere."""

from __future__ import annotations

from typing import Final

COLORS: Final = 8
"""How many colours there are for fields, `c0`, `c1`, ...; more fields begin again."""

STYLE: Final = """
:root { color-scheme: light dark;
  --page: #f6f7f9; --card: #fff; --ink: #1d2430; --soft: #667085; --line: #dfe3ea;
  --glow: #1d4ed8; --l: 88%; --s: 85%; --edge: 42%; }
@media (prefers-color-scheme: dark) { :root {
  --page: #12151b; --card: #1a1f28; --ink: #e4e8ef; --soft: #98a2b3; --line: #2d3440;
  --glow: #93b4ff; --l: 26%; --s: 55%; --edge: 68%; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
header { padding: 1rem 1.5rem .25rem; }
h1 { font-size: 1.15rem; margin: 0 0 .4rem; }
h2 { font-size: 1rem; margin: 0 0 .5rem; overflow-wrap: anywhere; }
h2 small, .none { color: var(--soft); font-weight: normal; }
nav, .legend { display: flex; flex-wrap: wrap; gap: .35rem .5rem; padding: 0; margin: .3rem 0;
  list-style: none; font-size: .85rem; }
.legend li { padding: .05rem .5rem; border-radius: 4px; }
.legend .kind { color: var(--soft); padding: 0 .2rem; }
nav { max-height: 6rem; overflow: auto; }
nav a { color: inherit; padding: .05rem .5rem; border: 1px solid var(--line); border-radius: 4px;
  background: var(--card); text-decoration: none; }
section { padding: .75rem 1.5rem 1.25rem; }
.panes { display: grid; grid-template-columns: minmax(0, 3fr) minmax(17rem, 2fr); gap: 1rem;
  align-items: start; }
.text, .rows { max-height: calc(100vh - 8.5rem); overflow: auto; border: 1px solid var(--line);
  border-radius: 8px; background: var(--card); }
.text { padding: 1rem 1.25rem; white-space: pre-wrap; overflow-wrap: anywhere; tab-size: 8;
  unicode-bidi: plaintext; line-height: 1.75;
  font: 14px/1.75 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.rows { margin: 0; padding: .25rem 0; list-style: none; }
.rows li { padding: .5rem .9rem; border-bottom: 1px solid var(--line); }
.rows li:last-child { border-bottom: 0; }
.rows b { color: var(--soft); font-weight: 600; font-size: .8rem; }
dl { margin: .15rem 0 0; display: grid; grid-template-columns: minmax(3rem, max-content) 1fr;
  gap: .1rem .75rem; }
dt { color: var(--soft); font-size: .85rem; overflow-wrap: anywhere; max-width: 11rem; }
dd { margin: 0; overflow-wrap: anywhere; white-space: pre-wrap; }
dd a { color: inherit; text-decoration: none; border-radius: 3px; padding: 0 .25rem; }
mark, .legend li, dd a { color: inherit; background: hsl(var(--h) var(--s) var(--l)); }
mark { position: relative; border-radius: 3px; padding: .1em 0; cursor: pointer;
  border-bottom: 2px solid hsl(var(--h) 70% var(--edge)); }
mark.blanks { border-bottom-style: dashed; }
mark.case { border-bottom-style: dotted; }
mark.many { box-shadow: 0 4px 0 -1px var(--card), 0 5.5px 0 -1px hsl(var(--h2) 70% var(--edge)); }
mark.lit, dd a.lit, li.lit { outline: 2px solid var(--glow); outline-offset: 1px; }
li.lit { outline-offset: -2px; border-radius: 8px; }
#tip { position: fixed; z-index: 2; display: none; max-width: 26rem; padding: .3rem .6rem;
  border-radius: 6px; background: var(--ink); color: var(--page); font-size: .85rem;
  white-space: pre-line; overflow-wrap: anywhere; pointer-events: none; }
.c0 { --h: 48; } .c1 { --h: 205; } .c2 { --h: 140; } .c3 { --h: 330; }
.c4 { --h: 265; } .c5 { --h: 20; } .c6 { --h: 175; } .c7 { --h: 90; }
@media (max-width: 55rem) { .panes { grid-template-columns: 1fr; }
  .text, .rows { max-height: 60vh; } }
@media print { .panes { display: block; } .text, .rows { max-height: none; margin-bottom: 1rem; } }
"""

SCRIPT: Final = """
const tip = document.getElementById("tip");
const numbers = (element) => element.dataset.marks.split(" ");
const of = (section, number) => section.querySelectorAll(`[data-marks~="${number}"]`);
const clear = () => {
  tip.style.display = "none";
  document.querySelectorAll(".lit").forEach((each) => each.classList.remove("lit"));
};
document.addEventListener("mouseover", (event) => {
  clear();
  const section = event.target.closest("section");
  const marked = event.target.closest("[data-marks]");
  if (!section || !marked) return;
  for (const number of numbers(marked))
    of(section, number).forEach((each) => {
      each.classList.add("lit");
      if (marked.tagName === "MARK") each.closest("li")?.classList.add("lit");
    });
  if (marked.tagName !== "MARK") return;
  tip.textContent = marked.dataset.tip;
  tip.style.display = "block";
  const box = marked.getClientRects()[0];
  const top = box.top - tip.offsetHeight - 6;
  tip.style.top = `${top < 0 ? box.bottom + 6 : top}px`;
  tip.style.left = `${Math.max(4, Math.min(box.left, innerWidth - tip.offsetWidth - 8))}px`;
});
document.addEventListener("click", (event) => {
  const marked = event.target.closest("[data-marks]");
  const section = event.target.closest("section");
  if (!marked || !section) return;
  event.preventDefault();
  const wanted = marked.tagName === "MARK" ? "a" : "mark";
  const number = numbers(marked).at(-1);
  for (const each of of(section, number))
    if (each.matches(wanted))
      return each.scrollIntoView({ block: "center", behavior: "smooth" });
});
"""
