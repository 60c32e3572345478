// Pages work without this file; it only spares a visitor some typing.
"use strict";

// Names of the region's organisations as suggestions. The whole list comes at once: what is typed stays in the page.
const provider = document.querySelector("[data-providers]");
const region = document.getElementById("f-region");
if (provider && region) {
  const list = document.createElement("datalist");
  list.id = "known-providers";
  provider.after(list);
  provider.setAttribute("list", list.id);
  const suggest = async () => {
    list.replaceChildren();
    if (!region.value) return;
    const answer = await fetch(`${provider.dataset.providers}?region=${encodeURIComponent(region.value)}`).catch(() => null);
    if (!answer?.ok) return;
    const { items } = await answer.json();
    const language = document.documentElement.lang === "kk" ? "kk" : "ru";
    list.replaceChildren(...items.map((item) => new Option(item[language])));
  };
  region.addEventListener("change", suggest);
  suggest();
}

// Another language keeps what the page holds: its form is sent to the same page in that language.
const kept = document.querySelector("form[data-keep]");
if (kept) {
  for (const link of document.querySelectorAll(".lang a")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      kept.action = link.getAttribute("href");
      kept.noValidate = true;
      const step = document.createElement("input");
      Object.assign(step, { type: "hidden", name: "step", value: kept.dataset.keep });
      kept.append(step);
      kept.submit();
    });
  }
}

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
