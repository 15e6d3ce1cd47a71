// What is known of the chosen document, above its text; set with textContent.
export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".preview");
  const set = (name, text) => { root.querySelector(name).textContent = text; };
  const open = root.querySelector(".open");
  open.textContent = data.title;
  open.href = data.href;
  open.title = "Open the document on its own page";
  open.onclick = (event) => {
    // A click with a key held opens a tab, as with any link.
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    setTriggerValue("opened", data.id);
  };
  set(".where", data.where);
  set(".labels", data.labels);
  const facts = root.querySelector(".facts");
  facts.replaceChildren();
  for (const [name, value, note, help] of data.facts) {
    const pair = document.createElement("div");
    const term = document.createElement("dt");
    term.textContent = name;
    const detail = document.createElement("dd");
    detail.className = "value";
    detail.textContent = value;
    const rank = document.createElement("dd");
    rank.className = "rank";
    rank.textContent = note;
    for (const cell of [term, detail, rank]) cell.title = help;
    pair.append(term, detail, rank);
    facts.append(pair);
  }
  const step = (name, by, can) => {
    const button = root.querySelector(name);
    button.disabled = !can;
    button.onclick = () => {
      setTriggerValue("step", by);
      window.dispatchEvent(new CustomEvent("influence-chosen"));
    };
  };
  step(".before", -1, data.before);
  step(".after", 1, data.after);
}
