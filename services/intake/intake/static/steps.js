// On a phone the form is shown one screen at a time. Wider, or without this file, it is one page.
"use strict";

const stepped = document.querySelector("form[data-steps]");
if (stepped) {
  const SCREEN = "aryz-screen"; // where the reader was, for another language of the same form
  const phone = matchMedia("(max-width: 40rem)");
  const main = document.getElementById("main");
  const progress = stepped.querySelector("[data-progress]");
  const turn = stepped.querySelector("[data-turn]");
  const back = turn.querySelector("[data-back]");
  const next = turn.querySelector("[data-next]");
  const blocks = [...stepped.querySelectorAll("[data-screen]")];
  const missing = JSON.parse(stepped.dataset.missing);
  const last = Math.max(...blocks.map((block) => Number(block.dataset.screen)));
  const screenOf = (element) => Number(element?.closest("[data-screen]")?.dataset.screen ?? 1);
  let now = 1;

  const show = (screen, { focus = true } = {}) => {
    now = Math.min(Math.max(screen, 1), last);
    const whole = !phone.matches;
    for (const block of blocks) block.hidden = !whole && Number(block.dataset.screen) !== now;
    for (const part of stepped.querySelectorAll(".part:not([data-screen])")) part.hidden = !hasShown(part);
    progress.hidden = turn.hidden = whole;
    back.hidden = now === 1;
    next.hidden = now === last;
    progress.querySelector("[data-now]").textContent = now;
    progress.querySelector("[data-all]").textContent = last;
    Object.assign(progress.querySelector("progress"), { max: last, value: now });
    if (whole) delete main.dataset.screenNow;
    else main.dataset.screenNow = now;
    sessionStorage.setItem(SCREEN, now);
    if (focus && !whole) progress.focus({ preventScroll: true });
    if (focus && !whole) scrollTo(0, 0);
  };
  const hasShown = (part) => [...part.querySelectorAll("[data-screen]")].some((block) => !block.hidden);

  // What has to be given is asked for on its own screen, in the language of the page.
  const complain = () => {
    for (const [name, text] of Object.entries(missing)) {
      const field = stepped.elements[name];
      if (screenOf(field) !== now) continue;
      field.setCustomValidity(field.value.trim() ? "" : text);
      if (!field.reportValidity()) return true;
    }
    return false;
  };
  stepped.addEventListener("input", () => {
    for (const name of Object.keys(missing)) stepped.elements[name].setCustomValidity("");
  });

  next.addEventListener("click", () => {
    if (complain()) return;
    history.pushState({ screen: now + 1 }, "");
    show(now + 1);
  });
  back.addEventListener("click", () => {
    if (history.state?.screen === now) history.back();
    else show(now - 1);
  });
  addEventListener("popstate", (event) => phone.matches && show(event.state?.screen ?? 1));
  phone.addEventListener("change", () => show(now, { focus: false }));
  stepped.addEventListener("submit", () => sessionStorage.removeItem(SCREEN)); // a change of language is sent without this event
  for (const link of document.querySelectorAll("#error-summary a")) {
    link.addEventListener("click", () => show(screenOf(document.querySelector(link.getAttribute("href"))), { focus: false }));
  }

  const wrong = stepped.querySelector(".field.wrong");
  const kept = stepped.dataset.draft === "keep" ? Number(sessionStorage.getItem(SCREEN)) : 0;
  show(wrong ? screenOf(wrong) : history.state?.screen || kept || 1, { focus: false });
}
