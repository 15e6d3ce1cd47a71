// A document under its token influence. Every text is set with textContent, in chunks that the
// browser lays out only when they come into view.
export default function (component) {
  const { data, parentElement, setStateValue, setTriggerValue } = component;
  const root = parentElement.querySelector(".heatmap");
  const model = modelOf(data);
  const send = (passage) => {
    setTriggerValue("passage", passage ? `${passage.first}-${passage.last}` : "none");
    if (!passage) show(root, model, null, true);
  };
  const textId = `${data.id} ${data.blanks}`;
  const isNew = root.dataset.id !== textId;
  root.classList.toggle("compact", data.compact);
  root.classList.toggle("unscored", !data.scored);
  if (isNew) {
    root.dataset.id = textId;
    root.blanks = data.blanks;
    root.shown = null;
    root.framed = [];
    root.removeAttribute("data-at");
    root.querySelector(".hover").hidden = true;
    drawText(root, data, model);
  } else if (data.shades !== root.shadesDrawn || data.kinds !== root.kindsDrawn) {
    shadeAgain(root, model);
  }
  root.shadesDrawn = data.shades;
  root.kindsDrawn = data.kinds;
  drawLegend(root, data);
  drawMarks(root, data, setStateValue);
  drawAside(root, data, model, send);
  const pinned = data.pin ? `${data.pin.first}-${data.pin.last}` : "";
  if (isNew || pinned !== root.pinned) {
    root.pinned = pinned;
    // Someone who has just clicked or dragged here looks at the place already.
    const seen = root.sent === pinned && !isNew;
    root.shown = data.pin;
    show(root, model, data.pin, Boolean(data.pin) && !seen);
    if (data.pin && isNew) showAgain(root);
  } else {
    show(root, model, null, false);
  }
  listen(root, data, model, (passage) => {
    root.sent = passage ? `${passage.first}-${passage.last}` : "";
    send(passage);
  });
}

// Brings the marked passage to the middle once more, when what stands above it has been drawn too;
// not when someone has begun to do something by then: the page is not moved under a hand.
function showAgain(root) {
  root.again?.abort();
  const again = (root.again = new AbortController());
  const timer = setTimeout(() => {
    again.abort();
    root.framed[0]?.scrollIntoView({ block: "center" });
  }, 250);
  const begun = () => { again.abort(); clearTimeout(timer); };
  for (const kind of ["pointerdown", "wheel", "touchstart", "keydown"]) {
    window.addEventListener(kind, begun, { capture: true, passive: true, signal: again.signal });
  }
}

function listen(root, data, model, send) {
  const text = root.querySelector(".text");
  const hover = root.querySelector(".hover");
  text.onmouseover = (event) => {
    const token = event.target.closest(".t");
    if (token && !event.buttons) point(root, data, model, Number(token.dataset.i), false);
  };
  text.onmouseleave = () => { hover.hidden = true; };
  text.onblur = () => { hover.hidden = true; };
  text.oncopy = (event) => {
    const range = selected(root);
    if (!range) return;
    // What the browser would copy has line ends between the chunks and the labels.
    event.clipboardData.setData("text/plain", (data.text + data.unseen).slice(range.start, range.end));
    event.preventDefault();
  };
  text.onkeydown = (event) => onKey(root, data, model, send, event);
  if (data.compact) return;
  text.onclick = (event) => {
    const range = selected(root);
    if (range) {
      if (range.start >= model.start[model.n]) return;
      const passage = { first: cellAt(model, range.start), last: cellAt(model, range.end - 1) };
      show(root, model, passage, false);
      root.shown = passage;
      send(passage);
      return;
    }
    const token = event.target.closest(".t");
    if (!token) return;
    const i = Number(token.dataset.i);
    point(root, data, model, i, false);
    root.shown = { first: i, last: i };
    show(root, model, null, false);
    send(root.shown);
  };
}

// Arrows step through the tokens, with Shift they widen the passage, Enter marks it.
function onKey(root, data, model, send, event) {
  const hover = root.querySelector(".hover");
  if (event.key === "Escape") {
    hover.hidden = true;
    if (root.shown && !data.compact) { root.shown = null; send(null); }
    return;
  }
  const at = root.dataset.at === undefined ? -1 : Number(root.dataset.at);
  if (event.key === "Enter" && at >= 0 && !data.compact) {
    event.preventDefault();
    root.shown = root.widening ?? { first: at, last: at };
    root.widening = null;
    show(root, model, null, false);
    send(root.shown);
    return;
  }
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  const next = Math.max(0, Math.min(model.n - 1, at + step));
  if (event.shiftKey && at >= 0) {
    const old = root.widening ?? { first: at, last: at, anchor: at };
    root.widening = {
      anchor: old.anchor, first: Math.min(old.anchor, next), last: Math.max(old.anchor, next),
    };
    show(root, model, root.widening, false);
  } else {
    root.widening = null;
  }
  point(root, data, model, next, true);
}

// Says what a token is and does.
function point(root, data, model, i, scroll) {
  const token = cellElement(root, model, i);
  const hover = root.querySelector(".hover");
  if (!token) return;
  root.pointed?.classList.remove("at");
  root.pointed = token;
  root.dataset.at = i;
  token.classList.add("at");
  if (scroll) token.scrollIntoView({ block: "nearest" });
  hover.replaceChildren();
  const line = (name, words) => { add(hover, "div", name).textContent = words; };
  const unit = (value) => `${signed(value)} ${data.unit}`.trim();
  if (model.unitOf) {
    const of = model.unitOf[i];
    const name = data.names.length ? data.names[data.nameOf[of]] : "";
    const words = opening(model.piece(model.unitStart[of], model.unitStart[of + 1] - 1));
    line("token", words.length > 160 ? `${words.slice(0, 159)}…` : words);
    line("value", `${unit(model.sums[of])} · this ${data.level}${name ? `: ${name}` : ""}`);
    line("token", visible(model.piece(i, i)));
    line("where", `${unit(model.values[i])} · this token`);
  } else {
    line("token", visible(model.piece(i, i)));
    if (data.scored) line("value", unit(model.values[i]));
  }
  const n = model.joined.get(i) ?? 1;
  const position = positionOf(model, i) + 1;
  const tokens = n > 1 ? `tokens ${position}–${position + n - 1}` : `token ${position}`;
  const kind = model.kind[i];
  const also = (kind & ANSWER ? " · answer" : "") + (kind & EXPLORATION ? " · exploration" : "");
  line("where", `${tokens} of ${data.nTokens} · ${data.classNames[kind & 7]}${also}`);
  hover.hidden = false;
  const box = token.getClientRects()[0] ?? token.getBoundingClientRect();
  const { width, height } = hover.getBoundingClientRect();
  const left = Math.max(4, Math.min(box.left, window.innerWidth - width - 4));
  const above = box.top - height - 6;
  hover.style.left = `${left}px`;
  hover.style.top = `${above > 4 ? above : box.bottom + 6}px`;
}
