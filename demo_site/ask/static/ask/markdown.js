"use strict";
// Renders a growing answer as Markdown, as much of it as the stand-in writes. It builds
// nodes and text: whatever an answer holds, none of it becomes markup.
{
  const answers = new WeakMap(); // by element: the text so far, and where it is shown

  /** Makes nodes of `code`, **strong** and *emphasis*. */
  const inline = (text) => text.split(/(`[^`]+`|\*\*[^*]+\*\*|\*[^*]+\*)/).map((part) => {
    const [, mark, inner] = /^(`|\*\*|\*)(.+)\1$/.exec(part) ?? [];
    return mark ? make({ "`": "code", "**": "strong", "*": "em" }[mark], inner) : part;
  });

  const make = (name, ...children) => {
    const element = document.createElement(name);
    element.append(...children);
    return element;
  };

  /** Makes an element of a heading, a list or a paragraph; the page has its only h1. */
  const block = (text) => {
    const [, marks, title] = /^(#{1,4}) (.*)$/.exec(text) ?? [];
    if (marks) return make(`h${Math.max(2, marks.length)}`, ...inline(title));
    if (!text.startsWith("- ")) return make("p", ...inline(text));
    const items = text.split(/^- /m).slice(1).map((item) => make("li", ...inline(item)));
    return make("ul", ...items);
  };

  const begin = (element) => {
    const shown = element.querySelector(".ask-answer") ?? make("div");
    shown.className = "ask-answer";
    shown.replaceChildren();
    element.querySelector(".task-output-view").append(shown);
    answers.set(element, { rest: "", shown });
  };

  document.addEventListener("ephemeral-tasks:output", (event) => {
    const { start, text } = event.detail;
    if (start === 0 || !answers.has(event.target)) begin(event.target);
    const answer = answers.get(event.target);
    // What stands before the last blank line does not change any more.
    const blocks = (answer.rest + text).split(/\n{2,}/);
    answer.shown.lastChild?.remove();
    answer.shown.append(...blocks.map(block));
    answer.rest = blocks.at(-1);
    event.preventDefault();
  });
}
