// Says who else has the case open, and renews this page's own presence while it is visible. Without this file the page says who it was.
"use strict";

const presence = document.querySelector("[data-presence]");
const WRITING_SECONDS = 60; // after the last letter

if (presence) {
  let typed = -Infinity;
  let text = presence.textContent.trim();
  const isWriting = () => performance.now() - typed < WRITING_SECONDS * 1000;

  const beat = async () => {
    if (document.hidden) return;
    const body = new URLSearchParams({ writing: isWriting() ? "yes" : "no" });
    const response = await fetch(presence.dataset.presence, { method: "POST", body, headers: { Accept: "application/json" }, redirect: "error" });
    if (!response.ok) return;
    const { lines } = await response.json();
    if (lines.join("\n") === text) return; // an unchanged live region stays silent
    text = lines.join("\n");
    presence.replaceChildren(...lines.map((line) => Object.assign(document.createElement("p"), { textContent: line })));
  };
  const turn = () => beat().catch(() => {}); // a lost connection: the next turn tells

  document.querySelector("form[data-draft]")?.addEventListener("input", () => {
    const begins = !isWriting();
    typed = performance.now();
    if (begins) turn();
  });
  setInterval(turn, Number(presence.dataset.seconds) * 1000);
  document.addEventListener("visibilitychange", turn);
}
