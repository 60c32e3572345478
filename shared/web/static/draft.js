// Saves the answer while it is typed. The desk works without this file: its button saves the draft.
"use strict";

const PAUSE = 800; // milliseconds without typing before the draft is saved
const RETRY = 5000; // milliseconds after a failure
const ARRIVING = 700; // milliseconds until a draft that was sent with the last page has arrived
const LEAVING = 2000; // milliseconds that a link waits for the draft
const KEEPALIVE_LIMIT = 60000; // bytes; browsers let no more than 64 kB outlive a page

const draftForm = document.querySelector("form[data-draft]");

function saver(form) {
  const state = form.querySelector("[data-draft-state]");
  let timer = 0;
  let changed = false;
  let stopped = false;
  let saving = null;

  async function send() {
    const body = new URLSearchParams(new FormData(form)).toString();
    const headers = { Accept: "application/json", "Content-Type": "application/x-www-form-urlencoded" };
    try {
      const options = { method: "POST", body, headers, redirect: "error", keepalive: body.length < KEEPALIVE_LIMIT };
      const response = await fetch(form.dataset.draft, options);
      if (response.ok) {
        const saved = await response.json();
        if (saved.draft_version === null) {
          stopped = true;
          state.textContent = form.dataset.conflict;
          return;
        }
        form.elements.expected_draft_version.value = saved.draft_version;
        state.textContent = saved.saved;
        return;
      }
    } catch {
      // No connection, or a session that has ended: it is tried again, as after any other failure.
    }
    changed = true;
    state.textContent = form.dataset.failed;
    clearTimeout(timer);
    timer = setTimeout(save, RETRY);
  }

  async function save() {
    clearTimeout(timer);
    if (saving) await saving;
    if (!changed || stopped) return;
    changed = false;
    saving = send();
    await saving;
    saving = null;
  }

  return {
    note() {
      changed = true;
      clearTimeout(timer);
      timer = setTimeout(save, PAUSE);
    },
    stop() {
      clearTimeout(timer);
      stopped = true;
    },
    save,
    isWaiting: () => !stopped && (changed || saving !== null),
  };
}

if (draftForm) {
  const draft = saver(draftForm);
  draftForm.addEventListener("input", draft.note);
  draftForm.addEventListener("change", draft.note);
  // A form that is sent carries its own text; another form must not lose this one.
  document.addEventListener("submit", (event) => (event.target === draftForm ? draft.stop() : draft.save()));
  // A reload or a closed tab: the request is sent before the page goes, but the next page may be read before it arrives.
  window.addEventListener("beforeunload", () => {
    if (!draft.isWaiting()) return;
    sessionStorage.setItem("draft-on-its-way", draftForm.dataset.draft);
    draft.save();
  });
  if (sessionStorage.getItem("draft-on-its-way") === draftForm.dataset.draft) {
    setTimeout(() => draft.isWaiting() || location.reload(), ARRIVING);
  }
  sessionStorage.removeItem("draft-on-its-way");
  document.addEventListener("visibilitychange", () => document.hidden && draft.save());
  // A link, such as that of another language, is followed when the draft is saved.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    const plain = !event.defaultPrevented && event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey;
    if (!link || !plain || link.target || link.getAttribute("href").startsWith("#") || !draft.isWaiting()) return;
    event.preventDefault();
    const go = () => location.assign(link.href);
    Promise.race([draft.save(), new Promise((done) => setTimeout(done, LEAVING))]).then(go, go);
  });
}
