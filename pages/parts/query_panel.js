// The prompt and the completion of a query, set with textContent; long ones fold.
export default function (component) {
  const { data, parentElement } = component;
  const panel = parentElement.querySelector(".panel");
  const set = (name, text) => setSafely(panel.querySelector(name), text, false);
  const badge = panel.querySelector(".badge");
  badge.hidden = !data.verdict.length;
  badge.className = `badge ${data.verdict[1] ?? ""}`;
  set(".glyph", data.verdict[0] ?? "");
  set(".word", data.verdict[1] ?? "");
  set(".name", data.name);
  set(".size", data.size);
  set(".reference", data.reference);
  set(".prompt", data.prompt);
  const completion = panel.querySelector(".completion");
  completion.replaceChildren();
  completion.classList.toggle("partial", data.marked !== "all");
  data.completion.forEach((text, at) => {
    if (text) add(completion, data.marked === "span" && at === 1 ? "mark" : "span", text);
  });
  panel.querySelectorAll(".key > *").forEach((part, at) => { part.textContent = data.key[at]; });
  const text = panel.querySelector(".text");
  // Long texts fold one by one, so that the completion is never hidden behind a long prompt.
  const long = (words) => words.length > 200 || words.trim().split("\n").length > 2;
  const whole = data.completion.join("");
  const folds = long(data.prompt) || long(whole);
  text.classList.toggle("long", folds);
  panel.querySelector(".prompt").classList.toggle("folds", long(data.prompt));
  completion.classList.toggle("folds", long(whole));
  const button = panel.querySelector(".foot > button");
  if (panel.dataset.id !== data.id) {
    panel.dataset.id = data.id;
    text.classList.add("folded");
    drawItems(panel, data);
  }
  button.hidden = !folds;
  const word = () => {
    const folded = text.classList.contains("folded");
    button.textContent = folded ? "Show all" : "Fold";
    button.setAttribute("aria-expanded", String(!folded));
    bring();
  };
  // Folded, a completion shows the part that is explained, wherever it stands.
  const bring = () => {
    const mark = completion.querySelector("mark");
    const folded = text.classList.contains("folded");
    completion.scrollTop = folded && mark ? mark.offsetTop - completion.offsetTop : 0;
  };
  button.onclick = () => { text.classList.toggle("folded"); word(); };
  word();
  // It stands elsewhere when the lines break anew; only the last drawing watches that.
  panel.resized?.disconnect();
  panel.resized = new ResizeObserver(() => { if (text.classList.contains("folded")) bring(); });
  panel.resized.observe(completion);
}

function drawItems(panel, data) {
  const details = panel.querySelector(".items");
  const list = details.querySelector(".list");
  details.hidden = !data.items.length;
  details.open = false;
  details.querySelector("summary").textContent = data.itemsTitle;
  list.replaceChildren();
  let inSet = null;
  for (const item of data.items) {
    if (item.inSet !== inSet) {
      inSet = item.inSet;
      add(list, "h4", inSet
        ? "In the set: influence explains the mean of these"
        : "Not in the set: tried, and not explained");
    }
    const one = add(list, "details", null);
    one.className = "item";
    const summary = add(one, "summary", null);
    const verdict = add(summary, "span", `${item.verdict[0]} ${item.item}`);
    verdict.className = "number";
    verdict.title = item.verdict[1];
    add(summary, "span", item.line).className = "opening";
    add(summary, "span", item.facts).className = "facts";
    const text = add(one, "div", null);
    text.className = "text";
    add(text, "span", item.prompt);
    add(text, "span", item.completion).className = "completion";
    one.ontoggle = () => { if (one.open) one.scrollIntoView({ block: "nearest" }); };
  }
}

function add(parent, tag, text) {
  const element = document.createElement(tag);
  if (text !== null) setSafely(element, text, false);
  parent.append(element);
  return element;
}
