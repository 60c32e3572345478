// New figures take the place of the old ones where they stand, so that nothing moves. Without this file the page shows those of its time.
"use strict";

const parts = () => document.querySelectorAll("[data-live]");
const served = new Map([...parts()].map((part) => [part.dataset.live, part.innerHTML]));
const seconds = Number(document.querySelector("[data-every]")?.dataset.every ?? 0);

const reachable = (part) => [...part.querySelectorAll("a, summary, [tabindex]")];

function replace(part, fresh) {
  const open = [...part.querySelectorAll("details")].map((details) => details.open);
  const focused = reachable(part).indexOf(document.activeElement);
  part.replaceChildren(...fresh.childNodes);
  part.querySelectorAll("details").forEach((details, index) => (details.open = open[index] ?? details.open));
  if (focused >= 0) reachable(part)[focused]?.focus({ preventScroll: true });
}

async function refresh() {
  if (document.hidden) return;
  const response = await fetch(location.href, { headers: { accept: "text/html" } }).catch(() => null);
  if (!response?.ok) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const part of parts()) {
    const fresh = page.querySelector(`[data-live="${part.dataset.live}"]`);
    if (!fresh || served.get(part.dataset.live) === fresh.innerHTML) continue;
    served.set(part.dataset.live, fresh.innerHTML);
    replace(part, fresh);
  }
}

if (seconds) setInterval(refresh, seconds * 1000);
