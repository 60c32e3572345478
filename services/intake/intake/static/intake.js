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
      kept.action = kept.getAttribute("action") + new URL(link.href).search;
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

// What is typed outlives a reload, in this tab alone, and is forgotten once it is filed. What the address fills in comes before it.
const DRAFT = "aryz-draft";
const drafted = document.querySelector("form[data-draft]");
if (drafted) {
  history.replaceState(null, "", location.href); // going back here asks for the form again, and sends nothing twice
  const named = [...drafted.elements].filter((each) => each.name && each.name !== "step" && each.type !== "file");
  const asked = new URLSearchParams(location.search);
  const kept = drafted.dataset.draft === "restore" ? JSON.parse(sessionStorage.getItem(DRAFT) ?? "{}") : {};
  for (const each of named) {
    const value = kept[each.name];
    if (value === undefined || asked.has(each.name.split(".")[0])) continue;
    if (each.type === "radio" || each.type === "checkbox") each.checked = value === each.value;
    else each.value = value;
  }
  for (const part of drafted.querySelectorAll("details")) {
    if ([...part.querySelectorAll("input")].some((each) => each.value && each.type !== "checkbox")) part.open = true;
  }
  const keep = () => {
    const now = {};
    for (const each of named) {
      if (each.type !== "radio" && each.type !== "checkbox") now[each.name] = each.value;
      else if (each.checked) now[each.name] = each.value;
      else now[each.name] ??= "";
    }
    sessionStorage.setItem(DRAFT, JSON.stringify(now));
  };
  drafted.addEventListener("input", keep);
  if (drafted.dataset.draft === "keep") keep();
  region?.dispatchEvent(new Event("change"));
}
if (document.querySelector("[data-filed]")) sessionStorage.removeItem(DRAFT);
