"use strict";
// A textarea's tools: how long the text is, a preview that the server renders, and a
// warning before unsaved work is left. The toolbar is an element of its own.
{
  const EDITOR = ".markdown-editor";
  const PAUSE = 400; // ms without a key until the preview is asked for
  const known = new WeakSet(); // textareas that have their tools
  const saved = new Map(); // the text that came or was accepted last, by the textarea's id

  const format = (number) => number.toLocaleString(document.documentElement.lang);

  const count = (editor, text) => {
    const shown = editor.querySelector(".markdown-count");
    const warning = editor.querySelector(".markdown-too-long");
    const limit = Number(shown.dataset.limit);
    const length = [...text.value].length; // as the server counts: no halves of characters
    shown.textContent = shown.dataset.says
      .replace("{count}", format(length)).replace("{limit}", format(limit));
    editor.classList.toggle("is-too-long", length > limit);
    const sentence = length > limit ? warning.dataset.says : "";
    if (warning.textContent !== sentence) warning.textContent = sentence; // said once
  };

  const preview = (editor, text) => {
    const details = editor.querySelector(".markdown-preview");
    const view = details.querySelector(".editor-preview");
    const ask = () => details.open && htmx.trigger(view, "preview");
    let timer;
    details.hidden = false;
    editor.querySelector(".markdown-preview-page").hidden = true;
    details.addEventListener("toggle", ask);
    text.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(ask, PAUSE);
    });
  };

  // -- unsaved work ---------------------------------------------------------------

  const texts = () => [...document.querySelectorAll(`${EDITOR} textarea`)];
  const isUnsaved = (text) => text.value.trim() !== "" && text.value !== saved.get(text.id);
  const warn = (event) => event.preventDefault();

  /** Warns only while there is need: a page that warns may not be kept for Back. */
  const guard = () => {
    const change = texts().some(isUnsaved) ? "addEventListener" : "removeEventListener";
    window[change]("beforeunload", warn);
  };

  const save = (form) => {
    texts().filter((text) => text.form === form).forEach((text) => saved.set(text.id, text.value));
    guard();
  };

  document.addEventListener("input", guard);
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.xhr.status === 202) save(event.detail.requestConfig.elt);
  });
  // A form that htmx does not send; one that is sent to another tab stays here.
  window.addEventListener("submit", (event) => {
    if (!event.defaultPrevented && !event.submitter?.formTarget) save(event.target);
  });

  // -- each textarea --------------------------------------------------------------

  const enhance = () => {
    for (const text of texts()) {
      if (known.has(text)) continue;
      const editor = text.closest(EDITOR);
      known.add(text);
      // A form that was refused comes back with the text that is not saved yet.
      if (!saved.has(text.id)) saved.set(text.id, text.defaultValue);
      text.addEventListener("input", () => count(editor, text));
      count(editor, text);
      preview(editor, text);
    }
    guard();
  };

  document.addEventListener("htmx:load", enhance);
  enhance();
}
