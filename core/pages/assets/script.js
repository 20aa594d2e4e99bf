// What makes pages pleasant where scripts run; without it all of them work. Texts are those of the page.
"use strict";
(() => {
  const texts = document.body.dataset;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  const made = (name, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
  };

  // What changes is told to those who do not see it.
  const status = made("div", { className: "hidden" });
  status.setAttribute("role", "status");
  document.body.append(status);
  const tell = (text) => {
    status.textContent = "";
    setTimeout(() => (status.textContent = text), 50);
  };

  // Copy buttons beside what is shown to be copied.
  const write = async (text, shown) => {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    // Pages on plain http have no clipboard.
    if (shown.select) shown.select();
    else getSelection().selectAllChildren(shown);
    if (!document.execCommand("copy")) throw new Error("not copied");
  };

  const copyButton = (shown, label) => {
    const word = made("span", { textContent: texts.copy });
    const button = made("button", { type: "button", className: "small" }, word);
    if (label) button.append(made("span", { className: "hidden", textContent: `: ${label}` }));
    button.addEventListener("click", async () => {
      try {
        await write(shown.value ?? shown.textContent, shown);
      } catch {
        return shown.select?.();
      }
      word.textContent = texts.copied;
      tell(texts.copied);
      setTimeout(() => (word.textContent = texts.copy), 2000);
    });
    return button;
  };

  const copyable = (within) => {
    for (const field of all("input[readonly], textarea[readonly]", within)) {
      field.addEventListener("focus", () => field.select());
      field.after(copyButton(field, field.labels[0]?.textContent));
    }
    for (const code of all("pre", within)) {
      const box = made("div", { className: "copy code" });
      code.replaceWith(box);
      box.append(code, copyButton(code, code.dataset.label));
    }
  };

  // Details that belong together (`.snippets`) become tabs; the language that was chosen stays.
  let tabsMade = 0;
  const chosen = () => sessionStorage.getItem("snippet");
  const tabs = (box) => {
    const parts = all(":scope > details", box);
    const list = made("div", { className: "tabs" });
    list.setAttribute("role", "tablist");
    list.setAttribute("aria-label", box.getAttribute("aria-label") ?? "");
    const pairs = parts.map((part) => {
      const summary = part.querySelector("summary");
      const id = `tab-${++tabsMade}`;
      const tab = made("button", { type: "button", id, textContent: summary.textContent });
      summary.remove();
      const panel = made("div", { id: `${id}-panel` }, ...part.childNodes);
      tab.setAttribute("role", "tab");
      tab.setAttribute("aria-controls", panel.id);
      panel.setAttribute("role", "tabpanel");
      panel.setAttribute("aria-labelledby", id);
      part.replaceWith(panel);
      return { tab, panel };
    });
    const show = (shown, isByUser) => {
      for (const { tab, panel } of pairs) {
        const is = tab === shown.tab;
        tab.setAttribute("aria-selected", is);
        tab.tabIndex = is ? 0 : -1;
        panel.hidden = !is;
      }
      if (!isByUser) return;
      shown.tab.focus();
      sessionStorage.setItem("snippet", shown.tab.textContent);
    };
    pairs.forEach((pair, at) => {
      pair.tab.addEventListener("click", () => show(pair, true));
      pair.tab.addEventListener("keydown", (event) => {
        const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
        if (to === undefined) return;
        event.preventDefault();
        show(pairs.at(to % pairs.length), true);
      });
      list.append(pair.tab);
    });
    box.prepend(list);
    show(pairs.find(({ tab }) => tab.textContent === chosen()) ?? pairs[0], false);
  };

  // Rows are filtered while one types; Enter still asks for all of them.
  const filter = (field) => {
    const rows = all("main tbody tr");
    if (!rows.length) return;
    field.addEventListener("input", () => {
      const words = field.value.toLowerCase().split(/\s+/);
      for (const row of rows) {
        const text = row.textContent.toLowerCase();
        // What is picked stays in sight.
        row.hidden = !words.every((word) => text.includes(word)) && !row.querySelector(":checked");
      }
      tell(texts.rows + rows.filter((row) => !row.hidden).length);
    });
  };

  // A link to a page that asks before it takes something away shows its question here.
  const references = ["for", "form", "aria-describedby", "aria-labelledby"];
  const apart = (content) => {
    for (const element of all("*", content)) {
      if (element.id) element.id = `ask-${element.id}`;
      for (const name of references) {
        const ids = element.getAttribute(name);
        if (ids) element.setAttribute(name, ids.replace(/\S+/g, "ask-$&"));
      }
    }
  };

  const ask = async (link) => {
    const answer = await fetch(link.href);
    if (!answer.ok || answer.redirected) throw new Error("no question");
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const content = page.querySelector("main");
    const title = content.querySelector("h1");
    if (!content.querySelector("form[method=post]")) throw new Error("no question");
    apart(content);
    const heading = made("h2", { id: "ask-title", textContent: title.textContent });
    title.replaceWith(heading);
    const dialog = made("dialog", {}, ...content.childNodes);
    dialog.setAttribute("aria-labelledby", heading.id);
    for (const cancel of all("form a.button:not(.remove)", dialog)) {
      cancel.addEventListener("click", (event) => {
        event.preventDefault();
        dialog.close();
      });
    }
    dialog.addEventListener("close", () => {
      dialog.remove();
      link.focus();
    });
    document.body.append(dialog);
    dialog.showModal();
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a.remove");
    const isPlain = !event.button && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
    if (!link || !isPlain || link.origin !== location.origin) return;
    event.preventDefault();
    ask(link).catch(() => location.assign(link.href));
  });

  // A form that was sent is not sent again by a second click.
  const sent = new Set();
  const open = (form) => {
    sent.delete(form);
    for (const element of form.elements) if (element.type === "submit") element.disabled = false;
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    // Not `form.method`, which is a field where one is called so.
    if (form.getAttribute("method") !== "post") return;
    if (sent.has(form)) return event.preventDefault();
    sent.add(form);
    // Only after it was sent: the button that was pressed is part of what is sent.
    setTimeout(() => {
      for (const element of form.elements) if (element.type === "submit") element.disabled = true;
    });
    // What is answered with a file leaves the page here.
    setTimeout(open, 10000, form);
  });
  addEventListener("pageshow", (event) => event.persisted && [...sent].forEach(open));

  all(".snippets").forEach(tabs);
  copyable(document.querySelector("main"));
  all("form[method=get] input[name=q]").forEach(filter);
  document.querySelector(".summary")?.focus();
})();
