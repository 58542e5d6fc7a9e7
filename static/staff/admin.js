/* Names the record room's search fields for screen readers: select2 points at its own, empty text instead of the label. */
"use strict";
(() => {
  function name(select) {
    const box = select.parentElement?.querySelector(".select2-selection[role=combobox]");
    const label = select.id && document.querySelector(`label[for="${CSS.escape(select.id)}"]`);
    if (!box || !label || box.dataset.named) return;
    label.id ||= `${select.id}_label`;
    box.setAttribute("aria-labelledby", `${label.id} ${box.getAttribute("aria-labelledby") || ""}`.trim());
    box.querySelector(".select2-selection__rendered")?.setAttribute("aria-labelledby", label.id);
    box.dataset.named = "yes";
  }
  const all = () => document.querySelectorAll("select.admin-autocomplete").forEach(name);
  window.addEventListener("load", () => {
    all();
    new MutationObserver(all).observe(document.body, { childList: true, subtree: true });
  });
})();
