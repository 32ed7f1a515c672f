// What a report can do on a screen: fold its chapters, sort and filter its tables, show where the reader is.
// Everything is on the page without it; nothing is fetched.
"use strict";
(() => {
  const words = JSON.parse(document.getElementById("words").textContent);

  function folding(section) {
    const heading = section.querySelector(":scope > h2");
    if (!heading) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "fold";
    button.setAttribute("aria-expanded", "true");
    button.setAttribute("aria-label", `${words.fold}: ${heading.textContent}`);
    button.addEventListener("click", () => set(section, section.classList.contains("folded")));
    heading.append(button);
  }

  function set(section, isOpen) {
    section.classList.toggle("folded", !isOpen);
    section.querySelector(":scope > h2 > .fold").setAttribute("aria-expanded", String(isOpen));
  }

  function open(element) {
    for (let each = element; each; each = each.parentElement) {
      if (each.classList.contains("folded")) set(each, true);
    }
  }

  // Numbers, LRs ("at least 67", "1/74", "1.2 million"), else text.
  function value(cell) {
    const text = (cell?.dataset.value ?? cell?.textContent ?? "").trim();
    const english = text.replaceAll("\u00a0", "").replaceAll(words.signs[","], "").replaceAll(words.signs["."], ".");
    const plain = english.replace(/^\u2212/, "-").replace(/^[^\d+-]*(?=\d)/, "");
    const fraction = /^1\/([\d.]+)/.exec(plain);
    if (fraction) return 1 / Number(fraction[1]);
    const number = /^[+-]?\d+(\.\d+)?/.exec(plain);
    return number ? Number(number[0]) * (plain.includes(words.million) ? 1e6 : 1) : null;
  }

  function sort(table, column, isRising) {
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => ({ row, cell: row.cells.length > column ? row.cells[column] : null }));
    const isNumeric = rows.some(({ cell }) => cell?.classList.contains("number"));
    const key = ({ cell }) => (isNumeric ? value(cell) : cell?.textContent.trim() ?? "");
    const collator = new Intl.Collator(document.documentElement.lang, { numeric: true });
    rows.sort((a, b) => {
      const [one, other] = [key(a), key(b)];
      if (one === null || other === null) return (one === null) - (other === null);
      return (isRising ? 1 : -1) * (isNumeric ? one - other : collator.compare(one, other));
    });
    body.append(...rows.map(({ row }) => row));
    [...table.tHead.rows[0].cells].forEach((head, n) => {
      head.setAttribute("aria-sort", n === column ? (isRising ? "ascending" : "descending") : "none");
    });
  }

  function sorting(table) {
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      if (!head.textContent.trim()) return;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...head.childNodes);
      button.addEventListener("click", () => sort(table, column, head.getAttribute("aria-sort") !== "ascending"));
      head.append(button);
    });
  }

  function filtering(table) {
    const label = document.createElement("label");
    const input = document.createElement("input");
    const count = document.createElement("output");
    label.className = "filter";
    input.type = "search";
    label.append(`${words.filter} `, input, " ", count);
    const rows = [...table.tBodies[0].rows];
    const texts = rows.map((row) => row.textContent.toLowerCase());
    input.addEventListener("input", () => {
      const wanted = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      rows.forEach((row, n) => {
        row.hidden = !wanted.every((word) => texts[n].includes(word));
        shown += !row.hidden;
      });
      count.textContent = wanted.length ? `${shown} / ${rows.length}` : "";
    });
    table.before(label);
  }

  document.querySelectorAll("main > section").forEach(folding);
  document.querySelectorAll("table.sortable").forEach((table) => {
    sorting(table);
    if (table.tBodies[0].rows.length > 5) filtering(table);
  });

  addEventListener("beforeprint", () => document.querySelectorAll(".folded").forEach((section) => set(section, true)));
  addEventListener("hashchange", () => follow());
  function follow() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    open(target);
    target.scrollIntoView();
  }
  follow();

  const links = new Map([...document.querySelectorAll("nav.contents a")].map((link) => [link.hash.slice(1), link]));
  const watcher = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      links.forEach((link, id) => link.toggleAttribute("aria-current", id === target.id));
    }
  }, { rootMargin: "0px 0px -70% 0px" });
  links.forEach((_, id) => {
    const heading = document.getElementById(id);
    if (heading) watcher.observe(heading);
  });
})();
