/* Keeps the tables of a page quiet, current and usable by keyboard. No inline code and no
   eval, so that a Content-Security-Policy of script-src 'self' is enough. */
(() => {
  "use strict";

  const SAFETY_POLL = 15000; // ms: one poll in this time while the socket is open
  const TABLE = ".ephemeral-tasks";
  const ROWS = ".ephemeral-tasks-rows";
  const FORM = ".task-form";
  const BUTTON = ROWS + " button";
  const ASKING = `${ROWS}, ${BUTTON}`;
  const MARK = "Ephemeral-Tasks"; // a header that only our own fragments carry
  const STOPS = [401, 403, 404];
  const REGION = ".ephemeral-tasks-live, .task-form-status";
  const AWAY = [0, 502, 503, 504]; // no server behind the proxy, or no connection at all

  /** What the page knows of each table, by its id, which outlives the element. */
  const states = new Map();

  function stateOf(table) {
    if (!states.has(table.id)) {
      states.set(table.id, {
        element: table,
        isOpen: false, // its socket
        isRefreshing: false,
        isRotated: false, // its session, since something was pushed
        isStopped: false, // after an answer that says that polling is of no use
        polledAt: -Infinity,
        process: processOf(table), // the server process that rendered the rows
        pushedAt: -Infinity,
        shownAt: -Infinity, // pushed, polled or answered
        tries: 0, // to open the socket again, since something was pushed
        said: sayings(table),
      });
    }
    const state = states.get(table.id);
    if (state.element !== table) {
      // Another page of a boosted site, or the table's first owner: a socket of its own.
      Object.assign(state, { element: table, isOpen: false, isStopped: false });
    }
    return state;
  }

  function tables() {
    return [...document.querySelectorAll(TABLE)];
  }

  function tableOf(element) {
    return element instanceof Element ? element.closest(TABLE) : null;
  }

  /** Whether htmx asks for the form, the rows or a row's button. */
  function isOurs(element) {
    return element.matches(`${FORM}, ${ROWS}, ${BUTTON}`);
  }

  // Under style-src 'self' htmx may not insert its indicator rules as an inline style. A
  // constructed sheet may hold them; our own stylesheet has them already.
  if (window.htmx && htmx.config.includeIndicatorStyles) {
    htmx.config.includeIndicatorStyles = false;
    if (!document.querySelector("link[data-ephemeral-tasks]")) {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(`:where(.htmx-indicator) { opacity: 0; visibility: hidden }
        :where(.htmx-request .htmx-indicator, .htmx-request.htmx-indicator) {
          opacity: 1; transition: opacity 200ms ease-in; visibility: visible }`);
      document.adoptedStyleSheets.push(sheet);
    }
  }

  // -- polling ------------------------------------------------------------------

  /** A badge is refreshed when a table of the page knows another number. */
  function isServed(table) {
    return table.matches(".is-count") && tables().some(isFollowed);
  }

  /** Whether a table's rows get news: by a socket, or until the polling ends itself. */
  function isFollowed(table) {
    if (table.matches(".is-count")) return false;
    const state = stateOf(table);
    return state.isOpen || (!state.isStopped && table.querySelector(`${ROWS}[hx-get]`) !== null);
  }

  function mayPoll(table) {
    const state = stateOf(table);
    const now = Date.now(); // which goes on while the computer sleeps
    if (document.hidden || state.isStopped || isServed(table)) return false;
    // An action's answer is on its way; a poll's may be older than it.
    if (table.querySelector("button.htmx-request")) return false;
    if (state.isOpen && Math.abs(now - state.polledAt) < SAFETY_POLL) return false;
    state.polledAt = now;
    return true;
  }

  function refresh(table) {
    const rows = table.querySelector(ROWS);
    if (!rows || !window.htmx) return;
    const state = stateOf(table);
    state.isStopped = false;
    state.isRefreshing = true;
    const asked = htmx.ajax("GET", table.dataset.url, { source: rows, target: rows, swap: "outerHTML" });
    state.isRefreshing = false;
    Promise.resolve(asked).catch(() => {}); // the next one may do
  }

  function refreshAll() {
    if (!document.hidden) tables().forEach(refresh);
  }

  let resumedAt = -Infinity;

  /** One refresh, also where several events say that the visitor is back. */
  function resume() {
    const now = performance.now();
    if (document.hidden || now - resumedAt < 1000) return;
    resumedAt = now;
    refreshAll();
  }

  document.addEventListener("htmx:beforeRequest", (event) => {
    const element = event.detail.elt;
    const table = tableOf(element);
    if (!table) return;
    if (element.matches(ROWS)) {
      if (!stateOf(table).isRefreshing && !mayPoll(table)) event.preventDefault();
    } else if (element.matches(BUTTON)) {
      htmx.trigger(element.closest(ROWS), "htmx:abort");
    }
  });

  // Another tab, a frozen tab, a connection that is back, the browser's back button.
  document.addEventListener("visibilitychange", resume);
  document.addEventListener("resume", resume);
  window.addEventListener("online", resume);
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) resume();
  });
  // For a page whose own script has started something; all tables, or this one.
  document.addEventListener("ephemeral-tasks:refresh", (event) => {
    const table = tableOf(event.target);
    if (table) refresh(table);
    else refreshAll();
  });

  // -- pages that come without a load --------------------------------------------

  const known = new WeakSet(); // tables that htmx has processed

  /** Turbo replaces the page without htmx, and both restore pages that are out of date. */
  function adopt() {
    if (!window.htmx) return;
    document.querySelectorAll(FORM).forEach((form) => htmx.process(form));
    tables().filter((table) => !known.has(table)).forEach((table) => {
      known.add(table);
      htmx.process(table);
      refresh(table);
    });
    hideRefreshLinks();
  }
  ["turbo:load", "turbo:frame-load", "htmx:historyRestore"].forEach((name) => {
    document.addEventListener(name, adopt);
  });

  // -- the socket ---------------------------------------------------------------

  document.addEventListener("htmx:wsOpen", (event) => {
    const table = tableOf(event.target);
    if (!table) return;
    const socket = event.detail.socketWrapper;
    Object.assign(stateOf(table), { isOpen: true, polledAt: Date.now(), socket });
    emit("opened");
  });

  // htmx connects again by itself after the codes of a lost connection, and never after
  // ours. 4409: a login has rotated the session; the browser may get the new cookie a
  // moment later, and until then the answer is 4401. So is the one to a session that was
  // rotated unnoticed. 4500: the server had an error.
  const OWNER_ENDED = 4401;
  const SESSION_ROTATED = 4409;
  const FAILED = 4500;
  const COOKIE_PAUSES = [0, 500, 1500, 4000]; // ms

  /** The pause in ms until the socket is opened again; none where its end is final. */
  function pauseAfter(code, state) {
    if (code === SESSION_ROTATED || (code === OWNER_ENDED && state.pushedAt > 0)) {
      return COOKIE_PAUSES[state.tries++];
    }
    if (code === FAILED) {
      return Math.min(3000 * 2 ** state.tries++, 60000) * (0.5 + Math.random() / 2);
    }
    return undefined;
  }

  document.addEventListener("htmx:wsClose", (event) => {
    const table = tableOf(event.target);
    if (!table) return;
    const { event: closing, socketWrapper } = event.detail;
    const state = stateOf(table);
    state.isOpen = false;
    if (closing.code < 4400) {
      emit("closed");
      return;
    }
    if (closing.code === SESSION_ROTATED) state.isRotated = true;
    const pause = pauseAfter(closing.code, state);
    if (pause !== undefined) {
      setTimeout(() => document.contains(table) && socketWrapper.reconnect(), pause);
    }
    // The owner may be gone, and the rows with it. But with the old cookie there are
    // none either, and Django's answer to a request with it deletes the cookie that the
    // login has just set: after a rotation the next socket brings all.
    if (state.isRotated && pause !== undefined) return;
    emit("closed");
    refresh(table);
  });

  // -- messages in JSON ---------------------------------------------------------

  // For output.js, which sends and gets them by events and knows nothing of htmx.

  function emit(name, detail) {
    document.dispatchEvent(new CustomEvent(`ephemeral-tasks:${name}`, { detail }));
  }

  document.addEventListener("ephemeral-tasks:send", (event) => {
    const open = tables().map(stateOf).find((state) => state.isOpen);
    if (!open) return;
    open.socket.send(JSON.stringify(event.detail));
    event.preventDefault();
  });

  // While it is captured: the listeners below take each message for new rows.
  document.addEventListener("htmx:wsBeforeMessage", (event) => {
    const { message } = event.detail;
    if (!tableOf(event.target) || !message.startsWith("{")) return;
    event.preventDefault();
    event.stopPropagation();
    emit("message", JSON.parse(message));
  }, true);

  // -- which rows are newer -----------------------------------------------------

  // What was pushed while an answer was on its way is newer than it, and whatever comes
  // after that will be pushed, too. A poll's answer is older than anything shown since.

  const sentAt = new WeakMap(); // by request
  let answering = null; // the request whose answer is swapped in; none while a push is

  function isOutdated(rows, xhr, isPoll) {
    const state = stateOf(tableOf(rows));
    if (sentAt.get(xhr) < (isPoll ? state.shownAt : state.pushedAt)) return true;
    state.shownAt = performance.now();
    return false;
  }

  document.addEventListener("htmx:beforeRequest", (event) => {
    sentAt.set(event.detail.xhr, performance.now());
  });

  document.addEventListener("htmx:wsBeforeMessage", (event) => {
    const table = tableOf(event.target);
    const now = performance.now();
    // An operation that is tried again has another id: the push would say that it is gone,
    // and take away the button that the answer is for. No other push may be left out: it
    // may be newer than the answer, and comes once.
    if (table?.matches(".is-single") && table.querySelector("button.is-retry.htmx-request")) {
      event.preventDefault();
      return;
    }
    answering = null;
    recover(PUSHED);
    if (table) Object.assign(stateOf(table), { isRotated: false, pushedAt: now, shownAt: now, tries: 0 });
  });

  // Others may replace the rows while an action or a poll is on its way. Old rows show no
  // answer, take along the fields that outlive a swap (hx-preserve), and their events
  // reach nobody: the table stands in for its rows meanwhile.

  document.addEventListener("htmx:beforeRequest", (event) => {
    const { elt, target } = event.detail;
    if (elt.matches(ASKING) && target?.matches(ROWS)) event.detail.target = tableOf(elt);
  });

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { requestConfig, target, xhr } = event.detail;
    // An answer that names its place brings the whole table, of another operation.
    const isRows = xhr.getResponseHeader("HX-Retarget") === null;
    if (isRows && requestConfig.elt.matches(ASKING) && target.matches(TABLE)) {
      event.detail.target = target.querySelector(ROWS);
    }
  });

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { requestConfig, target, xhr } = event.detail;
    const isFragment = xhr.getResponseHeader(MARK) !== null;
    answering = xhr;
    if (isFragment) recover(ANSWERED);
    if (isOurs(requestConfig.elt) && !isFragment) {
      event.detail.shouldSwap = false;
      explainAnswer(event.detail);
    } else if (target.matches(ROWS) && tableOf(target) && isOutdated(target, xhr, requestConfig.elt.matches(ROWS))) {
      event.detail.shouldSwap = false;
    }
  });

  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target } = event.detail;
    if (answering && target.matches(ROWS) && tableOf(target) && isOutdated(target, answering, false)) {
      event.detail.shouldSwap = false;
    }
  });

  // -- forms --------------------------------------------------------------------

  // What the page around adds to every request, by hx-vals say, is no input of ours.
  document.addEventListener("htmx:configRequest", (event) => {
    const { elt, formData, triggeringEvent } = event.detail;
    if (!isOurs(elt)) return;
    const form = elt.matches(FORM) ? elt : elt.form; // the rows have none
    // A row's button may be a choice, and brings its value.
    const button = elt.matches(BUTTON) ? elt : triggeringEvent?.submitter;
    const own = form ? new FormData(form, button) : new FormData();
    new Set(formData.keys()).forEach((name) => formData.delete(name));
    own.forEach((value, name) => formData.append(name, value));
  });

  document.addEventListener("htmx:configRequest", (event) => {
    if (!event.detail.elt.matches(FORM)) return;
    event.detail.headers["Ephemeral-Tasks-Tables"] = tables()
      .map((table) => table.id + (table.hasAttribute("data-has-owner") ? ";live" : ";empty"))
      .join(", ");
  });

  // What we refuse comes with what to show, and says so by this header.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, requestConfig } = event.detail;
    if (!isOurs(requestConfig.elt) || !xhr.getResponseHeader(MARK)) return;
    if (xhr.status >= 400 && xhr.getResponseHeader("HX-Reswap")) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.detail.requestConfig.elt;
    if (!form.matches(FORM) || event.detail.xhr.status !== 202) return;
    form.querySelectorAll(".errorlist").forEach((list) => list.remove());
    form.querySelectorAll("[aria-invalid]").forEach((field) => field.removeAttribute("aria-invalid"));
  });

  // While a request is on its way, its form or button is busy and says nothing old.
  document.addEventListener("htmx:beforeSend", (event) => {
    const element = event.detail.elt;
    if (!element.matches(`${FORM}, ${BUTTON}`)) return;
    element.setAttribute("aria-busy", "true");
    quiet(regionOf(element));
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    const element = event.detail.requestConfig.elt;
    if (isOurs(element)) element.removeAttribute("aria-busy");
  });

  // The second click of a double click, and a key that is held down, are not meant.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[type=submit]");
    if (event.detail > 1 && button && (button.closest(FORM) || tableOf(button))) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  }, true);
  document.addEventListener("keydown", (event) => {
    const isField = event.target.matches("input, button[type=submit]");
    if (event.repeat && event.key === "Enter" && isField && event.target.closest(FORM)) {
      event.preventDefault();
    }
  });

  // Enter in a field of a row answers the row's question.
  document.addEventListener("keydown", (event) => {
    const question = event.target.closest?.(".operation-question");
    if (event.key !== "Enter" || !question || !event.target.matches("input")) return;
    event.preventDefault();
    if (!event.repeat) question.querySelector("button").click();
  });

  // -- what went wrong ----------------------------------------------------------

  // A login page, a proxy's page, another view's: whatever its status, it is none of our
  // fragments and is shown in no place of ours. One sentence says what is the matter.

  function explainAnswer({ pathInfo, requestConfig, xhr }) {
    const isElsewhere = pathInfo.responsePath !== pathOf(pathInfo.finalRequestPath);
    explain(requestConfig.elt, xhr.status, isElsewhere);
  }

  function pathOf(url) {
    const { pathname, search } = new URL(url, document.baseURI);
    return pathname + search;
  }

  function explain(element, status, isElsewhere) {
    const table = tableOf(element);
    const isPoll = element.matches(ROWS);
    const isEnded = status === 401 || isElsewhere;
    if (table && isPoll && (isEnded || STOPS.includes(status))) stateOf(table).isStopped = true;
    const region = regionOf(element);
    if (!region) return; // a badge has none, and what was replaced meanwhile
    if (isEnded) say(region, "ended");
    else if (AWAY.includes(status)) say(region, isPoll ? "still-away" : "away");
    else if (status < 400 || status >= 500) say(region, isPoll ? "still-broken" : "broken");
    else say(region, "refused");
  }

  async function explainSilence(event) {
    const { pathInfo, requestConfig } = event.detail;
    if (!isOurs(requestConfig.elt)) return;
    explain(requestConfig.elt, 0, await isSentAway(pathInfo.requestPath));
  }

  /** A login on another host looks like a lost connection: scripts may not follow there. */
  async function isSentAway(url) {
    try {
      return (await fetch(url, { redirect: "manual" })).type === "opaqueredirect";
    } catch {
      return false;
    }
  }

  document.addEventListener("htmx:sendError", explainSilence);
  document.addEventListener("htmx:timeout", explainSilence);

  // What is over with a push, and with an answer; what a click led to stays until the next.
  const PUSHED = ["still-away", "still-broken"];
  const ANSWERED = [...PUSHED, "away", "ended"];

  function recover(sentences) {
    document.querySelectorAll(REGION).forEach((region) => {
      if (sentences.includes(region.dataset.sentence)) quiet(region);
    });
  }

  // -- what is said aloud -------------------------------------------------------

  function regionOf(element) {
    return element.closest(`${TABLE}, ${FORM}`)?.querySelector(REGION);
  }

  function quiet(region) {
    region?.replaceChildren();
    delete region?.dataset.sentence;
  }

  /** Says one of the sentences that the page has ready, once. */
  function say(region, name) {
    const ready = region.closest(`${TABLE}, ${FORM}`).querySelector(`template[data-sentence="${name}"]`);
    if (!ready || region.dataset.sentence === name) return;
    const error = document.createElement("span");
    error.className = "ephemeral-tasks-error";
    error.append(ready.content.cloneNode(true));
    region.replaceChildren(error);
    region.dataset.sentence = name;
  }

  /** The sentence of each row, which changes with its state and with nothing else. */
  function sayings(table) {
    return new Map(
      [...table.querySelectorAll("[data-announcement]")].map((row) => [row.id, row.dataset.announcement])
    );
  }

  function processOf(table) {
    return table.querySelector(ROWS)?.dataset.process;
  }

  const said = new Map(); // what was said last of each row, by its id, in whichever table

  /** Whether no other table of the page has said it; a page may show a row twice. */
  function isNews(id, text) {
    if (said.get(id) === text) return false;
    said.set(id, text);
    if (said.size > 100) said.delete(said.keys().next().value);
    return true;
  }

  function announce(table) {
    if (table.querySelector(`${ROWS}[data-unreachable]`)) return; // it says nothing of rows
    const state = stateOf(table);
    const now = sayings(table);
    const process = processOf(table);
    const news = [...now].filter(([id, text]) => state.said.get(id) !== text && isNews(id, text));
    const isAnyGone = [...state.said.keys()].some((id) => !now.has(id));
    const isRestarted = state.process !== process;
    Object.assign(state, { process, said: now });
    notify(table, news);
    const region = regionOf(table);
    if (!region) return;
    // Operations live in the process: what it showed is gone with it.
    if (isRestarted && isAnyGone) say(region, "restarted");
    else if (news.length) {
      quiet(region);
      region.textContent = news.map(([, text]) => text).reverse().join(". ");
    }
  }

  /** Events for a page's own script: on each row that is new or in another state. */
  function notify(table, news) {
    for (const [id] of news) {
      const row = table.querySelector(`[id="${id}"]`); // another table's may be older
      const detail = { id: id.replace("operation-", ""), status: row.dataset.status };
      row.dispatchEvent(new CustomEvent("ephemeral-tasks:changed", { bubbles: true, detail }));
      if ("finished" in row.dataset) {
        row.dispatchEvent(new CustomEvent("ephemeral-tasks:finished", { bubbles: true, detail }));
      }
    }
    table.dispatchEvent(new Event("ephemeral-tasks:shown", { bubbles: true }));
  }

  // -- focus --------------------------------------------------------------------

  let focused = null; // ids of the focused control, its row and its table, while swapping

  function rememberFocus() {
    const control = document.activeElement;
    if (control === document.body) return; // an earlier piece of the same answer took it
    const table = tableOf(control);
    const row = table && control.closest("tr");
    focused = table && control.id ? { id: control.id, row: row && row.id, table: table.id } : null;
  }

  /** The control's like has the focus; or its row's first one, or the table. */
  function restoreFocus() {
    const lost = document.activeElement === document.body ? focused : null;
    focused = null;
    if (!lost) return;
    const row = lost.row && document.getElementById(lost.row);
    const table = document.getElementById(lost.table);
    const next = document.getElementById(lost.id)
      || (row && row.querySelector("a, button"))
      || (table && table.querySelector("table"));
    if (!next) return;
    if (next.matches("table")) next.tabIndex = -1;
    next.focus({ preventScroll: true });
  }

  ["htmx:wsBeforeMessage", "htmx:beforeSwap", "htmx:oobBeforeSwap"].forEach((name) => {
    document.addEventListener(name, rememberFocus);
  });

  document.addEventListener("htmx:wsAfterMessage", (event) => {
    const table = tableOf(event.target);
    if (table) announce(table);
    restoreFocus();
  });

  document.addEventListener("htmx:afterSettle", () => {
    hideRefreshLinks();
    tables().forEach(announce);
    restoreFocus();
  });

  /** They are for pages that this script cannot keep current. */
  function hideRefreshLinks() {
    if (!window.htmx) return;
    document.querySelectorAll(".ephemeral-tasks-refresh").forEach((link) => {
      link.hidden = !link.closest(htmx.version.startsWith("4") ? "[hx-ignore]" : "[hx-disable], [data-hx-disable]");
    });
  }

  function start() {
    hideRefreshLinks();
    tables().forEach((table) => known.add(stateOf(table).element));
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
