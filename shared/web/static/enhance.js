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

// Files that the server would refuse are named before anything is sent: an upload of minutes is not made in vain.
for (const field of document.querySelectorAll("[data-limits]")) {
  const input = field.querySelector("input[type=file]");
  const message = field.querySelector("[data-exceeded]");
  const limits = JSON.parse(field.dataset.limits);
  const exceeded = () => {
    const sizes = [...input.files].map((file) => file.size);
    if (sizes.length > limits.files) return limits.files_exceeded;
    if (sizes.some((size) => size > limits.each)) return limits.each_exceeded;
    return sizes.reduce((sum, size) => sum + size, 0) > limits.together ? limits.together_exceeded : "";
  };
  const check = () => {
    message.textContent = exceeded();
    message.hidden = !message.textContent;
    field.classList.toggle("wrong", !message.hidden);
    return message.hidden;
  };
  input.addEventListener("change", check);
  // On the form, before the listeners of the document: for them a form that stays is not on its way.
  input.form.addEventListener("submit", (event) => {
    const takesNone = event.submitter?.getAttribute("formenctype") === "application/x-www-form-urlencoded";
    if (takesNone || check()) return;
    event.preventDefault();
    event.stopPropagation();
    message.focus();
  });
}
