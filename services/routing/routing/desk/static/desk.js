// Keyboard shortcuts and small helpers. The desk works without this file.
"use strict";

const queue = document.querySelector(".queue");
const rows = [...queue.querySelectorAll("li a")];

function move(step) {
  const here = rows.indexOf(document.activeElement);
  const from = here >= 0 ? here : rows.findIndex((row) => row.ariaCurrent);
  rows[Math.min(Math.max(from + step, 0), rows.length - 1)]?.focus();
}

function open(id) {
  const form = document.getElementById(id);
  if (!form) return;
  form.closest("details")?.setAttribute("open", "");
  form.querySelector("select, textarea, input:not([type=hidden])")?.focus();
}

// By physical position, so that the keys are the same on Kazakh, Russian and English layouts.
const KEYS = { ArrowDown: () => move(1), ArrowUp: () => move(-1), KeyA: () => open("answer"), KeyE: () => open("escalate"), KeyN: () => open("note") };

// Only while the list or nothing has the focus: a letter typed elsewhere is never a command.
document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || !(event.code in KEYS)) return;
  const at = document.activeElement;
  if (!rows.includes(at) && !(at === document.body && event.code.startsWith("Arrow"))) return;
  event.preventDefault();
  KEYS[event.code]();
});
queue.querySelector(".keys")?.removeAttribute("hidden");

// The checklist of the answer is updated while the clerk types.
const gate = document.querySelector("form[data-gate]");
function tick() {
  for (const item of gate.querySelectorAll("[data-needs]")) {
    const fields = [...gate.elements].filter((field) => new RegExp(item.dataset.needs).test(field.name));
    item.classList.toggle("done", fields.length > 0 && fields.every((field) => field.value.trim()));
  }
}
gate?.addEventListener("input", tick);
if (gate) tick();

// A kind has a category or a topic; the other field is hidden.
const classify = document.getElementById("classify");
function choose() {
  const takes = classify.elements.kind.selectedOptions[0]?.value;
  const topical = classify.dataset.topical.split(" ").includes(takes);
  classify.elements.category.closest(".field").hidden = topical;
  classify.elements.topic.closest(".field").hidden = !topical;
}
classify?.addEventListener("change", choose);
if (classify) choose();

// A ready answer is appended to the text.
for (const button of document.querySelectorAll("[data-insert]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const field = document.getElementById(button.dataset.insert);
    const ready = button.parentElement.querySelector(".said").textContent;
    field.value = [field.value.trim(), ready].filter(Boolean).join("\n\n");
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  });
}
