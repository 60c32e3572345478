// Counts down until an answer is sent. The desk works without this file: the time is on the page.
"use strict";

for (const form of document.querySelectorAll("form[data-waiting]")) {
  const ends = performance.now() + 1000 * Number(form.dataset.waiting);
  const left = form.querySelector("[data-countdown]");
  const tick = () => {
    const seconds = Math.ceil((ends - performance.now()) / 1000);
    if (seconds > 0) {
      left.textContent = String(seconds);
      return;
    }
    clearInterval(timer);
    form.querySelector("button").remove();
    form.querySelector("span").textContent = form.dataset.done;
  };
  const timer = setInterval(tick, 1000);
  tick();
}
