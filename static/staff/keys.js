/* The keyboard of the staff UI, dialogs that open when htmx has filled them, and dialogs for browsers without `command`. No state on the server, nothing inline.

   Single letters work only outside fields, never while an input method is composing (key code 229), and can be switched
   off (WCAG 2.1.4); the switch is kept in this browser. The cursor row (data-cursor) survives a refreshed part by its id. */
"use strict";
(() => {
  const KEEP = "kurogo.keys";
  const isOn = () => localStorage.getItem(KEEP) !== "off";
  const isField = (element) => element.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(element.tagName) && !/^(checkbox|radio|button|submit)$/.test(element.type);
  const isShown = (element) => element.checkVisibility ? element.checkVisibility() : element.offsetParent !== null;
  const openDialog = () => document.querySelector("dialog[open]");
  let goes = false;       // `g` was pressed and waits for its letter
  let goesUntil = 0;
  let anchor = null;      // where a range of picks began
  let cursorId = null;

  const rows = () => [...document.querySelectorAll("[data-rows] > :is(tr, li)")].filter(isShown);
  const cursor = () => document.querySelector("[data-rows] > [data-cursor]");
  function moveTo(row) {
    if (!row) return;
    cursor()?.removeAttribute("data-cursor");
    row.setAttribute("data-cursor", "");
    cursorId = row.id || null;
    row.scrollIntoView({ block: "nearest" });
    (row.querySelector("a[href]") || row).focus?.({ preventScroll: true });
  }
  function step(by) {
    const all = rows();
    const at = all.indexOf(cursor());
    moveTo(all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + by))]);
  }
  const box = (row) => row?.querySelector("input[type=checkbox]");
  function pick(isRange) {
    const all = rows(), here = cursor();
    if (!box(here)) return;
    if (isRange && anchor && all.includes(anchor)) {
      const [from, to] = [all.indexOf(anchor), all.indexOf(here)].sort((a, b) => a - b);
      all.slice(from, to + 1).forEach((row) => setPick(row, true));
    } else {
      setPick(here, !box(here).checked);
      anchor = here;
    }
  }
  function setPick(row, isPicked) {
    const input = box(row);
    if (!input || input.checked === isPicked) return;
    input.checked = isPicked;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }
  const press = (selector) => {
    const target = [...(openDialog() || document).querySelectorAll(selector)].find((e) => isShown(e) && !e.disabled);
    if (!target) return false;
    if (target.matches("input, select, textarea")) target.focus(); else target.click();
    return true;
  };
  function clearPicks() {
    const picked = document.querySelectorAll("[data-rows] input[type=checkbox]:checked");
    picked.forEach((input) => { input.checked = false; input.dispatchEvent(new Event("change", { bubbles: true })); });
    return picked.length > 0;
  }

  const KEYS = {
    "/": () => press("[role=search] input"),
    j: () => step(1),
    k: () => step(-1),
    x: () => pick(false),
    X: () => pick(true),
    "[": () => press("[data-previous]"),
    "]": () => press("[data-next]"),
    n: () => press(".fresh"),
    g: () => { goes = true; goesUntil = Date.now() + 1500; },
  };

  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    const field = isField(event.target);
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
      const form = event.target.closest?.("form");
      if (form) { event.preventDefault(); form.requestSubmit(); }
      return;
    }
    if (event.key === "Escape" && !openDialog()) {
      if (field) event.target.blur(); else clearPicks();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (/^F\d+$/.test(event.key)) {          // function keys work in fields, too: a scanner never sends them
      if (press(`[data-key="${event.key}"]`)) event.preventDefault();
      return;
    }
    if (field || !isOn() || event.key.length !== 1) return;
    if (goes && Date.now() < goesUntil) {
      goes = false;
      if (press(`[data-go="${CSS.escape(event.key)}"]`)) event.preventDefault();
      return;
    }
    goes = false;
    if (openDialog() && !document.querySelector(`dialog[open] [data-key="${CSS.escape(event.key)}"]`)) return;
    if (press(`[data-key="${CSS.escape(event.key)}"]`)) { event.preventDefault(); return; }
    const act = KEYS[event.key];
    if (act) { event.preventDefault(); act(); }
  });

  document.addEventListener("keydown", (event) => {        // Enter on a row without a link opens its first link
    if (event.key === "Enter" && event.target.matches?.("[data-rows] > [data-cursor]")) event.target.querySelector("a[href]")?.click();
  });

  document.addEventListener("click", (event) => {
    const row = event.target.closest?.("[data-rows] > :is(tr, li)");
    if (row) { cursor()?.removeAttribute("data-cursor"); row.setAttribute("data-cursor", ""); cursorId = row.id || null; }
    if ("commandForElement" in HTMLButtonElement.prototype) return;
    const button = event.target.closest?.("button[commandfor]");
    const dialog = button && document.getElementById(button.getAttribute("commandfor"));
    if (dialog) dialog[button.getAttribute("command") === "close" ? "close" : "showModal"]();
  });

  document.addEventListener("htmx:afterSwap", () => {      // the cursor stays on its row
    if (cursorId && !cursor()) document.getElementById(cursorId)?.setAttribute("data-cursor", "");
  });

  const show = () => { document.documentElement.toggleAttribute("data-keys-off", !isOn()); };
  document.querySelectorAll("[data-keys-switch]").forEach((input) => {
    input.checked = isOn();
    input.addEventListener("change", () => { localStorage.setItem(KEEP, input.checked ? "on" : "off"); show(); });
  });
  show();

  // A dialog that htmx has filled opens; a link out of it closes it instead of leaving the page.
  document.addEventListener("htmx:afterSwap", (event) => {
    const target = event.detail.target;
    if (target instanceof HTMLDialogElement) {
      if (!target.open && target.children.length) target.showModal();
      (target.querySelector("[aria-invalid=true], [autofocus]") || target.querySelector("button.go"))?.focus();
    }
  });
  document.addEventListener("click", (event) => {
    const way = event.target.closest?.("dialog [data-close]");
    if (way) { event.preventDefault(); way.closest("dialog").close(); }
  });
})();
