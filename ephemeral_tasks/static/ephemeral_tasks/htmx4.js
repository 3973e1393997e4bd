/* htmx 4 beside htmx 2: our other script knows the events of htmx 2 only. Here events of
   htmx 4 are dispatched again under these names for our elements, and what listeners change
   is applied to the request or the swap. Sockets are our own: the extension's attributes and
   events are others, too, and it opens a socket again whatever the server closed it with. */
(() => {
  "use strict";

  if (!window.htmx?.version?.startsWith("4")) return;

  const TABLE = ".ephemeral-tasks";
  const ROWS = ".ephemeral-tasks-rows";
  const OURS = `.task-form, ${ROWS}, ${ROWS} button`;

  /** Sends an event of htmx 2; false when a listener has prevented what it announces. */
  function send(element, name, detail) {
    const target = element.isConnected ? element : document;
    return target.dispatchEvent(new CustomEvent(name, { bubbles: true, cancelable: true, detail }));
  }

  // -- attributes ---------------------------------------------------------------

  const ROOTS = `${TABLE}, .task-form, .task-output-next`;
  // Nothing of what the page around says is meant for our elements.
  const INHERITED = [
    "hx-boost", "hx-confirm", "hx-disable", "hx-headers", "hx-include", "hx-indicator",
    "hx-push-url", "hx-replace-url", "hx-select", "hx-select-oob", "hx-sync",
  ];

  /** Says in the words of htmx 4 what our elements say. */
  function adopt(root) {
    for (const element of [root, ...root.querySelectorAll(ROOTS)]) {
      if (!element.matches?.(ROOTS)) continue;
      rename(element, "hx-disabled-elt", "hx-disable");
      INHERITED.forEach((name) => pass(element, name));
      rename(element, "ws-connect", "data-socket"); // the extension would open one, too
    }
  }

  /** Says it for what is inside, too, which inherits by another name. */
  function pass(element, name) {
    if (!element.hasAttribute(name)) return;
    if (element.getAttribute(name) === "unset") element.setAttribute(name, ""); // no word of htmx 4
    element.setAttribute(`${name}:inherited`, element.getAttribute(name));
  }

  function rename(element, name, other) {
    if (!element.hasAttribute(name)) return;
    element.setAttribute(other, element.getAttribute(name));
    element.removeAttribute(name);
  }

  document.addEventListener("htmx:before:process", ({ target }) => {
    adopt(target instanceof Element ? target : document.documentElement);
  });
  adopt(document.documentElement);

  // -- requests -----------------------------------------------------------------

  const requests = new WeakMap(); // by htmx's context: what stands for an XMLHttpRequest

  function requestOf(ctx) {
    if (!requests.has(ctx)) {
      requests.set(ctx, {
        get status() { return ctx.response?.status ?? 0; },
        getResponseHeader: (name) => ctx.response?.headers.get(name) ?? null,
      });
    }
    return requests.get(ctx);
  }

  function pathOf(url) {
    const { pathname, search } = new URL(url, document.baseURI);
    return pathname + search;
  }

  function detailOf(ctx) {
    const path = ctx.request.action;
    return {
      elt: ctx.sourceElement,
      pathInfo: {
        finalRequestPath: path,
        requestPath: path,
        responsePath: pathOf(ctx.response?.raw.url || path),
      },
      requestConfig: { elt: ctx.sourceElement },
      xhr: requestOf(ctx),
    };
  }

  document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
    const { body, headers } = ctx.request;
    send(ctx.sourceElement, "htmx:configRequest", {
      ...detailOf(ctx), formData: body, headers, triggeringEvent: ctx.sourceEvent,
    });
  });

  document.addEventListener("htmx:before:request", (event) => {
    const { ctx } = event.detail;
    if (!send(ctx.sourceElement, "htmx:beforeRequest", detailOf(ctx))) event.preventDefault();
    else send(ctx.sourceElement, "htmx:beforeSend", detailOf(ctx));
  });

  document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
    if (ctx.response) send(ctx.sourceElement, "htmx:afterRequest", detailOf(ctx));
  });

  document.addEventListener("htmx:error", ({ detail: { ctx, error } }) => {
    if (!ctx || ctx.response || error?.name === "AbortError") return;
    send(ctx.sourceElement, "htmx:sendError", detailOf(ctx));
    send(ctx.sourceElement, "htmx:afterRequest", detailOf(ctx));
  });

  // htmx 4 reports each aborted request as an error. Nothing is lost: the answer of a poll
  // that is older than what is shown is not swapped in.
  document.addEventListener("htmx:abort", (event) => {
    if (event.target.matches(ROWS)) event.stopImmediatePropagation();
  }, true);

  // -- swaps --------------------------------------------------------------------

  /** Whether a piece of an answer may be swapped in. */
  function isWanted(task) {
    const detail = { target: task.target, shouldSwap: true };
    return send(task.target, "htmx:oobBeforeSwap", detail) && detail.shouldSwap;
  }

  /** A push may have replaced the rows that an answer is for, by others with the same id. */
  function renew(task) {
    if (!(task.target instanceof Element) || task.target.isConnected) return;
    task.target = document.getElementById(task.target.id) ?? task.target;
  }

  document.addEventListener("htmx:before:swap", (event) => {
    const { ctx, tasks } = event.detail;
    if (!ctx.response) return; // a push
    const main = tasks.find((task) => task.type === "main");
    const isOurs = ctx.sourceElement.matches(OURS);
    if (isOurs && main) renew(main);
    const target = main?.target instanceof Element ? main.target : ctx.sourceElement;
    const isError = ctx.response.status >= 400;
    const detail = { ...detailOf(ctx), target, isError, shouldSwap: !isError };
    if (!send(target, "htmx:beforeSwap", detail) || (isOurs && !detail.shouldSwap)) {
      event.preventDefault();
      return;
    }
    tasks.filter((task) => task.type === "oob" && !isWanted(task))
      .forEach((task) => tasks.splice(tasks.indexOf(task), 1));
  });

  document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
    if (ctx.response) send(ctx.sourceElement, "htmx:afterSettle", {});
    connectAll();
  });

  // -- sockets ------------------------------------------------------------------

  const COMES_BACK = [1006, 1011, 1012, 1013]; // codes of a lost connection
  const sockets = new Map(); // by table

  function connectAll() {
    for (const [table, socket] of sockets) {
      if (table.isConnected) continue;
      sockets.delete(table);
      socket.close();
    }
    document.querySelectorAll(`${TABLE}[data-socket]`).forEach((table) => {
      if (!sockets.has(table) && !table.closest("[hx-ignore]")) connect(table, 0);
    });
  }

  function connect(table, tries) {
    const url = new URL(table.dataset.socket, document.baseURI);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = new WebSocket(url);
    let isOpened = false;
    sockets.set(table, socket);
    const reconnect = () => table.isConnected && connect(table, isOpened ? 0 : tries + 1);

    socket.addEventListener("open", () => {
      isOpened = true;
      send(table, "htmx:wsOpen", { socketWrapper: socket });
    });
    socket.addEventListener("message", ({ data }) => show(table, data));
    socket.addEventListener("close", (event) => {
      if (!table.isConnected || sockets.get(table) !== socket) return;
      send(table, "htmx:wsClose", { event, socketWrapper: { reconnect } });
      const pause = 1000 * 2 ** Math.min(tries, 6) * (0.5 + Math.random() / 2);
      if (COMES_BACK.includes(event.code)) setTimeout(reconnect, pause);
    });
  }

  /** Swaps in what was pushed: each piece in the place of the element with its id. */
  async function show(table, text) {
    if (!table.isConnected) {
      connectAll();
      return;
    }
    if (!send(table, "htmx:wsBeforeMessage", { message: text })) return;
    const pushed = document.createElement("template");
    pushed.innerHTML = text;
    for (const piece of pushed.content.children) {
      if (!piece.hasAttribute("hx-swap-oob")) piece.setAttribute("hx-swap-oob", "true");
    }
    await htmx.swap({ sourceElement: table, target: table, swap: "none", text: pushed.innerHTML });
    send(table, "htmx:wsAfterMessage", { message: text });
  }

  document.addEventListener("htmx:after:process", connectAll);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", connectAll);
  else connectAll();
})();
