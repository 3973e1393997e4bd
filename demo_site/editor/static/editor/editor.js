"use strict";
// The pages work without this script. It shows the languages of a result as tabs, scrolls
// two texts together, copies, and shows a translation while it is being written.

// -- copy -----------------------------------------------------------------------
{
  const copy = async (button) => {
    const text = document.getElementById(button.dataset.copies);
    text.select();
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(text.value);
    } else {
      document.execCommand("copy"); // no clipboard API on plain HTTP
    }
    document.getElementById(button.dataset.says).textContent = button.dataset.done;
  };

  for (const button of document.querySelectorAll("button[data-copies]")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
}

// -- tabs: https://www.w3.org/WAI/ARIA/apg/patterns/tabs/ -------------------------
for (const list of document.querySelectorAll(".editor-tabs")) {
  const tabs = [...list.querySelectorAll("a")];
  const panelOf = (tab) => document.getElementById(tab.hash.slice(1));

  const select = (chosen) => {
    for (const tab of tabs) {
      tab.setAttribute("aria-selected", tab === chosen);
      tab.tabIndex = tab === chosen ? 0 : -1;
      panelOf(tab).hidden = tab !== chosen;
    }
    panelOf(chosen).dispatchEvent(new CustomEvent("editor:shown", { bubbles: true }));
  };

  const move = (event) => {
    const isRightToLeft = getComputedStyle(list).direction === "rtl";
    const forward = isRightToLeft ? "ArrowLeft" : "ArrowRight";
    const back = isRightToLeft ? "ArrowRight" : "ArrowLeft";
    const at = tabs.indexOf(event.target);
    const to = { [forward]: at + 1, [back]: at - 1, Home: 0, End: -1 }[event.key];
    if (to === undefined) return;
    const next = tabs.at(to % tabs.length);
    event.preventDefault();
    next.focus();
    select(next);
  };

  list.setAttribute("role", "tablist");
  list.setAttribute("aria-label", list.dataset.label);
  list.addEventListener("keydown", move);
  for (const tab of tabs) {
    tab.id = `tab-${tab.hash.slice(1)}`;
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", tab.hash.slice(1));
    tab.parentElement.setAttribute("role", "presentation");
    tab.addEventListener("click", (event) => {
      event.preventDefault();
      select(tab);
    });
    const panel = panelOf(tab);
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", tab.id);
  }
  select(tabs.find((tab) => tab.hash === location.hash) ?? tabs[0]);
}

// -- two texts that scroll together ------------------------------------------------
{
  const moved = new WeakSet(); // elements whose next scroll event is our own doing
  const lengthOf = (element) => element.scrollHeight - element.clientHeight;

  const follow = (leader) => {
    const share = lengthOf(leader) > 0 ? leader.scrollTop / lengthOf(leader) : 0;
    const group = document.querySelectorAll(`[data-scrolls="${leader.dataset.scrolls}"]`);
    for (const other of group) {
      const before = other.scrollTop;
      if (other !== leader) other.scrollTop = Math.round(share * lengthOf(other));
      if (other.scrollTop !== before) moved.add(other);
    }
  };

  const texts = document.querySelectorAll("[data-scrolls]");
  for (const text of texts) {
    text.addEventListener("scroll", () => moved.delete(text) || follow(text));
  }
  // A language that was hidden catches up with the original.
  document.addEventListener("editor:shown", () => {
    document.querySelectorAll(".editor-original [data-scrolls]").forEach(follow);
  });
}

// -- languages: no text is translated into its own ----------------------------------
{
  const match = () => {
    for (const source of document.querySelectorAll("select[name=source]")) {
      for (const target of source.form.querySelectorAll("input[name=target]")) {
        target.disabled = target.value === source.value; // and hidden, by the stylesheet
        if (target.disabled) target.checked = false;
      }
    }
  };
  document.addEventListener("change", (event) => event.target.name === "source" && match());
  document.addEventListener("htmx:load", match);
}

// -- a translation while it is being written ---------------------------------------
document.addEventListener("ephemeral-tasks:changed", (event) => {
  const place = document.getElementById("editor-growing");
  const { id, status } = event.detail;
  if (!place || status !== "RUNNING") return;
  const url = place.dataset.url.replace("ID", id);
  htmx.ajax("GET", url, { target: place, swap: "innerHTML" });
});

// -- engines: a hidden page does not ask for their state ----------------------------
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.id === "editor-engine" && document.hidden) event.preventDefault();
});
