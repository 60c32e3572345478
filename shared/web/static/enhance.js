// Pages work without this file; it only spares a visitor a second click.
"use strict";

// A form that is on its way is not sent twice. The button stays enabled until the data is collected, so its name and value go along.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  event.submitter?.setAttribute("aria-busy", "true");
});

// Coming back with the browser's button finds the form ready again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  for (const button of document.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
});

// What was entered wrongly is read out and reached first.
document.getElementById("error-summary")?.focus();

// A filter applies as soon as it is chosen; its button is for those without scripts.
for (const form of document.querySelectorAll("form[data-auto]")) {
  form.addEventListener("change", () => form.requestSubmit());
}

// A file input names its button and its state in the browser's language: ours speaks that of the page.
for (const field of document.querySelectorAll("[data-picker]")) {
  const input = field.querySelector("input[type=file]");
  const picker = field.querySelector(".picker");
  const state = picker.querySelector("[data-picked]");
  const nothing = state.textContent;
  const show = () => (state.textContent = [...input.files].map((file) => file.name).join(", ") || nothing);
  picker.querySelector("button").addEventListener("click", () => input.click());
  input.addEventListener("change", show);
  input.hidden = true;
  picker.hidden = false;
  show();
}
