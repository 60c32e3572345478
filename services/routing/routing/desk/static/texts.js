// Inserts ready texts and searches articles without loading the page again. Without this file the buttons post the form.
"use strict";

const MOST_LETTERS = 20000; // of an answer

// Where somebody has worked in a field, its cursor is meant; else texts are added at the end.
const placed = new WeakSet();
for (const type of ["pointerup", "input", "keydown"]) {
  document.addEventListener(type, (event) => { if (event.code !== "Escape") placed.add(event.target); }, true);
}

function insert(button) {
  const field = document.getElementById(button.dataset.insert);
  const text = button.closest(".term").querySelector(".said").textContent;
  field.focus();
  if (!placed.has(field)) field.setSelectionRange(field.value.length, field.value.length);
  const before = field.value.slice(0, field.selectionStart);
  const after = field.value.slice(field.selectionEnd);
  const gapBefore = before.trim() ? "\n\n".slice(/\n{0,2}$/.exec(before)[0].length) : "";
  const gapAfter = after.trim() ? "\n\n".slice(/^\n{0,2}/.exec(after)[0].length) : "";
  const inserted = (gapBefore + text + gapAfter).slice(0, Math.max(0, MOST_LETTERS - before.length - after.length));
  // As if it were typed, so that Ctrl Z takes it back.
  if (!document.execCommand("insertText", false, inserted)) {
    field.setRangeText(inserted, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  placed.add(field);
  const { sources } = field.form.elements;
  if (button.name === "insert_article") sources.value = [...new Set([...sources.value.split(" ").filter(Boolean), button.value])].join(" ");
}

async function search(place) {
  const query = place.querySelector("input[type=search]").value;
  const body = new URLSearchParams({ article_query: query });
  const response = await fetch(place.dataset.articles, { method: "POST", body, headers: { Accept: "application/json" }, redirect: "error" });
  if (!response.ok) throw new Error(String(response.status));
  const { items } = await response.json();
  const found = items.map((item) => {
    const entry = place.querySelector("[data-found-one]").content.cloneNode(true);
    entry.querySelector("b").textContent = item.title;
    entry.querySelector(".said").textContent = item.text;
    for (const text of entry.querySelectorAll("p")) text.lang = item.language;
    entry.querySelector("button").value = item.source;
    return entry;
  });
  const none = place.querySelector("[data-found-none]").content.cloneNode(true);
  place.querySelector("[data-found]").replaceChildren(...(found.length ? found : [none]));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.dataset.insert) {
    event.preventDefault();
    insert(button);
  } else if (button?.name === "find") {
    event.preventDefault();
    search(document.querySelector("[data-articles]")).catch(() => button.form.requestSubmit(button));
  }
});

// Enter in the search field searches; it never sends the answer.
document.querySelector("[data-articles] input")?.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  event.target.closest("[data-articles]").querySelector("button[name=find]").click();
});
