/* Shows an operation's output while it grows: over the socket of a table on the page, else
   by requests that wait for more. Only pages with {% task_output %} load this file. */
(() => {
  "use strict";

  if (customElements.get("task-output")) return; // a page that was swapped in has it, too

  const LIVE = 250; // ms between two requests that wait for more
  const SAFETY = 15000; // ms between two requests while a socket brings the pieces
  const LONGEST = 30000; // ms between two tries while the server is away
  const WAIT = 10; // seconds for which a request waits
  const EARLY = 50; // ms by which a timer may be early, at most
  const NEAR = 8; // px from its end at which a reader follows it
  const NODE = 65536; // characters in one text node: appending copies it
  const NEVER = 2 ** 31 - 1; // ms, the longest that a timer knows

  /** Whether a table's socket has taken the message; ephemeral_tasks.js knows them. */
  function send(message) {
    const event = new CustomEvent("ephemeral-tasks:send", { cancelable: true, detail: message });
    return !document.dispatchEvent(event);
  }

  /** Whether a login is asked for; on another host, too, where no script may follow. */
  function isEnded(response) {
    return response.type === "opaqueredirect" || [401, 403].includes(response.status);
  }

  class TaskOutput extends HTMLElement {
    connectedCallback() {
      this.view = this.querySelector(".task-output-view");
      this.pre = this.querySelector(".task-output-text");
      this.note = this.querySelector(".task-output-note");
      if (!this.view) return; // the operation is gone
      this.querySelector(".task-output-refresh").hidden = true;
      this.leaving = new AbortController();
      this.listen(this.leaving.signal);
      this.isOver = false;
      this.isAway = false; // the last request was not answered
      this.pause = LIVE;
      this.adopt();
      this.isWatching = this.watch();
      this.follow(this.leaving.signal);
    }

    disconnectedCallback() {
      this.leaving?.abort();
      this.request?.abort();
      this.wake?.();
      if (this.isWatching) send({ type: "unwatch", id: this.dataset.operation });
    }

    listen(signal) {
      const on = (target, name, listener) => target.addEventListener(name, listener, { signal });
      on(this.view, "scroll", () => this.look());
      on(document, "ephemeral-tasks:message", (event) => this.receive(event.detail));
      on(document, "ephemeral-tasks:opened", () => this.change());
      on(document, "ephemeral-tasks:closed", () => this.change());
      on(document, "visibilitychange", () => this.refresh());
      on(window, "pageshow", (event) => event.persisted && this.refresh());
    }

    /** Takes the text that came with the page, where the page has all of it exactly. */
    adopt() {
      const { attempt, start, end, isFinished } = this.dataset;
      const text = this.pre.textContent;
      this.isFollowing = isFinished === undefined;
      this.followedTo = 0; // px
      this.attempt = Number(attempt || 0);
      this.end = Number(end === undefined ? 0 : start);
      this.pre.replaceChildren();
      // What is shown from now on is no longer what these say. A copy of this element, as
      // Turbo makes, begins at the beginning.
      delete this.dataset.end;
      if (text && end !== undefined) this.show(this.end, Number(end), text);
    }

    // -- where pieces come from ---------------------------------------------------

    place() {
      return { start: this.end, attempt: this.attempt };
    }

    watch() {
      return !this.isOver && send({ type: "watch", id: this.dataset.operation, ...this.place() });
    }

    /** A socket was opened or closed: the pieces come another way from now on. */
    change() {
      this.isWatching = this.watch();
      if (this.isWatching) this.request?.abort();
      else this.refresh();
    }

    /** Asks at once; a page that nobody sees does not ask. */
    refresh() {
      this.askedAt = -Infinity;
      if (document.hidden) this.request?.abort();
      else this.wake?.();
    }

    async follow(signal) {
      this.askedAt = performance.now(); // a socket that is being opened may bring more
      while (!this.isOver && !signal.aborted) {
        await this.sleep(this.isWatching ? SAFETY : this.pause);
        if (this.isDue()) await this.ask();
      }
    }

    isDue() {
      const pause = this.isWatching ? SAFETY : this.pause;
      return !this.isOver && !document.hidden && performance.now() - this.askedAt > pause - EARLY;
    }

    sleep(pause) {
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, pause);
        this.wake = () => { clearTimeout(timer); resolve(); };
      });
    }

    async ask() {
      this.askedAt = performance.now();
      this.request = new AbortController();
      const { signal } = this.request;
      const headers = { Accept: "application/json" };
      // After a lost connection the first answer comes at once, and the sentence goes.
      if (!this.isWatching && !this.isAway) headers.Prefer = `wait=${WAIT}`;
      try {
        const url = `${this.dataset.url}?${new URLSearchParams(this.place())}`;
        const response = await fetch(url, { cache: "no-store", headers, redirect: "manual", signal });
        if (response.ok) this.accept(response, await response.json());
        else if (response.status === 404) this.stop("gone");
        else if (isEnded(response)) this.retry("ended", NEVER);
        else this.retry();
      } catch {
        if (!signal.aborted) this.retry();
      }
    }

    accept(response, piece) {
      const isWaiting = response.headers.has("Preference-Applied");
      this.pause = isWaiting || this.isAway || piece.text ? LIVE : Number(this.dataset.poll);
      this.isAway = false;
      this.say("");
      this.take(piece);
    }

    retry(word = "away", pause = Math.min(2 * Math.max(this.pause, 500), LONGEST)) {
      this.pause = pause;
      this.isAway = true;
      this.say(word);
    }

    receive(message) {
      if (message.id !== this.dataset.operation || this.isOver) return;
      if (message.type === "error") this.stop("gone");
      else if (message.type === "output" && !this.take(message)) this.isWatching = this.watch();
    }

    // -- what is done with them ---------------------------------------------------

    /** Shows a piece; false for a piece that is not the next. */
    take({ attempt, start, end, text, status, is_finished: isFinished }) {
      if (this.isOver) return true;
      const isNewAttempt = attempt !== this.attempt;
      if (isNewAttempt ? attempt < this.attempt || start !== 0 : start !== this.end) return false;
      this.attempt = attempt;
      if (isNewAttempt || text) this.show(start, end, text);
      if (isFinished && !text) this.stop(status.toLowerCase());
      return true;
    }

    show(start, end, text) {
      const detail = { id: this.dataset.operation, text, start, end };
      this.look(); // a scroll of this instant has not been reported yet
      if (start === 0) this.pre.replaceChildren();
      this.end = end;
      const event = new CustomEvent("ephemeral-tasks:output", { bubbles: true, cancelable: true, detail });
      if (this.dispatchEvent(event)) this.append(text);
      if (!this.isFollowing) return;
      this.view.scrollTop = this.view.scrollHeight;
      this.followedTo = this.view.scrollTop;
    }

    append(text) {
      const last = this.pre.lastChild;
      if (last && last.length < NODE) last.appendData(text);
      else this.pre.append(text);
    }

    /** Follows a reader who is at the end, or who has not scrolled up from there. */
    look() {
      const { clientHeight, scrollHeight, scrollTop } = this.view;
      const isNear = scrollHeight - scrollTop - clientHeight <= NEAR;
      this.isFollowing = isNear || (this.isFollowing && scrollTop >= this.followedTo);
    }

    // -- what is said of it -------------------------------------------------------

    stop(word) {
      this.isOver = true;
      this.wake?.();
      const row = document.getElementById(`operation-${this.dataset.operation}`);
      // A table announces the end of its row itself.
      if (row?.closest(".ephemeral-tasks")) this.note.removeAttribute("role");
      this.say(word);
    }

    say(word) {
      const sentence = this.note.dataset[word] ?? "";
      if (this.note.textContent !== sentence) this.note.textContent = sentence;
    }
  }

  customElements.define("task-output", TaskOutput);
})();
