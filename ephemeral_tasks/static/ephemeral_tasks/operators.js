/* Refreshes the operators' page: not while it is hidden, and never under a control that has
   the focus. No inline code and no eval: script-src 'self' is enough. */
(() => {
  "use strict";

  const LIVE = "#operators-live";
  const CONTROL = "a, button, input, select, summary, textarea, [tabindex]";
  const MARK = "Ephemeral-Tasks"; // a header that only our own fragments carry

  let isStopped = false;
  let wasHeld = false; // a refresh was left out

  function live() {
    return document.querySelector(LIVE);
  }

  /** Whether a control that a swap would take away has the focus. */
  function isHeld() {
    const focused = document.activeElement;
    return Boolean(focused && focused.closest(LIVE) && focused.matches(CONTROL));
  }

  function note(name) {
    const place = document.querySelector(".operators-note");
    const ready = document.querySelector(`template[data-note="${name}"]`);
    const text = ready ? ready.content.textContent : "";
    if (place && place.textContent !== text) place.textContent = text;
  }

  function stop() {
    isStopped = true;
    note("ended");
  }

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (!event.detail.elt.matches(LIVE)) return;
    wasHeld = isHeld();
    if (isStopped || wasHeld || document.hidden) event.preventDefault();
    if (wasHeld && !isStopped) note("held");
  });

  // A login page that the server leads to is no fragment of ours. The focus may have come
  // into the page while the answer was on its way.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { shouldSwap, target, xhr } = event.detail;
    if (!target.matches(LIVE)) return;
    const isOurs = xhr.getResponseHeader(MARK) !== null;
    wasHeld = isHeld();
    event.detail.shouldSwap = shouldSwap && isOurs && !wasHeld;
    if ([401, 403, 404].includes(xhr.status) || (xhr.status === 200 && !isOurs)) stop();
    else if (xhr.status >= 500) note("away");
    else if (wasHeld) note("held");
    else note("");
    if (event.detail.shouldSwap) keep();
  });

  document.addEventListener("htmx:sendError", () => note("away"));

  // -- what a swap would undo ---------------------------------------------------

  let open = [];
  let scrolled = [];

  function keep() {
    open = [...live().querySelectorAll("details[open]")].map((one) => one.id);
    scrolled = [...live().querySelectorAll(".operators-scroll")]
      .filter((one) => one.scrollLeft)
      .map((one) => [one.id, one.scrollLeft]);
  }

  document.addEventListener("htmx:afterSwap", () => {
    open.forEach((id) => document.getElementById(id)?.setAttribute("open", ""));
    scrolled.forEach(([id, left]) => {
      const one = document.getElementById(id);
      if (one) one.scrollLeft = left;
    });
  });

  // -- coming back --------------------------------------------------------------

  function refresh() {
    const element = live();
    if (!document.hidden && element && window.htmx) htmx.trigger(element, "operators:refresh");
  }

  document.addEventListener("visibilitychange", refresh);
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) refresh();
  });
  document.addEventListener("focusout", () => {
    // After the focus has arrived where it goes.
    if (wasHeld) setTimeout(refresh);
  });
})();
