/* What the staff pages do beside htmx: the sum of picked rows, panels that dock where there is room. Every page works without it. Nothing inline, no state but the page's own. */
"use strict";
(() => {
  const language = document.documentElement.lang || "ja";

  // What is picked: how many, and what it is worth where it is one currency.
  const tell = () => {
    const words = document.querySelector("[data-picked]");
    if (!words) return;
    const picked = [...document.querySelectorAll("[data-rows] input[type=checkbox]:checked")];
    words.textContent = words.dataset.words.replace("{n}", String(picked.length));
    const currencies = new Set(picked.map((input) => input.dataset.currency));
    if (currencies.size === 1 && !currencies.has(undefined)) {
      const format = new Intl.NumberFormat(language, { style: "currency", currency: [...currencies][0] });
      const minor = picked.reduce((sum, input) => sum + Number(input.dataset.minor), 0);
      const small = document.createElement("small");
      small.textContent = " " + format.format(minor / 10 ** format.resolvedOptions().maximumFractionDigits).replace("￥", "¥");
      words.append(small);
    }
    document.querySelectorAll("[data-all]").forEach((all) => {
      const boxes = document.querySelectorAll("[data-rows] input[type=checkbox]").length;
      all.checked = picked.length > 0 && picked.length === boxes;
      all.indeterminate = picked.length > 0 && picked.length < boxes;
    });
  };
  document.querySelectorAll("[data-all]").forEach((all) => {
    all.hidden = false;
    all.addEventListener("change", () => {
      document.querySelectorAll("[data-rows] input[type=checkbox]").forEach((input) => { input.checked = all.checked; });
      tell();
    });
  });
  document.addEventListener("change", (event) => { if (event.target.matches?.("[data-rows] input[type=checkbox]")) tell(); });
  document.addEventListener("reset", () => setTimeout(tell));
  tell();

  // A row's detail docks beside the list where there is room; elsewhere the link leads to its own page.
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-dock]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    const panel = document.querySelector(link.dataset.dock);
    if (!panel || !matchMedia("(min-width: 1100px)").matches) return;
    event.preventDefault();
    htmx.ajax("GET", link.href, { target: panel, swap: "innerHTML" });
    document.querySelectorAll("[data-open]").forEach((row) => row.removeAttribute("data-open"));
    document.querySelectorAll("a[data-dock][aria-current]").forEach((old) => old.removeAttribute("aria-current"));
    link.setAttribute("aria-current", "true");
    link.closest("tr, li")?.setAttribute("data-open", "");
  });

  // A scanner types faster than a server answers: codes are taken from the field at once and sent one after the other, so
  // that none is lost and none overtakes another. A code that did not arrive is said loudly.
  const codes = [];
  let isSending = false;
  const send = async (form) => {
    if (isSending) return;
    isSending = true;
    while (codes.length) {
      const values = { code: codes.shift() };
      await htmx.ajax("POST", form.action, { target: "#answer", swap: "outerHTML", values }).catch(() => {});
    }
    isSending = false;
  };
  document.addEventListener("submit", (event) => {
    const form = event.target.closest?.("form[data-scan-form]");
    if (!form) return;
    event.preventDefault();
    const input = form.querySelector("input[data-scan]");
    const code = input.value.trim();
    input.value = "";
    input.focus();
    if (code) { codes.push(code); send(form); }
  });
  for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
    document.addEventListener(name, () => {
      const form = document.querySelector("form[data-scan-form]");
      const answer = document.getElementById("answer");
      if (!form || !answer) return;
      const said = document.createElement("b");
      said.textContent = form.dataset.lost;
      answer.replaceChildren(said);
      answer.className = "answer";
      answer.dataset.is = "bad";
      answer.setAttribute("role", "alert");
    });
  }
  // A scanner types into whatever has the focus: where nothing has it, its digits and capitals go to the field of codes. The
  // single letters of keys.js are small ones.
  document.addEventListener("keydown", (event) => {
    if (event.target === document.body && /^[0-9A-Z]$/.test(event.key) && !event.ctrlKey && !event.metaKey && !event.altKey) {
      document.querySelector("input[data-scan]")?.focus();
    }
  });
  document.addEventListener("htmx:afterSettle", () => {
    if (document.activeElement === document.body) document.querySelector("input[data-scan]")?.focus();
  });

  document.querySelectorAll("[data-print]").forEach((button) => { button.hidden = false; button.addEventListener("click", () => print()); });
})();
