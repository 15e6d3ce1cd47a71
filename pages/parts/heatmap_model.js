// The cells of a document as the page was sent them, and the elements that they are drawn as.
const CHUNK = 256;
const LONGEST = 2048; // cells in a chunk that no line end closes
const LONGEST_CHARACTERS = 20000;
const AT_ONCE = 1500; // tokens that are drawn before the first paint: more than fit the window
const CLASS_NAMES = ["connective", "code", "markdown", "fence", "number", "operator", "other"];
const ANSWER = 8;
const EXPLORATION = 16;
const ISOLATED = 32;
const MIDDLE = 8; // the shade of nothing

function bytesOf(packed) {
  const raw = atob(packed);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i += 1) bytes[i] = raw.charCodeAt(i);
  return bytes;
}

function countsOf([packed, long]) {
  const counts = new Uint32Array(bytesOf(packed));
  let next = 0;
  for (let i = 0; i < counts.length; i += 1) {
    if (counts[i] === 255) { counts[i] = long[next]; next += 1; }
  }
  return counts;
}

function realsOf(packed) {
  return new Float32Array(bytesOf(packed).buffer);
}

// Everything about the cells, unpacked: starts in UTF-16 units, kinds, shades, values, units.
function modelOf(data) {
  const lengths = countsOf(data.lengths);
  const n = lengths.length;
  const start = new Uint32Array(n + 1);
  for (let i = 0; i < n; i += 1) start[i + 1] = start[i] + lengths[i];
  const model = { n, start, text: data.text, kind: bytesOf(data.kinds), joined: new Map(data.joined) };
  model.scored = data.scored;
  model.values = data.scored ? realsOf(data.values) : null;
  model.unitOf = null;
  const shades = data.scored ? bytesOf(data.shades) : null;
  if (data.scored && data.units) {
    const sizes = countsOf(data.units);
    model.sums = realsOf(data.sums);
    model.unitStart = new Uint32Array(sizes.length + 1);
    model.unitOf = new Uint32Array(n);
    let at = 0;
    sizes.forEach((size, unit) => {
      model.unitOf.fill(unit, at, at + size);
      at += size;
      model.unitStart[unit + 1] = at;
    });
  }
  model.shade = (i) => (shades ? shades[model.unitOf ? model.unitOf[i] : i] - MIDDLE : 0);
  model.piece = (first, last) => data.text.slice(start[first], start[last + 1]);
  return model;
}

// The number of the first token of a cell, from 0.
function positionOf(model, i) {
  let extra = 0;
  model.joined.forEach((count, at) => { if (at < i) extra += count - 1; });
  return i + extra;
}

function namesOf(model, i) {
  const kind = model.kind[i];
  const shade = model.shade(i);
  let names = `t c-${CLASS_NAMES[kind & 7]}`;
  if (kind & ANSWER) names += " answer";
  if (kind & EXPLORATION) names += " exploration";
  if (kind & ISOLATED) names += " isolated";
  if (shade) {
    names += shade > 0 ? ` up${shade}` : ` down${-shade}`;
    if (/^[\r\n]+$/.test(model.piece(i, i))) names += " line";
  }
  return names;
}

// Cuts the text into chunks. Each holds its text at once and its tokens when it is built.
function drawText(root, data, model) {
  const box = root.querySelector(".text");
  box.replaceChildren();
  root.chunks = [];
  root.drawing = (root.drawing ?? 0) + 1;
  const turns = new Map(data.parts);
  let part = null;
  let first = 0;
  for (let i = 0; i < model.n; i += 1) {
    if (i === 0 || turns.has(i)) {
      const prompt = turns.get(i) === false;
      if (turns.size > 0) {
        label(box, prompt ? "Prompt: given to the model, no loss on it" : "Response: trained on");
      }
      part = add(box, "div", prompt ? "part prompt" : "part");
    }
    const size = i + 1 - first;
    const line = model.text.charCodeAt(model.start[i + 1] - 1) === 10;
    const full = size >= LONGEST || model.start[i + 1] - model.start[first] >= LONGEST_CHARACTERS;
    if (full || (size >= CHUNK && line) || i + 1 === model.n || turns.has(i + 1)) {
      const goesOn = !line && i + 1 < model.n && !turns.has(i + 1);
      addChunk(root, part, model.piece(first, i), { first, last: i, goesOn });
      first = i + 1;
    }
  }
  drawUnseen(root, data, model.start[model.n]);
  build(root, model, Math.min(AT_ONCE, model.n) - 1);
  buildLater(root, model, root.drawing);
}

function addChunk(root, parent, text, about) {
  const element = add(parent, "div", about.goesOn ? "chunk goes-on" : "chunk");
  const before = root.chunks.at(-1);
  const start = before ? before.start + before.length : 0;
  setSafely(element, text, root.blanks);
  root.chunks.push({ element, start, length: text.length, built: false, ...about });
}

// The rest of the text, which the model did not see: some of it at first.
function drawUnseen(root, data) {
  if (!data.unseen) return;
  const box = root.querySelector(".text");
  label(box, data.unseenLabel);
  const rest = add(box, "div", "part unseen");
  let at = 0;
  const button = document.createElement("button");
  const more = () => {
    const end = at === 0 ? LONGEST_CHARACTERS : data.unseen.length;
    while (at < Math.min(end, data.unseen.length)) {
      const stop = blockEnd(data.unseen, at, end);
      addChunk(root, rest, data.unseen.slice(at, stop), { first: -1, last: -1, goesOn: false });
      at = stop;
    }
    button.hidden = at >= data.unseen.length;
    button.textContent = `Show ${(data.unseen.length - at).toLocaleString("en").replaceAll(",", "\u202f")} more characters`;
  };
  more();
  button.type = "button";
  button.className = "more";
  button.onclick = more;
  box.append(button);
}

// Where a block of text ends: behind a line end after 4 000 characters, or after 20 000.
function blockEnd(text, at, end) {
  const line = text.indexOf("\n", at + 4000) + 1;
  const stop = Math.min(end, text.length, line > 0 ? line : Infinity, at + LONGEST_CHARACTERS);
  const high = text.charCodeAt(stop - 1);
  return high >= 0xd800 && high < 0xdc00 && stop < text.length ? stop + 1 : stop;
}

// Draws the tokens of the chunks up to that of cell `upto`.
function build(root, model, upto) {
  for (const chunk of root.chunks) {
    if (chunk.first > upto) return;
    buildChunk(root, model, chunk);
  }
}

function buildChunk(root, model, chunk) {
  if (chunk.built || chunk.first < 0) return;
  const fragment = document.createDocumentFragment();
  for (let i = chunk.first; i <= chunk.last; i += 1) {
    const token = document.createElement("span");
    token.className = namesOf(model, i);
    token.dataset.i = i;
    const text = model.piece(i, i);
    if (root.blanks && UNSEEABLE.test(text)) setSafely(token, text, true);
    else token.textContent = text;
    fragment.append(token);
  }
  chunk.element.replaceChildren(fragment);
  chunk.built = true;
}

// The chunks that are out of view, while the browser has nothing better to do.
function buildLater(root, model, drawing) {
  const soon = window.requestIdleCallback ?? ((work) => setTimeout(work, 30));
  const work = () => {
    if (root.drawing !== drawing || !root.isConnected) return;
    const until = performance.now() + 12;
    for (const chunk of root.chunks) {
      if (performance.now() > until) { soon(work, { timeout: 200 }); return; }
      buildChunk(root, model, chunk);
    }
  };
  soon(work, { timeout: 200 });
}

// Gives the tokens that are there the shades of another level or scale.
function shadeAgain(root, model) {
  for (const chunk of root.chunks) {
    if (chunk.built) {
      let i = chunk.first;
      for (const token of chunk.element.children) {
        token.className = namesOf(model, i);
        i += 1;
      }
    }
  }
  root.drawing += 1;
  buildLater(root, model, root.drawing);
}

// The element of a cell.
function cellElement(root, model, i) {
  const chunk = root.chunks.find((one) => one.first <= i && i <= one.last);
  if (!chunk) return null;
  buildChunk(root, model, chunk);
  return chunk.element.children[i - chunk.first];
}

// The selected characters of the text, in UTF-16 units, or null.
function selected(root) {
  const host = root.getRootNode();
  const selection = document.getSelection();
  let range = null;
  if (selection?.getComposedRanges && host instanceof ShadowRoot) {
    const [found] = selection.getComposedRanges({ shadowRoots: [host] });
    if (found && !found.collapsed) {
      range = document.createRange();
      range.setStart(found.startContainer, found.startOffset);
      range.setEnd(found.endContainer, found.endOffset);
    }
  } else {
    const own = host.getSelection ? host.getSelection() : selection;
    if (own?.rangeCount && !own.isCollapsed) range = own.getRangeAt(0);
  }
  if (!range || range.collapsed) return null;
  const inside = root.chunks.filter((chunk) => range.intersectsNode(chunk.element));
  if (!inside.length) return null;
  const first = inside[0];
  const last = inside.at(-1);
  const start = first.start + (first.element.contains(range.startContainer)
    ? lengthBefore(first.element, range.startContainer, range.startOffset) : 0);
  const end = last.start + (last.element.contains(range.endContainer)
    ? lengthBefore(last.element, range.endContainer, range.endOffset) : last.length);
  return start < end ? { start, end } : null;
}

function lengthBefore(element, node, offset) {
  const range = document.createRange();
  range.setStart(element, 0);
  range.setEnd(node, offset);
  return range.toString().length;
}

// The cell that holds a character.
function cellAt(model, at) {
  let low = 0;
  let high = model.n - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (model.start[middle] <= at) low = middle; else high = middle - 1;
  }
  return low;
}

function label(parent, words) {
  add(parent, "div", "label").textContent = words;
}

function add(parent, tag, className) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  parent.append(element);
  return element;
}

// The same with spaces left as they are, for openings of several words.
function opening(text) {
  const shown = visible(text.trim()).replaceAll("␣", " ").replaceAll("↵", " ");
  return shown || visible(text);
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
