// A table of records. Every text is set with textContent; a row is a link and reports its id.
// Where rows are `picked`, a click only chooses one; Enter, a double click or its link opens it.
const OTHER_TAIL = "influence-other-tail";
const CHOSEN = "influence-chosen";

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".table");
  const title = parentElement.querySelector(".title");
  title.hidden = !data.title;
  title.querySelector("h3").textContent = data.title ?? "";
  title.querySelector("h3").hidden = Boolean(data.alone); // the page's heading says it
  title.querySelector("p").textContent = data.note ?? "";
  root.tell = (what, value) => {
    clearTimeout(root.waiting); // what a key was about to choose is over
    if (what !== "chosen") root.asked = [];
    setTriggerValue(what, value);
  };
  root.picks = data.picks;
  root.className = data.box ? `table box ${data.box}` : "table";
  if (!data.signature || root.dataset.signature !== data.signature) {
    root.dataset.signature = data.signature || "";
    draw(root, data);
    root.scrollTop = 0;
    root.asked = [];
    root.said = data.current;
    mark(root, data.current, true);
  } else {
    answered(root, data.current);
  }
  // Called anew at every drawing, and told of the end of the last one only: it alone listens.
  root.stop?.abort();
  if (!data.picks) return undefined;
  const stop = (root.stop = new AbortController());
  const { signal } = stop;
  document.addEventListener("keydown", (event) => pressed(root, data, event), { signal });
  window.addEventListener(OTHER_TAIL, (event) => {
    if (event.detail !== data.name) focusRow(root, current(root));
  }, { signal });
  // Where a row of another table is chosen, none of this one is.
  window.addEventListener(CHOSEN, (event) => {
    if (!event.detail || event.detail === root) return;
    clearTimeout(root.waiting);
    root.asked = [];
    mark(root, "", false);
  }, { signal });
  // Who goes back wants nothing any more of what was not answered yet.
  window.addEventListener("popstate", () => {
    clearTimeout(root.waiting);
    if (root.asked.length) mark(root, root.said, false);
    root.asked = [];
  }, { signal });
  return () => stop.abort();
}

// Marks the row that the server says is chosen. Its word may be of a moment ago: it does not take
// the mark from a row that has been chosen since, from which the next key goes on.
function answered(root, id) {
  const isNew = id !== root.said;
  root.said = id;
  root.asked.splice(0, root.asked.lastIndexOf(id) + 1 || (isNew ? root.asked.length : 0));
  if (!root.asked.length) mark(root, id, false);
}

function draw(root, data) {
  root.replaceChildren();
  const table = make("table", null, root);
  table.setAttribute("aria-label", data.name);
  const head = make("tr", null, make("thead", null, table));
  // A snippet takes a line of its own below the other cells of its row, over the whole width.
  const beside = data.columns.filter((column) => column.kind !== "snippet");
  for (const column of beside) {
    const cell = make("th", column.label, head);
    cell.className = column.kind;
    cell.scope = "col";
    if (column.help) {
      cell.title = column.help;
      cell.classList.add("helped");
    }
    if (column.width) cell.style.width = column.width;
  }
  const about = data.columns.find((column) => column.kind === "snippet")?.help ?? "";
  // Bars of one sign start at the left; of both signs, in the middle.
  const bars = data.rows.flatMap((row) => row.cells.filter((_, i) => data.columns[i].kind === "bar"));
  const both = bars.some((bar) => bar[1] < 0) && bars.some((bar) => bar[1] > 0);
  for (const row of data.rows) {
    const href = row.href || hrefOf(data.address, row.id);
    const body = make("tbody", null, table);
    const line = make("tr", null, body);
    body.dataset.id = row.id;
    row.cells.forEach((value, index) => {
      const kind = data.columns[index].kind;
      const cell = make("td", null, kind === "snippet" ? make("tr", null, body) : line);
      cell.className = kind;
      if (kind === "snippet") cell.colSpan = beside.length;
      const text = kind === "bar" ? value[0] : value;
      if (index === 0 && href) opener(root, data, row.id, href, text, cell);
      else if (kind === "snippet") snippet(root, data, row, text, about, cell);
      else {
        make("span", text, cell);
        if (kind === "text") cell.title = text;
      }
      if (kind === "bar") {
        const track = make("div", null, cell);
        track.className = both ? "track both" : "track";
        const bar = make("div", null, track);
        bar.className = value[1] < 0 ? "down" : "up";
        bar.style.width = `${Math.min(1, Math.abs(value[1])) * (both ? 50 : 100)}%`;
      }
    });
    if (href) {
      body.classList.add("open");
      body.addEventListener("click", () => {
        // Marking a text to copy it is no click on the row.
        if (String(window.getSelection())) return;
        if (data.picks) body.querySelector("a.opener").focus({ preventScroll: true });
        choose(root, row.id, 0);
      });
      if (data.picks) body.addEventListener("dblclick", () => root.tell("opened", row.id));
    }
  }
  if (data.picks) help(root);
}

// The address of a document: where it stands in the others' is left open.
function hrefOf(address, id) {
  return address ? address.replace("&doc=&", () => `&doc=${encodeURIComponent(id)}&`) : "";
}

// The link in a row's first cell. A click with a key held opens a tab, as with any link.
function opener(root, data, id, href, text, cell) {
  const link = make("a", text, cell);
  link.href = href;
  link.title = data.action;
  link.className = "opener";
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) {
      event.stopPropagation();
      return;
    }
    event.preventDefault();
    if (!data.picks) return;
    event.stopPropagation();
    root.tell("opened", id);
  });
}

function snippet(root, data, row, text, about, cell) {
  const words = make("div", null, cell);
  words.title = about ? `${text}\n\n${row.passage || about}` : text;
  if (row.sign) {
    const sign = make("span", row.sign[0], words);
    sign.className = "sign";
    sign.title = row.sign[1];
    sign.setAttribute("role", "img");
    sign.setAttribute("aria-label", row.sign[1]);
  }
  if (row.near) {
    const near = make("a", row.near.text, words);
    near.className = "near";
    near.href = row.near.href;
    near.title = row.near.help;
    near.addEventListener("click", (event) => {
      event.stopPropagation();
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
      event.preventDefault();
      root.tell("followed", row.near.id);
    });
  }
  const holder = make("span", null, words);
  holder.className = "passage";
  const parts = row.marked ? around(text, row.marked) : pieces(text, data.marks ?? []);
  for (const [part, found] of parts) {
    make(found ? "mark" : "span", part, holder);
  }
}

// The same, with one passage marked: its first character and the one behind its last.
function around(text, [start, end]) {
  const all = Array.from(text); // characters, as Python counts them
  return [[0, start, false], [start, end, true], [end, all.length, false]]
    .map(([from, to, marked]) => [all.slice(from, to).join(""), marked]).filter(([part]) => part);
}

// A text in pieces: (piece, whether it is one of the marked words, case ignored).
function pieces(text, marks) {
  if (!marks.length) return [[text, false]];
  const words = marks.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return text.split(new RegExp(`(${words.join("|")})`, "iu")).map((part, at) => [part, at % 2 === 1])
    .filter(([part]) => part);
}

function rows(root) {
  return [...root.querySelectorAll("tbody")];
}

function current(root) {
  return root.querySelector("tbody.current") ?? root.querySelector("tbody");
}

// Shows which row is chosen; only its links are reached by the Tab key where rows are picked.
function mark(root, id, show) {
  for (const body of rows(root)) {
    const is = body.dataset.id === id;
    body.classList.toggle("current", is);
    if (is) body.setAttribute("aria-current", "true");
    else body.removeAttribute("aria-current");
    // Only within the box: the page itself is not moved.
    if (is && show && root.scrollHeight > root.clientHeight) {
      root.scrollTop = Math.max(0, body.offsetTop - root.clientHeight / 2);
    }
  }
  const reached = current(root);
  if (root.picks) {
    for (const link of root.querySelectorAll("a")) {
      link.tabIndex = reached && reached.contains(link) ? 0 : -1;
    }
  }
}

function choose(root, id, wait) {
  if (root.picks) {
    mark(root, id, false);
    root.asked.push(id);
  }
  clearTimeout(root.waiting);
  // A key that is held down runs over rows: only the one where it stops is read.
  root.waiting = setTimeout(() => {
    root.tell("chosen", id);
    window.dispatchEvent(new CustomEvent(CHOSEN, { detail: root }));
  }, wait);
}

function focusRow(root, body) {
  if (!body) return;
  body.querySelector("a.opener")?.focus({ preventScroll: true });
  body.scrollIntoView({ block: "nearest" });
}

// Keys work in the table that has the focus; where nothing has it, the letters work in the one
// with the choice, and the arrows scroll the page as ever.
function pressed(root, data, event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const target = event.composedPath()[0];
  const within = root.contains(target);
  const nothing = target === document.body || target.matches?.("[data-testid=stMain]");
  if (!within && !(nothing && "jkh?".includes(event.key) && root.querySelector("tbody.current"))) {
    return;
  }
  if (target.closest?.("input, textarea, select, [contenteditable], dialog")) return;
  const all = rows(root);
  const chosen = root.querySelector("tbody.current");
  const at = chosen ? all.indexOf(chosen) : -1;
  const by = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
  if (by) {
    event.preventDefault();
    const next = all[Math.max(0, at + by)];
    if (next && at + by >= 0) {
      focusRow(root, next);
      if (next !== chosen) choose(root, next.dataset.id, 120);
    } else root.tell("beyond", by);
  } else if (event.key === "Enter" && !target.closest?.("a.near")) {
    if (!chosen) return;
    event.preventDefault();
    root.tell("opened", chosen.dataset.id);
  } else if (event.key === "h") {
    event.preventDefault();
    if (data.alone) root.tell("other", true);
    else window.dispatchEvent(new CustomEvent(OTHER_TAIL, { detail: data.name }));
  } else if (event.key === "?") {
    event.preventDefault();
    const keys = root.querySelector("dialog");
    keys.showModal();
  }
}

function help(root) {
  const dialog = make("dialog", null, root);
  dialog.setAttribute("aria-label", "Keys in a ranking");
  make("h4", "Keys in a ranking", dialog);
  const list = make("dl", null, dialog);
  for (const [keys, does] of [
    ["j or ↓", "next document, read beside the table; past the last one, the next page"],
    ["k or ↑", "document before it"],
    ["Enter", "open the document on its own page"],
    ["h", "the other end of the ranking"],
    ["?", "this list"],
    ["Esc", "close it"],
  ]) {
    make("dt", keys, list);
    make("dd", does, list);
  }
  const close = make("button", "Close", dialog);
  close.type = "button";
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
}

function make(tag, text, parent) {
  const element = document.createElement(tag);
  if (text !== null) element.textContent = text;
  parent.appendChild(element);
  return element;
}
