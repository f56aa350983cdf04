// The grid of a catalogue's items: keys, pasted blocks, rows added and moved. Without it every row still works by its own fields.
import htmx from "htmx.org";

const rows = (grid) => [...grid.querySelectorAll("tbody.y-grid-row")];
const cells = (row) =>
  [...row.querySelectorAll("tr:first-child td")]
    .map((td) => td.querySelector("input:not([type=hidden]), select"))
    .filter((input) => input && !/-(ORDER|DELETE)$/.test(input.name));
const told = (input) => input.dispatchEvent(new Event("input", { bubbles: true }));
const isGone = (row) => Boolean(row.querySelector("input[name$='-DELETE']")?.checked);

function total(grid) {
  return grid.closest("form").querySelector(`input[name='${grid.dataset.grid}-TOTAL_FORMS']`);
}

// ORDER says where a row stands; the server sorts by it.
function renumber(grid) {
  rows(grid).forEach((row, index) => {
    const order = row.querySelector("input[name$='-ORDER']");
    if (order) order.value = index + 1;
    row.classList.toggle("y-gone", isGone(row));
  });
}

function addRow(grid) {
  const pattern = document.getElementById("y-grid-new");
  const count = total(grid);
  if (!pattern || !count || rows(grid).length >= Number(grid.dataset.most)) return null;
  const box = document.createElement("template");
  box.innerHTML = `<table>${pattern.innerHTML.replaceAll("__prefix__", count.value)}</table>`;
  const row = box.content.querySelector("tbody");
  count.value = Number(count.value) + 1;
  grid.append(row);
  enhance(row);
  renumber(grid);
  return row;
}

function move(row, by) {
  const grid = row.closest("table");
  const all = rows(grid);
  const to = all.indexOf(row) + by;
  if (to < 0 || to >= all.length) return;
  if (by < 0) all[to].before(row);
  else all[to].after(row);
  renumber(grid);
}

// A pasted text into one cell, as a person would choose it.
function put(input, text) {
  const plain = text.trim();
  if (input.type === "checkbox") {
    input.checked = ["是", "必填", "√", "1", "y", "yes", "true"].includes(plain.toLowerCase());
  } else if (input.tagName === "SELECT") {
    const options = [...input.options];
    const found =
      options.find((o) => o.value === plain || o.text === plain || o.text.replaceAll(" ", "") === plain) ||
      (plain && options.find((o) => o.value && o.text.startsWith(plain)));
    if (found) input.value = found.value;
    input.classList.toggle("y-unread", Boolean(plain) && !found);
  } else {
    input.value = plain.slice(0, input.maxLength > 0 ? input.maxLength : undefined);
  }
  told(input);
}

// Tab-separated text as a spreadsheet copies it: a cell with breaks or quotes is quoted.
function block(text) {
  const found = [[""]];
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const line = found.at(-1);
    const c = text[i];
    if (quoted) {
      if (c === '"' && text[i + 1] === '"') line[line.length - 1] += text[++i];
      else if (c === '"') quoted = false;
      else line[line.length - 1] += c === "\n" || c === "\r" ? " " : c;
    } else if (c === '"' && line.at(-1) === "") quoted = true;
    else if (c === "\t") line.push("");
    else if (c === "\n") found.push([""]);
    else if (c !== "\r") line[line.length - 1] += c;
  }
  return found.filter((line, index) => index < found.length - 1 || line.some(Boolean));
}

function pasteBlock(input, text) {
  const grid = input.closest("table");
  const column = cells(input.closest("tbody")).indexOf(input);
  let at = rows(grid).indexOf(input.closest("tbody"));
  for (const line of block(text)) {
    const row = rows(grid)[at++] || addRow(grid);
    if (!row) break;
    const targets = cells(row);
    line.forEach((value, offset) => targets[column + offset] && put(targets[column + offset], value));
  }
}

// Two rows of one name, and names a spreadsheet would run: seen at once, before the server says so.
function hint(grid) {
  const seen = new Set();
  for (const row of rows(grid)) {
    const name = row.querySelector("input[name$='-name']");
    if (!name) continue;
    const text = name.value.trim().toLowerCase();
    const bad = !isGone(row) && ((text && seen.has(text)) || /^[=+\-@|%＝＋－＠]/.test(text));
    name.classList.toggle("y-hint-bad", Boolean(bad));
    name.title = bad ? "名称与前面的信息项相同，或以公式符号开头" : "";
    if (!isGone(row) && text) seen.add(text);
  }
}

function step(input, down, across) {
  const grid = input.closest("table");
  const all = rows(grid);
  const row = input.closest("tbody");
  const column = cells(row).indexOf(input);
  const target = down ? all[all.indexOf(row) + down] || (down > 0 ? addRow(grid) : null) : row;
  const next = target && cells(target)[column + across];
  if (next) {
    next.focus();
    next.select?.();
  }
  return Boolean(next);
}

function enhance(row) {
  const cell = row.querySelector("td.y-order");
  if (!cell || cell.querySelector("button")) return;
  for (const [by, label, sign] of [[-1, "上移", "↑"], [1, "下移", "↓"]]) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-sm y-move";
    button.dataset.move = by;
    button.title = label;
    button.setAttribute("aria-label", label);
    button.textContent = sign;
    cell.append(button);
  }
}

function start() {
  for (const grid of document.querySelectorAll("table[data-grid]")) {
    grid.classList.add("y-scripted");
    rows(grid).forEach(enhance);
    hint(grid);
  }
}

document.addEventListener("keydown", (event) => {
  const input = event.target;
  const row = input.closest?.("table[data-grid] tbody.y-grid-row");
  if (!row || event.isComposing || !cells(row).includes(input)) return;
  const arrow = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
  const writes = input.tagName === "INPUT" && input.type !== "checkbox";
  let done = false;
  if (event.altKey && arrow && arrow[0]) {
    move(row, arrow[0]);
    input.focus();
    told(input);
    done = true;
  } else if (event.ctrlKey && arrow) done = step(input, ...arrow) || true;
  else if (event.key === "Enter" && input.tagName !== "BUTTON") done = step(input, event.shiftKey ? -1 : 1, 0) || true;
  else if (writes && arrow && arrow[0] && !event.shiftKey) done = step(input, ...arrow) || true;
  if (done) event.preventDefault();
});

document.addEventListener("paste", (event) => {
  const input = event.target;
  const row = input.closest?.("table[data-grid] tbody.y-grid-row");
  const text = event.clipboardData?.getData("text/plain") || "";
  if (!row || !cells(row).includes(input) || !/[\t\n]/.test(text.trimEnd())) return;
  event.preventDefault();
  pasteBlock(input, text);
});

document.addEventListener(
  "click",
  (event) => {
    const mover = event.target.closest("button[data-move]");
    if (mover) {
      const row = mover.closest("tbody");
      move(row, Number(mover.dataset.move));
      mover.focus();
      told(row.querySelector("input[name$='-ORDER']"));
      return;
    }
    const adder = event.target.closest("button[data-add-row]");
    const grid = adder && adder.closest("form").querySelector("table[data-grid]");
    const row = grid && addRow(grid);
    if (row) {
      event.preventDefault();
      event.stopImmediatePropagation(); // htmx would fetch the row
      cells(row)[0].focus();
    }
  },
  true,
);

document.addEventListener("input", (event) => {
  const grid = event.target.closest?.("table[data-grid]");
  if (!grid) return;
  const row = event.target.closest("tbody");
  row.classList.toggle("y-gone", isGone(row));
  hint(grid);
});

// The fields the server's check names are marked; what is typed stays with the person.
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id === "y-check") {
    for (const marked of document.querySelectorAll(".y-wanted")) marked.classList.remove("y-wanted");
    for (const line of event.target.querySelectorAll("[data-to]")) document.getElementById(line.dataset.to)?.classList.add("y-wanted");
  }
  start();
});

// Once the form itself is on its way, nothing more is kept or checked.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.closest?.("#y-editor")?.dataset.sent) event.preventDefault();
});
document.addEventListener("submit", (event) => {
  if (event.target.id === "y-editor") for (const part of event.target.querySelectorAll("[hx-post]")) htmx.trigger(part, "htmx:abort");
});

start();
