// Pairs of a name and a value, set with textContent.
export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".facts");
  root.replaceChildren();
  for (const [name, value, note] of data) {
    const pair = document.createElement("div");
    const term = document.createElement("dt");
    term.textContent = name;
    const detail = document.createElement("dd");
    detail.textContent = value;
    pair.append(term, detail);
    if (note) {
      const small = document.createElement("dd");
      small.className = "note";
      small.textContent = note;
      pair.append(small);
    }
    root.append(pair);
  }
}
