/* What a page does with the news of its tables, beside showing them: its title, the page
   that comes next, a result in place, the badge. It listens to the events that a page's
   own script may listen to, too. */
(() => {
  "use strict";

  const ROWS = ".ephemeral-tasks-rows";
  const SINGLE = ".ephemeral-tasks.is-single";
  const COUNT = ".ephemeral-tasks.is-count";

  // -- the title ----------------------------------------------------------------

  let title = null; // the page's own, while another one stands in its place

  /** Says something in the title of a page that nobody looks at, until somebody does. */
  function sayInTitle(text) {
    if (!document.hidden) return;
    title ??= document.title;
    document.title = `${text} – ${title}`;
  }

  function restoreTitle() {
    if (document.hidden || title === null) return;
    document.title = title;
    title = null;
  }

  document.addEventListener("ephemeral-tasks:finished", (event) => {
    sayInTitle(event.target.dataset.announcement);
  });
  document.addEventListener("ephemeral-tasks:changed", (event) => {
    if (event.target.querySelector(".operation-question")) sayInTitle(event.target.dataset.announcement);
  });
  document.addEventListener("visibilitychange", restoreTitle);

  // -- one operation by itself --------------------------------------------------

  const followed = new Set(); // addresses: a download leaves the page where it is

  /** Goes to the page that comes next. Not by a step of the history: back would return. */
  function follow() {
    const link = document.querySelector("[data-ephemeral-then]");
    if (!link || followed.has(link.href)) return;
    followed.add(link.href);
    location.replace(link.href);
  }

  function showResults() {
    if (!window.htmx) return;
    document.querySelectorAll(`${SINGLE}[data-result]`).forEach((table) => {
      if (!table.querySelector('[data-status="SUCCESSFUL"]') || "isShown" in table.dataset) return;
      table.dataset.isShown = "";
      const place = table.querySelector(".ephemeral-tasks-result");
      Promise.resolve(htmx.ajax("GET", table.dataset.result, { source: place, target: place, swap: "innerHTML" }))
        .catch(() => {});
    });
  }

  // -- the badge ----------------------------------------------------------------

  let known; // the number that the page's first table has

  /** Fetches the badge when the table has come to know another number than it shows. */
  function refreshCounts() {
    const number = document.querySelector(`.ephemeral-tasks:not(.is-count) ${ROWS}`)?.dataset.unfinished;
    // Once: a table may be older than the badge, and must not ask for ever.
    if (number === undefined || number === known) return;
    known = number;
    document.querySelectorAll(COUNT).forEach((count) => {
      if (count.querySelector(ROWS)?.dataset.unfinished !== number) {
        count.dispatchEvent(new Event("ephemeral-tasks:refresh", { bubbles: true }));
      }
    });
  }

  function look() {
    follow();
    showResults();
    refreshCounts();
  }

  document.addEventListener("ephemeral-tasks:shown", look);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", look);
  else look();
})();
