// The keys of the desk, as desk_keys.html lists them. The desk works without this file.
"use strict";

const rowsOfList = () => [...document.querySelectorAll(".queue li a")];
const keyList = document.getElementById("keys");
const letters = keyList.querySelector("input[type=checkbox]");
const TURNED_OFF = "desk-letters-off";
const TYPED_IN = "input:not([type=checkbox], [type=radio]), textarea, select";

function move(step) {
  const rows = rowsOfList();
  const here = rows.indexOf(document.activeElement);
  const from = here >= 0 ? here : rows.findIndex((row) => row.ariaCurrent);
  rows[Math.min(Math.max(from + step, 0), rows.length - 1)]?.focus();
}

// The first element of the selector, with every part of the page that hides it opened.
function reveal(selector) {
  const found = document.querySelector(selector);
  for (let part = found?.closest("details"); part; part = part.parentElement.closest("details")) part.open = true;
  return found;
}

function carryOut(entry) {
  if (entry.dataset.press) document.querySelector(entry.dataset.press)?.click();
  else reveal(entry.dataset.focus)?.focus();
}

// Presses a button of the answer. The browser goes to the first field that is missing; the outcome is needed to close alone.
function send(form, button) {
  const closes = button.hasAttribute("data-send-close");
  if (closes && form.checkValidity() && !form.elements.outcome.value) reveal("#f-outcome").focus();
  else form.requestSubmit(button);
}

const isFree = (at) => at === document.body || at.id === "case-title";

document.addEventListener("keydown", (event) => {
  const at = document.activeElement;
  if (event.altKey || event.metaKey || keyList.open) return;
  if (event.ctrlKey) {
    const button = event.code === "Enter" && at.form?.querySelector(event.shiftKey ? "[data-send-close]" : "[data-send]");
    if (!button) return;
    event.preventDefault();
    send(at.form, button);
    return;
  }
  if (event.code === "Escape" && at.matches(TYPED_IN)) {
    (document.getElementById("case-title") ?? rowsOfList()[0] ?? at).focus();
    return;
  }
  if (at.matches(TYPED_IN)) return;
  const digit = letters.checked && /^(?:Digit|Numpad)([1-9])$/.exec(event.code);
  const chosen = digit && (at.closest("#alternatives") ?? document.getElementById("suggested"))?.querySelector(`[data-digit="${digit[1]}"]`);
  if (chosen) {
    event.preventDefault();
    chosen.click();
    return;
  }
  if (event.code.startsWith("Arrow")) {
    if (!["ArrowUp", "ArrowDown"].includes(event.code) || !(isFree(at) || rowsOfList().includes(at))) return;
    event.preventDefault();
    move(event.code === "ArrowUp" ? -1 : 1);
    return;
  }
  if (!letters.checked) return;
  const isHelp = event.key === "?" || (event.code === "Slash" && event.shiftKey);
  const entry = !event.shiftKey && keyList.querySelector(`[data-key="${event.code}"]`); // by place: the same on every layout
  if (!isHelp && !entry) return;
  event.preventDefault();
  if (isHelp) keyList.showModal();
  else carryOut(entry);
});

letters.checked = localStorage.getItem(TURNED_OFF) === null;
letters.addEventListener("change", () => (letters.checked ? localStorage.removeItem(TURNED_OFF) : localStorage.setItem(TURNED_OFF, "yes")));
document.querySelector("[data-show-keys]").addEventListener("click", () => keyList.showModal());
document.querySelector(".queue .keys").hidden = false;

// The focus is where the work continues: at the case that was opened, or at the first case that was found.
const next = document.getElementById("case-title") ?? document.querySelector(".listed[data-search] a");
if (document.activeElement === document.body) next?.focus({ preventScroll: true });
