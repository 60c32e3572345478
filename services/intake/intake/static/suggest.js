// While a question is typed, published answers to it are shown below. Pages work without this file: the preview shows them too.
"use strict";

const offer = document.querySelector("[data-suggestions]");
if (offer) {
  const PAUSE = 800; // milliseconds without a key
  const form = offer.closest("form");
  const text = form.elements.text;
  const shown = form.elements.shown;
  const list = offer.querySelector("[data-list]");
  const pattern = offer.querySelector("template");
  const answered = document.querySelector("[data-answered]");
  let waiting;
  let latest = 0;

  const draw = ({ items, ticket }) => {
    answered.elements.ticket.value ||= ticket ?? ""; // of the first list: a form counts once
    list.replaceChildren(
      ...items.map((item) => {
        const entry = pattern.content.cloneNode(true);
        entry.querySelector("summary").textContent = item.title;
        entry.querySelector("p").textContent = item.body;
        entry.querySelector("button").value = item.article_id;
        return entry;
      }),
    );
    offer.hidden = items.length === 0;
    const before = shown.value.split(" ").filter(Boolean);
    shown.value = [...new Set([...before, ...items.map((item) => item.article_id)])].slice(0, 9).join(" ");
  };

  const ask = async () => {
    latest += 1;
    const mine = latest;
    const body = JSON.stringify({ text: text.value.slice(0, 2000), language: offer.dataset.language, kind: form.elements.kind.value || null });
    const headers = { "Content-Type": "application/json" };
    const answer = text.value.trim() ? await fetch(offer.dataset.url, { method: "POST", headers, body }).catch(() => null) : null;
    if (mine !== latest) return; // something was typed meanwhile
    draw(answer?.ok ? await answer.json() : { items: [] });
  };

  const later = () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, PAUSE);
  };
  text.addEventListener("input", later);
  for (const kind of form.querySelectorAll('[name="kind"]')) kind.addEventListener("change", later);
  answered.addEventListener("submit", () => {
    answered.elements.region.value = form.elements.region.value;
  });
}
