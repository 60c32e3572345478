// Inserts ready texts and searches articles without loading the page again. Without this file the buttons post the form.
"use strict";

const MOST_LETTERS = 20000; // of an answer

function append(button) {
  const field = document.getElementById(button.dataset.insert);
  field.value = [field.value.trim(), button.value].filter(Boolean).join("\n\n").slice(0, MOST_LETTERS);
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
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
    entry.querySelector("button").value = item.text;
    return entry;
  });
  const none = place.querySelector("[data-found-none]").content.cloneNode(true);
  place.querySelector("[data-found]").replaceChildren(...(found.length ? found : [none]));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.dataset.insert) {
    event.preventDefault();
    append(button);
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
