// The prompt and the completion of a query, set with textContent; long ones fold.
export default function (component) {
  const { data, parentElement } = component;
  const panel = parentElement.querySelector(".panel");
  const set = (name, text) => { panel.querySelector(name).textContent = text; };
  const badge = panel.querySelector(".badge");
  badge.className = `badge ${data.verdict[1]}`;
  set(".glyph", data.verdict[0]);
  set(".word", data.verdict[1]);
  set(".name", data.name);
  set(".size", data.size);
  set(".reference", data.reference);
  set(".prompt", data.prompt);
  set(".completion", data.completion);
  const text = panel.querySelector(".text");
  // Long texts fold one by one, so that the completion is never hidden behind a long prompt.
  const long = (words) => words.length > 420 || words.split("\n").length > 5;
  const folds = long(data.prompt) || long(data.completion);
  text.classList.toggle("long", folds);
  panel.querySelector(".prompt").classList.toggle("folds", long(data.prompt));
  panel.querySelector(".completion").classList.toggle("folds", long(data.completion));
  const button = panel.querySelector("button");
  if (panel.dataset.id !== data.id) {
    panel.dataset.id = data.id;
    text.classList.add("folded");
  }
  button.hidden = !folds;
  const word = () => {
    const folded = text.classList.contains("folded");
    button.textContent = folded ? "Show all" : "Fold";
    button.setAttribute("aria-expanded", String(!folded));
  };
  button.onclick = () => { text.classList.toggle("folded"); word(); };
  word();
}
