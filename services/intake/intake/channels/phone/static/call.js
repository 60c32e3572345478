// The operator's page works without this file; it gives keys to hands that hold a headset, and keeps the figures fresh.
"use strict";

const typing = (target) => target.matches?.("input:not([type=checkbox]):not([type=radio]), textarea, select");

let sent = false;
document.addEventListener("submit", () => { sent = true; });

// By physical position (event.code): Kazakh and Russian layouts put other signs on digits and letters.
document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.repeat || sent) return;
  if (event.code === "Escape") document.activeElement?.blur();
  const code = event.code.replace(/^Numpad(?=\d)/, "Digit");
  if (code.startsWith("Digit") && typing(event.target)) return;
  const meant = document.querySelector(`[data-key="${code}"]`);
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

// What was begun is not thrown away: a new call then waits for a click.
let begun = false;
document.addEventListener("input", () => { begun = true; });
const tiles = document.querySelector("[data-live]");
async function refresh() {
  const answer = await fetch(tiles.dataset.live).catch(() => null);
  if (!answer?.ok) return;
  const now = await answer.json();
  for (const tile of tiles.querySelectorAll("[data-figure]")) tile.textContent = now[tile.dataset.figure];
  if (now.call === tiles.dataset.call) return;
  if (begun) document.querySelector("[data-news]").hidden = false;
  else location.assign("/intake/call");
}
if (tiles) setInterval(refresh, 3000);
