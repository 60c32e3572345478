// The operator's page works without this file; it gives keys to hands that hold a headset, and keeps the figures fresh.
"use strict";

const typing = (target) => target.matches?.("input:not([type=checkbox]):not([type=radio]), textarea, select");

const isShown = (part) => !part.parentElement.closest("details:not([open])");

let sent = false;
document.addEventListener("submit", (event) => { sent ||= !event.target.matches("[data-articles]"); });

// By physical position (event.code): Kazakh and Russian layouts put other signs on digits and letters.
document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.repeat || sent) return;
  if (event.code === "Escape") document.activeElement?.blur();
  const code = event.code.replace(/^Numpad(?=\d)/, "Digit");
  if (/^(Digit|Key)/.test(code) && typing(event.target)) return;
  const meant = [...document.querySelectorAll(`[data-key="${code}"]`)].find(isShown);
  if (!meant) return;
  event.preventDefault();
  if (meant.matches("button")) return meant.click();
  if (meant.matches("details")) meant.open = !meant.open;
  meant.scrollIntoView({ block: "nearest" });
  (meant.querySelector("summary, select, input:not([type=hidden]), textarea, button") ?? meant).focus();
});

// The kind chosen says which of the fields that only some kinds have are asked for.
const form = document.querySelector("form[data-subjects]");
if (form) {
  const subjects = JSON.parse(form.dataset.subjects);
  const choose = () => {
    const wanted = subjects[form.elements.service.value]?.split(" ");
    for (const name of new Set(Object.values(subjects).join(" ").split(" "))) {
      const field = form.elements[name]?.closest(".field");
      if (field) field.hidden = wanted !== undefined && !wanted.includes(name);
    }
  };
  form.addEventListener("change", choose);
  choose();
}

// Ready answers are searched while the operator types; without this file the form opens them in a new tab.
const articles = document.querySelector("form[data-articles]");
if (articles) {
  const found = document.querySelector("[data-found]");
  const text = document.getElementById("f-text");
  let asked = 0;
  const search = async () => {
    const mine = ++asked;
    if (!articles.elements.query.value.trim()) return found.replaceChildren();
    const language = document.getElementById("f-quick-language")?.value || articles.elements.language.value;
    const body = new URLSearchParams({ query: articles.elements.query.value, language, part: "yes" });
    const answer = await fetch(articles.action, { method: "POST", body }).catch(() => null);
    const shown = answer?.ok ? await answer.text() : "";
    if (mine !== asked) return; // more was typed meanwhile
    if (!answer?.ok) return (found.textContent = articles.dataset.away);
    found.innerHTML = shown;
    for (const article of found.querySelectorAll("[data-article]")) {
      const button = Object.assign(document.createElement("button"), { type: "button", className: "btn plain slim", textContent: articles.dataset.copy });
      button.addEventListener("click", () => {
        text.value = [text.value.trim(), article.querySelector("[data-answer]").textContent].filter(Boolean).join("\n\n");
        text.dispatchEvent(new Event("input", { bubbles: true }));
        text.focus();
      });
      article.append(button);
    }
  };
  let waiting;
  articles.elements.query.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(search, 250);
  });
  articles.addEventListener("submit", (event) => {
    event.preventDefault();
    search();
  });
}

// A consultation that is closed by now cannot be taken back any more.
for (const held of document.querySelectorAll("[data-held]")) setTimeout(() => held.remove(), 1000 * held.dataset.held);

// What was begun is not thrown away: a new call then waits for a click.
let begun = false;
document.addEventListener("input", () => { begun = true; });
const tiles = document.querySelector("[data-live]");
async function refresh() {
  const answer = await fetch(tiles.dataset.live).catch(() => null);
  if (!answer?.ok) return;
  const now = await answer.json();
  for (const tile of tiles.querySelectorAll("[data-figure]")) tile.textContent = now[tile.dataset.figure];
  const isCalled = now.call !== tiles.dataset.call;
  if (!isCalled && now.incidents === tiles.dataset.incidents) return;
  if (begun) document.querySelector(isCalled ? "[data-news]" : "[data-announced]").hidden = false;
  else location.assign("/intake/call");
}
if (tiles) setInterval(refresh, 3000);
