"use strict";
// One button: copies a text. Everything else on these pages works without a script.
{
  const copy = async (button) => {
    const text = document.getElementById(button.dataset.copies);
    text.select();
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(text.value);
    } else {
      document.execCommand("copy"); // plain HTTP from another machine
    }
    document.getElementById(button.dataset.says).textContent = button.dataset.done;
  };

  for (const button of document.querySelectorAll("button[data-copies]")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
}
