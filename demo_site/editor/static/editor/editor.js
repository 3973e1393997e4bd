"use strict";
// Makes the copy button work. Nothing else on these pages needs this script.
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
