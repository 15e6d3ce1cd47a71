// A document under its token influence. Every text is set with textContent, in chunks that the
// browser lays out only when they come into view.
const CHUNK = 256;
const LONGEST = 2048;
const SHADES = 8;

export default function (component) {
  const { data, parentElement, setStateValue } = component;
  const root = parentElement.querySelector(".heatmap");
  if (root.dataset.id !== data.id) {
    root.dataset.id = data.id;
    root.shown = null;
    drawText(root, data);
    drawLegend(root, data);
    drawList(root, ".helpful", data.mostHelpful, data);
    drawList(root, ".harmful", data.mostHarmful, data);
    drawSpans(root, data, true);
  }
  root.classList.toggle("unscored", !data.scored);
  drawMarks(root, data, setStateValue);
  listen(root, data);
}

function drawText(root, data) {
  const text = root.querySelector(".text");
  text.replaceChildren();
  let part = null;
  let chunk = null;
  let count = 0;
  const { cells } = data;
  const turns = new Map(data.parts);
  for (let i = 0; i < cells.text.length; i += 1) {
    if (i === 0 || turns.has(i)) {
      const prompt = turns.get(i) === false;
      if (turns.size > 0) {
        label(text, prompt ? "Prompt: given to the model, no loss on it" : "Response: trained on");
      }
      part = document.createElement("div");
      part.className = prompt ? "part prompt" : "part";
      text.append(part);
      chunk = null;
    }
    if (chunk === null) {
      chunk = document.createElement("div");
      chunk.className = "chunk";
      part.append(chunk);
      count = 0;
    }
    const token = document.createElement("span");
    token.textContent = cells.text[i];
    token.dataset.i = i;
    const shade = cells.shade[i];
    let names = `t c-${data.classes[cells.class[i]]}`;
    if (shade) names += shade > 0 ? ` up${shade}` : ` down${-shade}`;
    if (shade && /^[\r\n]+$/.test(cells.text[i])) names += " line";
    token.className = names;
    chunk.append(token);
    count += 1;
    // A chunk is a block: ending it where the text has a line end keeps the lines as they are.
    if (count >= LONGEST || (count >= CHUNK && cells.text[i].endsWith("\n"))) chunk = null;
  }
  if (data.unseen) {
    label(text, data.unseenLabel);
    const rest = document.createElement("div");
    rest.className = "part unseen";
    rest.textContent = data.unseen;
    text.append(rest);
  }
}

function label(parent, words) {
  const element = document.createElement("div");
  element.className = "label";
  element.textContent = words;
  parent.append(element);
}

function drawLegend(root, data) {
  root.querySelector(".low").textContent = data.low;
  root.querySelector(".high").textContent = data.high;
  root.querySelector(".words").textContent = data.words;
  const swatches = root.querySelector(".swatches");
  swatches.replaceChildren();
  for (let shade = -SHADES; shade <= SHADES; shade += 1) {
    const swatch = document.createElement("span");
    if (shade) swatch.className = shade > 0 ? `up${shade}` : `down${-shade}`;
    swatches.append(swatch);
  }
}

function drawList(root, name, indices, data) {
  const list = root.querySelector(name);
  list.replaceChildren();
  for (const i of indices) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.title = "Show in the text";
    const word = document.createElement("span");
    word.className = "word";
    word.textContent = visible(data.cells.text[i]);
    const value = document.createElement("span");
    value.textContent = signed(data.cells.value[i]);
    button.append(word, value);
    button.onclick = () => point(root, data, i, true);
    item.append(button);
    list.append(item);
  }
  if (!indices.length) {
    const item = document.createElement("li");
    item.textContent = "none";
    list.append(item);
  }
}

// The spans of the document, by size from most helpful to most harmful, or as the text has them.
function drawSpans(root, data, bySize) {
  const section = root.querySelector(".spans");
  section.hidden = !data.spans.length;
  root.classList.toggle("with-spans", data.spans.length > 0);
  section.querySelector("p").textContent = data.spansNote;
  const button = section.querySelector(".order");
  button.textContent = bySize ? "in text order" : "by influence";
  button.title = bySize ? "List them as the text has them" : "List them from most helpful down";
  button.onclick = () => drawSpans(root, data, !bySize);
  const list = section.querySelector("ol");
  list.replaceChildren();
  const listed = bySize ? [...data.spans].sort((a, b) => b.value - a.value) : data.spans;
  for (const span of listed) {
    const item = document.createElement("li");
    const row = document.createElement("button");
    row.type = "button";
    row.title = `Show in the text: ${span.about}`;
    const opening = document.createElement("span");
    opening.className = "opening";
    opening.textContent = visible(span.opening).replaceAll("␣", " ") || "(blank)";
    const value = document.createElement("span");
    value.className = "value";
    value.textContent = signed(span.value);
    const track = document.createElement("span");
    track.className = "track";
    const bar = document.createElement("span");
    bar.className = span.bar < 0 ? "down" : "up";
    bar.style.width = `${50 * Math.min(1, Math.abs(span.bar))}%`;
    track.append(bar);
    row.append(opening, value, track);
    if (span.cut !== null) {
      const cut = document.createElement("span");
      cut.className = "cut";
      cut.textContent = `cut ${signed(span.cut)}`;
      row.append(cut);
    }
    row.onclick = () => show(root, span, true);
    row.onmouseenter = () => show(root, span, false);
    row.onmouseleave = () => show(root, null, false);
    item.append(row);
    list.append(item);
  }
}

// Frames the tokens of a span, of the one that was clicked last where none is pointed at.
function show(root, span, keep) {
  if (keep) root.shown = span;
  const framed = span ?? root.shown;
  root.querySelectorAll(".t.framed").forEach((old) => old.classList.remove("framed"));
  if (!framed) return;
  const tokens = root.querySelectorAll(".t");
  for (let i = framed.first; i <= framed.last; i += 1) tokens[i]?.classList.add("framed");
  if (keep) {
    root.querySelector(".hover").hidden = true;
    tokens[framed.first]?.scrollIntoView({ block: "center" });
  }
}

function drawMarks(root, data, setStateValue) {
  const field = root.querySelector(".marks");
  field.querySelectorAll("label").forEach((old) => old.remove());
  for (const name of data.classes.filter((one) => one !== "other")) {
    const row = document.createElement("label");
    const box = document.createElement("input");
    box.type = "checkbox";
    box.checked = data.marks.includes(name);
    root.classList.toggle(`mark-${name}`, box.checked);
    box.onchange = () => {
      root.classList.toggle(`mark-${name}`, box.checked);
      const on = [...field.querySelectorAll("input")].filter((one) => one.checked);
      setStateValue("marks", on.map((one) => one.value));
    };
    box.value = name;
    const word = document.createElement("span");
    word.className = `sample s-${name}`;
    word.textContent = data.classNames[name];
    const count = document.createElement("span");
    count.className = "count";
    count.textContent = data.classCounts[name] ?? 0;
    row.append(box, word, count);
    field.append(row);
  }
}

function listen(root, data) {
  const text = root.querySelector(".text");
  const hover = root.querySelector(".hover");
  text.onmouseover = (event) => {
    const token = event.target.closest(".t");
    if (token) point(root, data, Number(token.dataset.i), false);
  };
  text.onmouseleave = () => { hover.hidden = true; };
  text.onblur = () => { hover.hidden = true; };
  text.onkeydown = (event) => {
    if (event.key === "Escape") hover.hidden = true;
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const last = data.cells.text.length - 1;
    const at = root.dataset.at === undefined ? -1 : Number(root.dataset.at);
    point(root, data, Math.max(0, Math.min(last, at + step)), true);
  };
}

function point(root, data, i, scroll) {
  const token = root.querySelector(`.t[data-i="${i}"]`);
  const hover = root.querySelector(".hover");
  root.querySelectorAll(".t.at").forEach((old) => old.classList.remove("at"));
  root.dataset.at = i;
  token.classList.add("at");
  if (scroll) token.scrollIntoView({ block: "center" });
  const { cells } = data;
  const n = cells.n[i];
  const position = n > 1
    ? `tokens ${cells.position[i] + 1}–${cells.position[i] + n}` : `token ${cells.position[i] + 1}`;
  const lines = [visible(cells.text[i])];
  if (data.scored) lines.push(`${signed(cells.value[i])} ${data.unit}`.trim());
  lines.push(`${position} of ${data.nTokens} · ${data.classNames[data.classes[cells.class[i]]]}`);
  hover.replaceChildren();
  lines.forEach((words, number) => {
    const line = document.createElement("div");
    line.className = ["token", data.scored ? "value" : "where", "where"][number];
    line.textContent = words;
    hover.append(line);
  });
  hover.hidden = false;
  const box = token.getClientRects()[0] ?? token.getBoundingClientRect();
  const { width, height } = hover.getBoundingClientRect();
  const left = Math.max(4, Math.min(box.left, window.innerWidth - width - 4));
  const above = box.top - height - 6;
  hover.style.left = `${left}px`;
  hover.style.top = `${above > 4 ? above : box.bottom + 6}px`;
}

// Spaces, line ends and control characters as something that can be seen.
function visible(text) {
  return text
    .replace(/ /g, "␣").replace(/\n/g, "↵").replace(/\t/g, "⇥")
    // eslint-disable-next-line no-control-regex
    .replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g,
      (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function signed(value) {
  if (!value) return "0";
  const size = Math.abs(value);
  let text;
  if (size >= 999.5 && size < 1e7) {
    text = String(Number(size.toPrecision(3))).replace(/\B(?=(\d{3})+$)/g, "\u202f");
  } else if (size >= 1e-4 && size < 999.5) {
    text = size.toPrecision(3);
  } else {
    text = size.toExponential(2).replace("e-", "e−").replace("e+", "e");
  }
  return (value > 0 ? "+" : "−") + text;
}
