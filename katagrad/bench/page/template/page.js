"use strict";
// Everything is on the page without this: it hides rows, and puts them into another order.
const tables = [...document.querySelectorAll(".box table")];
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

// The figures of a text, in units without a prefix, each with its kind: "" for an amount or a rate, "s", or "%".
const TIMES = { s: 1, ms: 1e-3, "\u00b5s": 1e-6, us: 1e-6, ns: 1e-9 };
const THOUSANDS = { T: 1e12, G: 1e9, M: 1e6, k: 1e3 };
const FIGURE = /(\d[\d.]*)\s*(?:([TGMk])(?=\s|$|B|F)|(ms|\u00b5s|us|ns|s)(?![\w/])|(%))?/g;
const amounts = text => [...text.matchAll(FIGURE)].map(([, digits, prefix, time, percent]) => (
  { number: Number(digits) * (THOUSANDS[prefix] || TIMES[time] || 1), kind: time ? "s" : percent || "" }
));
// What the field of a column asks of a cell: "> 50 %", "<= 2 ms", "> 1 M"; any other text is one that the cell has.
const asks = wanted => {
  const [, sign, rest] = wanted.match(/^([<>]=?)\s*(.+)$/) || [];
  const [bound] = sign ? amounts(rest) : [];
  if (!bound) return cell => cell.textContent.toLowerCase().includes(wanted.toLowerCase());
  const holds = {
    "<": number => number < bound.number, "<=": number => number <= bound.number,
    ">": number => number > bound.number, ">=": number => number >= bound.number,
  }[sign];
  return cell => {
    const first = amounts(cell.textContent).find(one => one.kind === bound.kind);
    return first !== undefined && holds(first.number);
  };
};
const columns = [];  // {field, table, place} of each field in a heading

const sift = () => {
  const wanted = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  const chosen = columns.filter(one => one.field.value.trim()).map(one => ({ ...one, asks: asks(one.field.value.trim()) }));
  const named = new Set();
  for (const { row, text } of every) {
    const found = wanted.every(word => text.includes(word));
    const table = row.closest("table");
    if (found) named.add(table);
    row.hidden = !found || !chosen.every(one => one.table !== table || one.asks(row.cells[one.place]));
  }
  for (const table of tables) {
    for (const body of table.tBodies) body.hidden = ![...body.rows].some(row => !row.hidden && !row.matches(".topic"));
    // A table whose columns leave no row stays, with the fields that say why.
    table.closest(".box").hidden = !named.has(table);
  }
  const some = wanted.length || chosen.length;
  count.textContent = some ? `${every.filter(one => !one.row.hidden).length} of ${every.length} rows` : "";
};
field.addEventListener("input", sift);

const value = (row, place) => {
  const cell = row.cells[place];
  const found = cell.dataset.sort === undefined ? cell.textContent.trim() : cell.dataset.sort;
  const number = Number(found);
  if (found !== "" && !Number.isNaN(number)) return number;
  const [first] = cell.matches(".number") ? amounts(found) : [];
  return first === undefined ? found : first.number;
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
    const only = Object.assign(document.createElement("input"), { type: "search", className: "only" });
    only.placeholder = head.matches(".number") ? "> 10, < 2" : "has";
    only.setAttribute("aria-label", `Show only rows with this in the column ${button.textContent.trim()}`);
    only.addEventListener("input", sift);
    columns.push({ field: only, table, place });
    head.append(button, only);
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
