// The list that renews itself, and small helpers. The desk works without this file.
"use strict";

const queue = document.querySelector(".queue");
const listed = () => [...queue.querySelectorAll("li a")];

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

// The ticked rows: counted, ticked together, and never sent by Enter in a checkbox.
const bulk = document.getElementById("bulk");
const ticks = () => [...(bulk?.elements ?? [])].filter((field) => field.type === "checkbox");

function countTicks() {
  if (!bulk) return;
  const place = bulk.querySelector("[data-chosen]");
  const count = ticks().filter((tick) => tick.checked).length;
  const text = count ? place.dataset.chosen.replace("%(n)s", count) : "";
  if (place.textContent !== text) place.textContent = text;
  if (count) bulk.closest("details").open = true;
}

if (bulk) {
  queue.addEventListener("change", countTicks);
  queue.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.form === bulk && event.target.type === "checkbox") event.preventDefault();
  });
  bulk.querySelector("[data-select-all]").addEventListener("click", (event) => {
    event.preventDefault();
    const wanted = ticks().some((tick) => !tick.checked);
    for (const tick of ticks()) tick.checked = wanted;
    countTicks();
  });
  countTicks();
}

// The counts and the rows are renewed while the page is visible. A list that is being read does not move.
const REFRESH_SECONDS = 20;
const LEAST_SECONDS = 15; // also when the page comes back into view
const list = queue.querySelector("[data-refresh]");
let tag = "";
let waiting = null;
let asked = -Infinity;

const isBeingRead = () => list.contains(document.activeElement) || list.matches(":hover");

function firstShown() {
  const top = Math.max(0, queue.getBoundingClientRect().top);
  return listed().find((row) => row.getBoundingClientRect().bottom > top);
}

function replaceRows(fresh) {
  const mark = firstShown();
  const before = mark?.getBoundingClientRect().top;
  // A ticked row stays ticked in the version that was ticked: what changed meanwhile is refused and explained, not overwritten.
  const kept = ticks().filter((tick) => tick.checked).map((tick) => [tick.name, tick.value]);
  list.replaceChildren(...fresh.childNodes);
  for (const [name, value] of kept) {
    const tick = ticks().find((each) => each.name === name);
    if (tick) Object.assign(tick, { checked: true, value });
  }
  countTicks();
  const again = mark && listed().find((row) => row.getAttribute("href") === mark.getAttribute("href"));
  if (!again) return;
  const scroller = queue.scrollHeight > queue.clientHeight ? queue : document.scrollingElement;
  if (scroller.scrollTop > 0) scroller.scrollTop += again.getBoundingClientRect().top - before;
}

function settle() {
  if (!waiting || isBeingRead()) return;
  replaceRows(waiting);
  waiting = null;
}

async function refresh() {
  if (document.hidden || performance.now() - asked < LEAST_SECONDS * 1000) return;
  asked = performance.now();
  const answer = await fetch(list.dataset.refresh, { headers: tag ? { "If-None-Match": tag } : {} });
  if (answer.status !== 200) return;
  tag = answer.headers.get("ETag") ?? "";
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  queue.querySelector(".tabs").replaceChildren(...fresh.querySelector(".tabs").childNodes);
  waiting = fresh.querySelector(".listed");
  settle();
}

if (list) {
  const turn = () => refresh().catch(() => {}); // a lost connection: the next turn asks again
  setInterval(turn, REFRESH_SECONDS * 1000);
  document.addEventListener("visibilitychange", turn);
  list.addEventListener("pointerleave", settle);
  list.addEventListener("focusout", () => setTimeout(settle));
}
