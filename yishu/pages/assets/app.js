// All behaviour a page may have beyond HTML. Every page reads and works without it.
import htmx from "htmx.org";
import "./grid.js";

window.htmx = htmx;
htmx.config.includeIndicatorStyles = false; // the CSP allows no inline style
htmx.config.allowEval = false;
htmx.config.allowScriptTags = false;
htmx.config.selfRequestsOnly = true;
htmx.config.historyCacheSize = 0; // pages may show personal data: none is left in the browser's storage

// A page that changes on its own (a load's progress) says so in a polite live region through its own markup.

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  navigator.clipboard?.writeText(source.innerText.trimEnd()).then(() => {
    const label = button.querySelector("[data-copy-label]");
    const before = label.textContent;
    label.textContent = "已复制";
    setTimeout(() => (label.textContent = before), 2000);
  });
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
  for (const menu of document.querySelectorAll("details.y-menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    for (const menu of document.querySelectorAll("details.y-menu[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  }
  if (event.key === "/" && !event.target.closest("input, textarea, select, [contenteditable]")) {
    const box = document.getElementById("y-search");
    if (box) {
      event.preventDefault();
      box.focus();
    }
  }
});

// Filters that submit on change, where the form asks for it; its button stays for those without scripts.
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-submit-on-change]");
  if (form) form.requestSubmit();
});

// A form with a file or a long action is sent once.
document.addEventListener("submit", (event) => {
  if (event.target.dataset.sent) return event.preventDefault();
  if (event.target.method === "post" && !event.target.hasAttribute("hx-post")) event.target.dataset.sent = "1";
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// The summary of errors takes the focus, so that a screen reader starts there.
document.querySelector(".y-problems[tabindex]")?.focus();
