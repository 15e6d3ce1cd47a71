// A table of records. Every text is set with textContent; a row is a link and reports its id.
export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".table");
  root.replaceChildren();
  const table = make("table", null, root);
  table.setAttribute("aria-label", data.name);
  const head = make("tr", null, make("thead", null, table));
  // A snippet takes a line of its own below the other cells of its row, over the whole width.
  const beside = data.columns.filter((column) => column.kind !== "snippet");
  for (const column of beside) {
    const cell = make("th", column.label, head);
    cell.className = column.kind;
    if (column.help) {
      cell.title = column.help;
      cell.classList.add("helped");
    }
    if (column.width) cell.style.width = column.width;
  }
  // Bars of one sign start at the left; of both signs, in the middle.
  const bars = data.rows.flatMap((row) => row.cells.filter((_, i) => data.columns[i].kind === "bar"));
  const both = bars.some((bar) => bar[1] < 0) && bars.some((bar) => bar[1] > 0);
  for (const row of data.rows) {
    const body = make("tbody", null, table);
    const line = make("tr", null, body);
    body.dataset.id = row.id;
    if (row.current) {
      body.className = "current";
      body.setAttribute("aria-current", "true");
    }
    row.cells.forEach((value, index) => {
      const kind = data.columns[index].kind;
      const cell = make("td", null, kind === "snippet" ? make("tr", null, body) : line);
      cell.className = kind;
      if (kind === "snippet") cell.colSpan = beside.length;
      const text = kind === "bar" ? value[0] : value;
      if (index === 0 && row.href) {
        const link = make("a", text, cell);
        link.href = row.href;
        link.title = data.action;
        link.addEventListener("click", (event) => {
          // A click with a key held opens a tab of its own, as with any link.
          if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) {
            event.stopPropagation();
            return;
          }
          event.preventDefault();
        });
      } else if (kind === "snippet") {
        make("div", text, cell).title = text;
      } else {
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
    if (row.href) {
      body.classList.add("open");
      body.addEventListener("click", () => {
        // Marking a text to copy it is no click on the row.
        if (String(window.getSelection())) return;
        setTriggerValue("chosen", row.id);
      });
    }
  }
}

function make(tag, text, parent) {
  const element = document.createElement(tag);
  if (text !== null) element.textContent = text;
  parent.appendChild(element);
  return element;
}
