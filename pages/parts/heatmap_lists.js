// What stands beside the text: the marked passage, spans, and the strongest units and tokens.
function drawAside(root, data, model, send) {
  drawPin(root, data, model, send);
  drawSpans(root, data, model, !root.inTextOrder);
  // Steps that are listed in full as spans are not listed twice.
  const again = data.level === "step" && data.spans.length > 0;
  drawEnds(root, ".units", again ? null : data.listed, data, model, send);
  drawEnds(root, ".tokens", data.tokens, data, model, send);
  const level = data.level ?? "token";
  const many = {
    word: "words", sentence: "sentences", step: "steps", behaviour: "behaviours", token: "tokens",
  }[level];
  const section = root.querySelector(".units");
  section.querySelector(".up-title").textContent = `Most helpful ${many}`;
  section.querySelector(".down-title").textContent = `Most harmful ${many}`;
}

function drawPin(root, data, model, send) {
  const section = root.querySelector(".pin");
  section.hidden = !data.pin;
  if (!data.pin) return;
  section.querySelector(".word").textContent = opening(data.pin.text);
  const lines = section.querySelector("dl");
  lines.replaceChildren();
  for (const [name, value] of data.pin.lines) {
    add(lines, "dt", "").textContent = name;
    add(lines, "dd", "").textContent = value;
  }
  section.querySelector(".clear").onclick = () => send(null);
  section.querySelector(".show").onclick = () => show(root, model, data.pin, true);
}

// The strongest of both signs; a click shows the place and marks it.
function drawEnds(root, name, sides, data, model, send) {
  const section = root.querySelector(name);
  section.hidden = !sides;
  if (!sides) return;
  [".helpful", ".harmful"].forEach((side, at) => {
    const list = section.querySelector(side);
    list.replaceChildren();
    for (const one of sides[at]) {
      const button = add(add(list, "li", ""), "button", "");
      button.type = "button";
      button.title = "Show in the text";
      add(button, "span", "word").textContent = one.first === one.last
        ? visible(one.text) : opening(one.text);
      add(button, "span", "value").textContent = one.value;
      button.onclick = () => {
        show(root, model, one, true);
        if (one.first === one.last) point(root, data, model, one.first, false);
        send(one);
      };
    }
    if (!sides[at].length) add(list, "li", "").textContent = "none";
  });
}

// The spans of the document, by size from most helpful to most harmful, or as the text has them.
function drawSpans(root, data, model, bySize) {
  const section = root.querySelector(".spans");
  section.hidden = !data.spans.length;
  root.classList.toggle("with-spans", data.spans.length > 0);
  section.querySelector("p").textContent = data.spansNote ?? "";
  const button = section.querySelector(".order");
  button.textContent = bySize ? "in text order" : "by influence";
  button.title = bySize ? "List them as the text has them" : "List them from most helpful down";
  button.onclick = () => {
    root.inTextOrder = bySize; // stays when the list is drawn anew
    drawSpans(root, data, model, !bySize);
  };
  const list = section.querySelector("ol");
  list.replaceChildren();
  const listed = bySize ? [...data.spans].sort((a, b) => b.value - a.value) : data.spans;
  for (const span of listed) {
    const row = add(add(list, "li", ""), "button", "");
    row.type = "button";
    row.title = `Show in the text: ${span.about}`;
    add(row, "span", "opening").textContent = opening(span.text) || "(blank)";
    add(row, "span", "value").textContent = span.shown;
    const track = add(row, "span", "track");
    add(track, "span", span.bar < 0 ? "down" : "up").style.width =
      `${50 * Math.min(1, Math.abs(span.bar))}%`;
    if (span.cut !== null) add(row, "span", "cut").textContent = `cut ${span.cut}`;
    row.onclick = () => show(root, model, span, true);
    row.onmouseenter = () => show(root, model, span, false);
    row.onmouseleave = () => show(root, model, null, false);
  }
}

// Frames the tokens of a passage, of the one that was clicked last where none is pointed at.
function show(root, model, passage, keep) {
  if (keep) root.shown = passage;
  const framed = passage ?? root.shown;
  (root.framed ?? []).forEach((old) => old.classList.remove("framed", "from", "to"));
  root.framed = [];
  if (!framed) return;
  for (let i = framed.first; i <= framed.last; i += 1) {
    const token = cellElement(root, model, i);
    if (!token) break;
    token.classList.add("framed");
    root.framed.push(token);
  }
  root.framed[0]?.classList.add("from");
  root.framed.at(-1)?.classList.add("to");
  if (keep) {
    root.querySelector(".hover").hidden = true;
    root.framed[0]?.scrollIntoView({ block: "center" });
  }
}

// The kinds that are underlined: their sample, how many tokens, which share of the influence.
function drawMarks(root, data, setStateValue) {
  const field = root.querySelector(".marks");
  field.querySelectorAll(".mark").forEach((old) => old.remove());
  field.querySelector("legend").textContent = data.scored
    ? "Underline (tokens · share of all influence, sizes summed)" : "Underline (tokens)";
  for (const one of data.overlays) {
    const on = data.marks.includes(one.name);
    root.classList.toggle(`mark-${one.name}`, on);
    if (data.compact && !(on && one.some)) continue;
    const row = add(field, data.compact ? "span" : "label", "mark");
    row.title = one.title;
    if (!data.compact) {
      const box = add(row, "input", "");
      box.type = "checkbox";
      box.checked = on;
      box.value = one.name;
      box.onchange = () => {
        root.classList.toggle(`mark-${one.name}`, box.checked);
        const boxes = [...field.querySelectorAll("input")].filter((each) => each.checked);
        setStateValue("marks", boxes.map((each) => each.value));
      };
    }
    add(row, "span", `sample s-${one.name}`).textContent = one.label;
    const share = one.share && one.some ? ` · ${one.share}` : "";
    add(row, "span", "count").textContent = one.count + share;
    if (one.found && on && !data.compact) add(row, "span", "found").textContent = `(${one.found})`;
  }
  field.hidden = !field.querySelector(".mark");
}

function drawLegend(root, data) {
  const legend = root.querySelector(".legend");
  legend.hidden = !data.scored;
  if (!data.scored) return;
  root.querySelector(".low").textContent = data.low;
  root.querySelector(".high").textContent = data.high;
  root.querySelector(".words").textContent = data.words;
  const swatches = root.querySelector(".swatches");
  swatches.replaceChildren();
  for (let shade = -MIDDLE; shade <= MIDDLE; shade += 1) {
    let name = "";
    if (shade) name = shade > 0 ? `up${shade}` : `down${-shade}`;
    add(swatches, "span", name);
  }
}
