// Every page works without this script.
(() => {
  const say = (text) => {
    const status = document.getElementById("say");
    if (status) status.textContent = text;
  };

  const dark = () => getComputedStyle(document.documentElement).colorScheme === "dark"
    || (!document.documentElement.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.matches("[data-switch-theme]")) {
      const theme = dark() ? "light" : "dark";
      document.documentElement.dataset.theme = theme;
      try {
        localStorage.setItem("theme", theme);
      } catch {
        // The choice lasts as long as the page.
      }
      say(`${theme} theme`);
    } else if (button.matches("[data-copy], [data-copy-from]")) {
      const from = button.dataset.copyFrom && document.getElementById(button.dataset.copyFrom);
      await copy(from ? from.textContent : button.dataset.copy);
      button.classList.add("done");
      setTimeout(() => button.classList.remove("done"), 1200);
      say("Copied");
    } else if (button.matches("[data-fill]")) {
      fill(button.form, button.dataset.fill);
    }
  });

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // No clipboard without HTTPS: select a text field's content instead.
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  }

  function fill(form, how) {
    for (const input of form.querySelectorAll("input[data-feature]")) {
      const [lo, hi] = [Number(input.dataset.lo), Number(input.dataset.hi)];
      const random = () => String(Number((lo + Math.random() * (hi - lo)).toPrecision(4)));
      input.value = how === "random" ? random() : input.defaultValue;
    }
    const row = form.querySelector("textarea[name=row]");
    if (row) row.value = "";
  }

  // Filters apply as they are chosen.
  for (const form of document.querySelectorAll("form[data-live]")) {
    form.addEventListener("change", (event) => {
      if (event.target.matches("select, input[type=checkbox]")) form.requestSubmit();
    });
  }

  // The answer replaces the page's own part for it; the server renders it either way.
  for (const form of document.querySelectorAll("form[data-swap]")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      send(form);
    });
  }

  async function send(form) {
    const target = document.getElementById(form.dataset.swap);
    const button = form.querySelector("button[type=submit]");
    button.disabled = true;
    target.classList.add("busy");
    target.setAttribute("aria-busy", "true");
    say("Working");
    try {
      const encoded = form.enctype === "multipart/form-data";
      const data = new FormData(form);
      const body = encoded ? data : new URLSearchParams(data);
      const answer = await fetch(form.action, { method: "POST", body, headers: { accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const part = page.getElementById(form.dataset.swap) ?? page.querySelector("[data-problem]");
      if (part) target.replaceChildren(...document.importNode(part, true).childNodes);
      else target.textContent = `The server answered with status ${answer.status}.`;
    } catch {
      target.textContent = "The server cannot be reached. Try again in a moment.";
    }
    showRoots(target);
    button.disabled = false;
    target.classList.remove("busy");
    target.removeAttribute("aria-busy");
    const heading = target.querySelector("h2, h3");
    say(heading ? heading.textContent : "Done");
    (target.firstElementChild ?? target).scrollIntoView({ block: "nearest" });
  }

  // A wide tree is shown from its root.
  function showRoots(within) {
    for (const frame of within.querySelectorAll(".figure-scroll")) {
      const root = frame.querySelector("rect.node, rect.leaf, rect.folded");
      if (!root) continue;
      // Of a path both ends, where they fit.
      const end = frame.querySelector("rect.on.leaf") ?? root;
      const middle = (element) => element.getBoundingClientRect().left + element.getBoundingClientRect().width / 2;
      frame.scrollLeft += (middle(root) + middle(end)) / 2 - middle(frame);
    }
  }
  showRoots(document);

  for (const drop of document.querySelectorAll("[data-drop]")) {
    const input = drop.querySelector("input[type=file]");
    for (const name of ["dragenter", "dragover"]) {
      drop.addEventListener(name, (event) => {
        event.preventDefault();
        drop.classList.add("over");
      });
    }
    for (const name of ["dragleave", "drop"]) {
      drop.addEventListener(name, () => drop.classList.remove("over"));
    }
    drop.addEventListener("drop", (event) => {
      event.preventDefault();
      if (!event.dataTransfer.files.length) return;
      input.files = event.dataTransfer.files;
      input.form.requestSubmit();
    });
  }
})();
