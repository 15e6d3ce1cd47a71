// The scores of all documents as bars on a logarithmic count axis. A drag, a click on a bar or
// Enter selects a range of scores.
const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 132, TOP = 20, BOTTOM = 34, LEFT = 50, RIGHT = 10;
const BASE = 15; // pixels of the page's type on a desk, as .streamlit/config.toml has it

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".strip");
  root.tell = setTriggerValue;
  const same = root.dataset.signature === data.signature;
  root.dataset.signature = data.signature;
  if (!same) {
    root.at = null;
    root.dragging = false;
    table(root.querySelector(".counts"), data);
  }
  root.querySelector(".words").textContent = data.words;
  const paint = () => { if (root.clientWidth) draw(root, data); };
  paint();
  // Called anew at every drawing, and told of the end of the last one only: that of an earlier one
  // would paint what it was given then.
  root.resized?.disconnect();
  const resized = (root.resized = new ResizeObserver(() => {
    if (root.clientWidth !== root.drawnAt || zoomOf() !== root.zoom) paint();
  }));
  resized.observe(root);
  for (const button of root.querySelectorAll("button")) {
    button.onclick = () => save(root, data, button.dataset.kind);
  }
  return () => resized.disconnect();
}

// How much larger the page's type is than on a desk: the drawing grows with it.
function zoomOf() {
  return parseFloat(getComputedStyle(document.documentElement).fontSize) / BASE || 1;
}

// Lengths -----------------------------------------------------------------------------------------

function scales(width, data) {
  const edges = data.edges, low = edges[0], high = edges[edges.length - 1];
  const floor = Math.log10(0.6), top = Math.log10(Math.max(1, ...data.counts)) + 0.12;
  const x = (value) => LEFT + ((value - low) / (high - low || 1)) * (width - LEFT - RIGHT);
  const y = (count) => {
    const share = (Math.log10(count) - floor) / (top - floor);
    return HEIGHT - BOTTOM - Math.max(0, share) * (HEIGHT - TOP - BOTTOM);
  };
  return { x, y, low, high, top };
}

// 1, 2 or 5 times a power of ten, so that about n ticks stand between both ends.
function ticks(low, high, n) {
  const rough = (high - low) / n || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * power).find((one) => one >= rough);
  const found = [];
  for (let at = Math.ceil(low / step); at * step <= high + step / 1e6; at += 1) found.push(at * step);
  return [found, step];
}

function written(value, step) {
  if (!value) return "0";
  const size = Math.abs(value);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const text = digits > 5 || size >= 1e6 ? size.toExponential(0).replace("e-", "e−").replace("e+", "e")
    : size.toFixed(digits);
  return (value < 0 ? "−" : "") + text;
}

function whole(count) {
  return String(count).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

// Drawing -----------------------------------------------------------------------------------------

function draw(root, data) {
  const svg = root.querySelector("svg");
  const zoom = root.zoom = zoomOf();
  const width = root.clientWidth / zoom;
  root.drawnAt = root.clientWidth;
  svg.replaceChildren();
  svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
  svg.setAttribute("width", width * zoom);
  svg.setAttribute("height", HEIGHT * zoom);
  svg.setAttribute("aria-label", data.alt);
  if (!data.counts.length) return;
  const scale = scales(width, data);
  const floor = HEIGHT - BOTTOM;
  for (let power = 0; power <= scale.top; power += 1) {
    const y = scale.y(10 ** power);
    add(svg, "line", { x1: LEFT, x2: width - RIGHT, y1: y, y2: y, class: "grid" });
    if (scale.top < 5 || power % 2 === 0) {
      add(svg, "text", { x: LEFT - 6, y: y + 3.5, class: "tick end" }, whole(10 ** power));
    }
  }
  add(svg, "text", { x: 2, y: 11, class: "tick" }, "Documents (log scale)");
  const [at, step] = ticks(scale.low, scale.high, Math.max(3, Math.floor(width / 110)));
  for (const value of at) {
    const x = scale.x(value);
    add(svg, "line", { x1: x, x2: x, y1: floor, y2: floor + 4, class: "axis" });
    add(svg, "text", { x, y: floor + 15, class: "tick middle" }, written(value, step));
  }
  add(svg, "text", { x: (LEFT + width - RIGHT) / 2, y: HEIGHT - 4, class: "tick middle" }, data.axis);
  const range = selected(root, data);
  const bars = add(svg, "g", {});
  data.counts.forEach((count, index) => {
    const x = scale.x(data.edges[index]), next = scale.x(data.edges[index + 1]);
    if (!count) return;
    const y = scale.y(count);
    const middle = (data.edges[index] + data.edges[index + 1]) / 2;
    const side = !data.signed ? "plain" : middle < 0 ? "down" : "up";
    const out = range && (index < range[0] || index > range[1]) ? " out" : "";
    add(bars, "rect", {
      x: x + 0.5, y, width: Math.max(1, next - x - 1), height: floor - y, class: side + out,
    });
  });
  add(svg, "line", { x1: LEFT, x2: width - RIGHT, y1: floor, y2: floor, class: "axis" });
  for (const tail of data.tails) {
    const x = scale.x(tail.at);
    add(svg, "line", { x1: x, x2: x, y1: TOP - 4, y2: floor, class: "tail" });
    // A word that would leave the drawing stands on the other side of its line.
    const long = tail.words.length * 5.6;
    const left = tail.side === "harmful" ? x - long > LEFT : x + long > width - RIGHT;
    add(svg, "text", { x: left ? x - 4 : x + 4, y: TOP + 2, class: left ? "tick end" : "tick" },
      tail.words);
  }
  if (data.mark) {
    const x = scale.x(Math.min(scale.high, Math.max(scale.low, data.mark.value)));
    add(svg, "path", { d: `M${x - 5} ${TOP - 15}h10l-5 8z`, class: "mark" });
    add(svg, "line", { x1: x, x2: x, y1: TOP - 8, y2: floor, class: "mark" });
    add(svg, "title", {}, data.mark.words);
  }
  const cover = add(svg, "rect", { class: "cover", y: TOP, height: floor - TOP });
  if (root.at !== null) band(cover, scale, data, root.at, root.from ?? root.at);
  else cover.setAttribute("width", 0);
  listen(root, svg, data, scale, cover);
}

function band(cover, scale, data, one, other) {
  const first = Math.min(one, other), last = Math.max(one, other);
  const x = scale.x(data.edges[first]);
  cover.setAttribute("x", x);
  cover.setAttribute("width", Math.max(1, scale.x(data.edges[last + 1]) - x));
}

// The first and last bar of the range that the ranking is restricted to.
function selected(root, data) {
  if (data.low === null && data.high === null) return null;
  const inside = data.counts.map((_, index) => {
    const middle = (data.edges[index] + data.edges[index + 1]) / 2;
    return (data.low === null || middle >= data.low) && (data.high === null || middle <= data.high);
  });
  return [inside.indexOf(true), inside.lastIndexOf(true)];
}

// Selecting ---------------------------------------------------------------------------------------

function listen(root, svg, data, scale, cover) {
  const hover = root.querySelector(".hover");
  const n = data.counts.length;
  const bin = (event) => {
    const box = svg.getBoundingClientRect();
    const value = scale.low + (scale.high - scale.low)
      * (((event.clientX - box.left) / root.zoom - LEFT) / (box.width / root.zoom - LEFT - RIGHT));
    const index = data.edges.findIndex((edge) => value < edge) - 1;
    return Math.max(0, Math.min(n - 1, value >= scale.high ? n - 1 : index));
  };
  const say = (one, other) => {
    const first = Math.min(one, other), last = Math.max(one, other);
    const count = data.counts.slice(first, last + 1).reduce((sum, now) => sum + now, 0);
    hover.textContent = `${data.names[first][0]} to ${data.names[last][1]} ${data.unit}: `
      + `${whole(count)} ${count === 1 ? "document" : "documents"}`;
    band(cover, scale, data, one, other);
    root.at = one;
    root.from = other;
  };
  const quiet = () => {
    hover.textContent = data.hint;
    cover.setAttribute("width", 0);
    root.at = root.from = null;
  };
  const take = () => {
    const first = Math.min(root.at, root.from), last = Math.max(root.at, root.from);
    const count = data.counts.slice(first, last + 1).reduce((sum, now) => sum + now, 0);
    if (count) root.tell("range", [data.edges[first], data.edges[last + 1]]);
  };
  // `root.dragging`: a drag goes on when the bars are drawn anew under it.
  svg.onpointermove = (event) => {
    const here = bin(event);
    say(here, root.dragging ? root.from : here);
  };
  svg.onpointerdown = (event) => {
    if (event.button) return;
    root.dragging = true;
    svg.setPointerCapture(event.pointerId);
    say(bin(event), bin(event));
    event.preventDefault();
    svg.focus({ preventScroll: true });
  };
  svg.onpointerup = () => {
    if (root.dragging) take();
    root.dragging = false;
  };
  svg.onpointercancel = () => { root.dragging = false; quiet(); };
  svg.onpointerleave = () => { if (!root.dragging) quiet(); };
  svg.onblur = quiet;
  svg.onkeydown = (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by) {
      const range = selected(root, data);
      const start = root.at ?? (range ? range[0] : data.counts.indexOf(Math.max(...data.counts)));
      let next = root.at === null ? start : start + by;
      // Bars without documents are stepped over.
      while (next > 0 && next < n - 1 && !data.counts[next] && !event.shiftKey) next += by;
      next = Math.max(0, Math.min(n - 1, next));
      say(next, event.shiftKey && root.from !== null ? root.from : next);
    } else if (event.key === "Enter" && root.at !== null) {
      take();
      quiet(); // the range is what was pointed at: the next Escape takes it off
    } else if (event.key === "Escape") {
      if (root.at === null && (data.low !== null || data.high !== null)) root.tell("range", []);
      quiet();
    } else return;
    event.preventDefault();
  };
  if (root.at === null) hover.textContent = data.hint;
}

// The same for who cannot see it, and as a file ---------------------------------------------------

function table(holder, data) {
  holder.replaceChildren();
  const caption = document.createElement("caption");
  caption.textContent = data.alt;
  holder.append(caption);
  data.counts.forEach((count, index) => {
    if (!count) return;
    const row = holder.insertRow();
    row.insertCell().textContent = `${data.names[index][0]} to ${data.names[index][1]} ${data.unit}`;
    row.insertCell().textContent = `${whole(count)} documents`;
  });
}

function save(root, data, kind) {
  const svg = root.querySelector("svg");
  const copy = svg.cloneNode(true);
  const width = root.clientWidth / root.zoom, height = HEIGHT + 20;
  copy.setAttribute("xmlns", SVG);
  copy.setAttribute("viewBox", `0 0 ${width} ${height}`);
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  copy.querySelector(".cover")?.remove();
  // The file must look the same without the page's style sheet.
  const from = [...svg.querySelectorAll("*")].filter((one) => !one.matches(".cover"));
  [...copy.querySelectorAll("*")].forEach((one, index) => {
    const style = getComputedStyle(from[index]);
    for (const name of ["fill", "stroke", "stroke-width", "stroke-dasharray", "opacity", "font-size",
      "text-anchor"]) one.setAttribute(name, style.getPropertyValue(name));
    one.setAttribute("font-family", "sans-serif");
    one.removeAttribute("class");
  });
  const ground = document.createElementNS(SVG, "rect");
  const style = getComputedStyle(root);
  for (const [name, value] of [["width", width], ["height", height],
    ["fill", style.getPropertyValue("--st-background-color") || "#fff"]]) ground.setAttribute(name, value);
  copy.prepend(ground);
  const ink = getComputedStyle(svg).color;
  add(copy, "text", { x: 2, y: height - 5, fill: ink, "font-size": "10px", "font-family": "sans-serif" },
    data.caption);
  const text = new XMLSerializer().serializeToString(copy);
  const blob = new Blob([text], { type: "image/svg+xml" });
  if (kind === "svg") return hand(blob, `${data.file}.svg`);
  const image = new Image();
  const address = URL.createObjectURL(blob);
  image.onload = () => {
    const canvas = document.createElement("canvas");
    canvas.width = width * 3;
    canvas.height = height * 3;
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    URL.revokeObjectURL(address);
    canvas.toBlob((made) => hand(made, `${data.file}.png`), "image/png");
  };
  image.src = address;
  return undefined;
}

function hand(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function add(parent, tag, attributes, text) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  parent.append(element);
  return element;
}
