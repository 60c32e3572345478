// While the caller's question is written down, published answers to it appear beside the call. Without this file a button shows them.
"use strict";

const offeredPart = document.querySelector("[data-offered]");
if (offeredPart) {
  const PAUSE = 400; // milliseconds without a key
  const list = offeredPart.querySelector("[data-list]");
  const { text, service, shown } = document.getElementById("new").elements;
  const spoken = document.getElementById("f-quick-language");
  let waiting;
  let latest = 0;

  const draw = (cards) => {
    list.innerHTML = cards;
    const found = [...list.querySelectorAll("[data-article]")].map((article) => article.dataset.article);
    offeredPart.hidden = found.length === 0;
    shown.value = [...new Set([...shown.value.split(" ").filter(Boolean), ...found])].slice(0, 9).join(" ");
  };

  const ask = async () => {
    latest += 1;
    const mine = latest;
    const body = new URLSearchParams({ text: text.value.slice(0, 2000), service: service.value, "quick.language": spoken.value });
    const answer = text.value.trim() ? await fetch(offeredPart.dataset.offered, { method: "POST", body }).catch(() => null) : null;
    const cards = answer?.ok ? await answer.text() : "";
    if (mine === latest) draw(cards); // else something was typed meanwhile
  };

  const later = () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, PAUSE);
  };
  text.addEventListener("input", later);
  service.addEventListener("change", later);
  spoken.addEventListener("change", later);
  for (const button of document.querySelectorAll("[data-unscripted]")) button.hidden = true;
}
