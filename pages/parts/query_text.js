// A prompt and its completion, each explained token shaded by its nats. Every text is set with
// textContent.
const CHUNK = 256;
const LONGEST = 2048;

export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".nats");
  if (root.dataset.id !== data.id) {
    root.dataset.id = data.id;
    delete root.dataset.at;
    hide(root);
    root.blanks = false;
    drawHidden(root, data);
    root.classList.toggle("unscored", !data.scored);
    drawText(root, data);
    drawLegend(root, data);
    drawList(root, data);
  }
  listen(root, data);
  // Called anew at every drawing, and told of the end of the last one only: it alone listens.
  root.stop?.abort();
  const stop = (root.stop = new AbortController());
  window.addEventListener("scroll", () => scrolled(root), { capture: true, signal: stop.signal });
  return () => stop.abort();
}

function drawText(root, data) {
  const text = root.querySelector(".text");
  text.replaceChildren();
  const { cells } = data;
  let part = null;
  let chunk = null;
  let count = 0;
  cells.text.forEach((words, i) => {
    if (i === 0 || i === data.completionFrom) {
      const prompt = i < data.completionFrom;
      make("div", prompt ? data.promptLabel : data.completionLabel, text).className = "label";
      part = make("div", null, text);
      part.className = prompt ? "part prompt" : "part completion";
      chunk = null;
    }
    if (chunk === null) {
      chunk = make("div", null, part);
      chunk.className = "chunk";
      count = 0;
    }
    const token = make("span", null, chunk);
    setSafely(token, words, root.blanks);
    token.dataset.i = i;
    const shade = cells.shade[i];
    token.className = cells.nats[i] === null ? "t plain" : shade ? `t n${shade}` : "t";
    // A line end has no width that a shade could be seen on.
    if (cells.nats[i] !== null && /^[\r\n]+$/.test(words)) {
      token.classList.add("blank");
      token.dataset.seen = "↵";
    }
    count += 1;
    // A chunk is a block: ending it where the text has a line end keeps the lines as they are.
    if (count >= LONGEST || (count >= CHUNK && words.endsWith("\n"))) chunk = null;
  });
}

// Says what cannot be seen, and shows where it is on demand.
function drawHidden(root, data) {
  const note = root.querySelector(".hidden");
  note.hidden = !data.hidden;
  note.querySelector("span").textContent = data.hidden;
  const shows = note.querySelector("input");
  shows.checked = false;
  shows.onchange = () => {
    root.blanks = shows.checked;
    drawText(root, data);
  };
}

function drawLegend(root, data) {
  root.querySelector(".low").textContent = data.low;
  root.querySelector(".high").textContent = data.high;
  root.querySelector(".words").textContent = data.words;
  const swatches = root.querySelector(".swatches");
  swatches.replaceChildren();
  for (let shade = 0; shade <= data.shades; shade += 1) {
    const swatch = make("span", null, swatches);
    if (shade) swatch.className = `n${shade}`;
  }
}

function drawList(root, data) {
  const aside = root.querySelector("aside");
  aside.hidden = !data.surprising.length;
  aside.querySelector("p").textContent = data.listNote;
  const list = aside.querySelector("ol");
  list.replaceChildren();
  for (const i of data.surprising) {
    const button = make("button", null, make("li", null, list));
    button.type = "button";
    button.title = "Show in the text";
    make("span", visible(data.cells.text[i]), button).className = "word";
    make("span", `${data.cells.written[i]} nats`, button);
    button.onclick = () => point(root, data, i, true);
  }
}

function listen(root, data) {
  const text = root.querySelector(".text");
  text.onmouseover = (event) => {
    const token = event.target.closest(".t");
    if (token) point(root, data, Number(token.dataset.i), false);
  };
  text.onmouseleave = () => hide(root);
  text.onblur = () => hide(root);
  text.onkeydown = (event) => {
    if (event.key === "Escape") hide(root);
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const last = data.cells.text.length - 1;
    let at = root.dataset.at === undefined ? -1 : Number(root.dataset.at);
    // Over what is not explained, in one step.
    do { at += step; } while (data.scored && at >= 0 && at < last && data.cells.nats[at] === null);
    at = Math.max(0, Math.min(last, at));
    if (!data.scored || data.cells.nats[at] !== null) point(root, data, at, true);
  };
}

function point(root, data, i, scroll) {
  const token = root.querySelector(`.t[data-i="${i}"]`);
  const hover = root.querySelector(".hover");
  root.querySelectorAll(".t.at").forEach((old) => old.classList.remove("at"));
  root.dataset.at = i;
  token.classList.add("at");
  if (scroll) token.scrollIntoView({ block: "nearest", behavior: "instant" });
  const { cells } = data;
  const explained = cells.nats[i] !== null;
  const n = cells.n[i];
  const first = cells.position[i] + 1;
  const lines = [
    ["token", visible(cells.text[i])],
    ["value", explained
      ? `${cells.written[i]} nats · probability ${cells.probability[i]}`
      : data.unexplained],
    ["where", `${n > 1 ? `tokens ${first}–${first + n - 1}` : `token ${first}`} of ${data.nCells}`
      + `, ${i < data.completionFrom ? "in the prompt" : "in the completion"}`],
  ];
  hover.replaceChildren();
  for (const [name, words] of lines) make("div", words, hover).className = name;
  root.pointed = { token, follows: scroll };
  place(root);
}

// Shows the note beside the token that it is of.
function place(root) {
  const { token } = root.pointed;
  const hover = root.querySelector(".hover");
  hover.hidden = false;
  const box = boxOf(token);
  const { width, height } = hover.getBoundingClientRect();
  hover.style.left = `${Math.max(4, Math.min(box.left, window.innerWidth - width - 4))}px`;
  const above = box.top - height - 6;
  hover.style.top = `${above > 4 ? above : box.bottom + 6}px`;
  Object.assign(root.pointed, { left: box.left, top: box.top });
}

// The event of a scroll comes a frame later or more: also that of the scroll to the token itself,
// which has moved nothing since. A note that keys or the list have brought up goes with its token.
function scrolled(root) {
  if (root.querySelector(".hover").hidden) return;
  const { token, follows, left, top } = root.pointed;
  const box = boxOf(token);
  if (Math.abs(box.left - left) < 1 && Math.abs(box.top - top) < 1) return;
  const text = root.querySelector(".text").getBoundingClientRect();
  const seen = box.bottom > Math.max(0, text.top)
    && box.top < Math.min(window.innerHeight, text.bottom);
  if (follows && token.isConnected && seen) place(root);
  else hide(root);
}

function boxOf(token) {
  return token.getClientRects()[0] ?? token.getBoundingClientRect();
}

function hide(root) {
  root.querySelector(".hover").hidden = true;
}

function make(tag, text, parent) {
  const element = document.createElement(tag);
  if (text !== null) element.textContent = text;
  parent.append(element);
  return element;
}
