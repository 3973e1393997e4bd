/* Visits links without a load, as Turbo does: the body is replaced and an event is sent. */
document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-visit]");
  if (!link) return;
  event.preventDefault();
  const html = await (await fetch(link.href)).text();
  document.body.replaceWith(new DOMParser().parseFromString(html, "text/html").body);
  document.dispatchEvent(new Event("turbo:load"));
});

/* htmx's extension of this name, as far as it changes what is sent. */
if (window.htmx?.defineExtension) {
  htmx.defineExtension("json-enc", {
    encodeParameters(xhr, parameters) {
      xhr.setRequestHeader("Content-Type", "application/json");
      return JSON.stringify(Object.fromEntries(parameters));
    },
  });
}
