"use strict";
// Everything is on the page without this: it hides rows, and puts them into another order.
const tables = [...document.querySelectorAll(".heat, .plotted, .plain")];
const words = row => {
  const heading = row.closest(".box").previousElementSibling;
  const title = row.closest("section").contains(heading) ? heading.textContent : "";
  const topic = row.parentNode.querySelector(".topic");
  return `${title} ${topic ? topic.textContent : ""} ${row.textContent}`.toLowerCase();
};
const rows = table => [...table.tBodies].flatMap(body => [...body.rows]).filter(row => !row.matches(".topic"));
const every = tables.flatMap(rows).map(row => ({ row, text: words(row) }));

const label = document.createElement("label");
const field = Object.assign(document.createElement("input"), { type: "search" });
const count = document.createElement("output");
label.append("Show only ", field);
const line = Object.assign(document.createElement("p"), { className: "sift" });
line.append(label, " ", count);
document.querySelector("header").append(line);
field.addEventListener("input", () => {
  const wanted = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const { row, text } of every) row.hidden = !wanted.every(word => text.includes(word));
  for (const table of tables) {
    for (const body of table.tBodies) body.hidden = ![...body.rows].some(row => !row.hidden && !row.matches(".topic"));
    const box = table.closest(".box");
    box.hidden = [...table.tBodies].every(body => body.hidden);
  }
  count.textContent = wanted.length ? `${every.filter(one => !one.row.hidden).length} of ${every.length} rows` : "";
});

const value = (row, place) => {
  const cell = row.cells[place];
  const found = cell.dataset.sort === undefined ? cell.textContent.trim() : cell.dataset.sort;
  const number = Number(found);
  return found === "" || Number.isNaN(number) ? found : number;
};
const compare = (a, b) => {
  if (typeof a === "number" && typeof b === "number") return b - a;
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  return a.localeCompare(b);
};
for (const table of tables) {
  const bodies = [...table.tBodies];
  const before = bodies.map(body => [...body.rows]);
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, place) => {
    if (head.matches(".plot")) return;
    const button = Object.assign(document.createElement("button"), { className: "sort" });
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const next = { none: "descending", descending: "ascending", ascending: "none" }[head.ariaSort || "none"];
      heads.forEach(one => { one.ariaSort = null; });
      const ordered = list => {
        if (next === "none") return list;
        const found = [...list].sort((a, b) => compare(value(a, place), value(b, place)));
        return next === "ascending" ? found.reverse() : found;
      };
      if (next !== "none") head.ariaSort = next;
      const firsts = bodies.map((body, number) => {
        const [heading, rest] = [before[number].filter(row => row.matches(".topic")), before[number].filter(row => !row.matches(".topic"))];
        const sorted = ordered(rest);
        body.append(...heading, ...sorted);
        return [sorted[0], body];
      }).filter(([row]) => row);
      const order = new Map(firsts);
      table.append(...ordered([...order.keys()]).map(row => order.get(row)));
    });
  });
}
