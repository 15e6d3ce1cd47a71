// The report: figures from their data, and what stands at a piece of text that is pointed at.
// All texts are there already; nothing here makes markup of any.
"use strict";
const bubble = document.getElementById("bubble");
const dark = window.matchMedia("(prefers-color-scheme: dark)");
let pointed = null; // the token that the bubble is of, and where that was
const TEXTS = new Set(["customdata", "text", "hovertext", "hovertemplate", "x", "y", "z", "name"]);

function data(id) {
  return JSON.parse(document.getElementById(id).textContent);
}

function recoloured(part, palette) {
  if (typeof part === "string") return palette[part] ?? part;
  if (Array.isArray(part)) return part.map((one) => recoloured(one, palette));
  if (part === null || typeof part !== "object") return part;
  return Object.fromEntries(Object.entries(part).map(([name, value]) => [
    name,
    TEXTS.has(name) && (value === null || typeof value !== "object" || Array.isArray(value))
      ? value : recoloured(value, palette),
  ]));
}

function drawFigures(isDark) {
  const ink = isDark ? "#e4e8ee" : "#1c2430";
  const grid = isDark ? "#2b323c" : "#e3e6eb";
  const palette = isDark ? data("palette") : {};
  const axis = {
    gridcolor: grid, zerolinecolor: isDark ? "#5a6472" : "#9aa3af", linecolor: grid,
    automargin: true,
  };
  const template = { layout: { xaxis: axis, yaxis: axis, colorway: ["#0B6E99", "#B35A00"] } };
  for (const place of document.querySelectorAll(".plot")) {
    const figure = recoloured(data(place.dataset.figure), palette);
    const layout = {
      ...figure.layout,
      template,
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: ink, family: "system-ui, sans-serif", size: 13 },
      autosize: true,
    };
    Plotly.react(place, figure.data, layout, {
      displaylogo: false, responsive: true,
      modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d"],
      toImageButtonOptions: { format: "svg", filename: place.dataset.file },
    });
  }
}

function point(text, token, scroll) {
  text.querySelectorAll(".t.at").forEach((old) => old.classList.remove("at"));
  token.classList.add("at");
  if (scroll) token.scrollIntoView({ block: "nearest" });
  bubble.textContent = token.dataset.s;
  bubble.hidden = false;
  const box = boxOf(token);
  pointed = { token, left: box.left, top: box.top };
  const size = bubble.getBoundingClientRect();
  const above = box.top > size.height + 8;
  bubble.style.top = `${above ? box.top - size.height - 6 : box.bottom + 6}px`;
  bubble.style.left = `${Math.max(4, Math.min(box.left, window.innerWidth - size.width - 4))}px`;
}

function boxOf(token) {
  return token.getClientRects()[0] ?? token.getBoundingClientRect();
}

// The event of a scroll comes a frame later or more: also that of the scroll to the token itself,
// which has moved nothing since.
function scrolled() {
  if (bubble.hidden) return;
  const box = boxOf(pointed.token);
  bubble.hidden = Math.abs(box.left - pointed.left) >= 1 || Math.abs(box.top - pointed.top) >= 1;
}

function listen(text) {
  const away = () => {
    bubble.hidden = true;
    text.querySelectorAll(".t.at").forEach((old) => old.classList.remove("at"));
  };
  text.addEventListener("mouseover", (event) => {
    const token = event.target.closest(".t");
    if (token) point(text, token, false);
  });
  text.addEventListener("mouseleave", away);
  text.addEventListener("scroll", scrolled);
  text.addEventListener("blur", away);
  text.addEventListener("keydown", (event) => {
    if (event.key === "Escape") away();
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    text.tokens ??= [...text.querySelectorAll(".t")];
    const at = text.tokens.indexOf(text.querySelector(".t.at"));
    const next = text.tokens[Math.max(0, Math.min(text.tokens.length - 1, at + step))];
    if (next) point(text, next, true);
  });
}

document.querySelectorAll(".heat .text").forEach(listen);
window.addEventListener("scroll", scrolled);
if (document.querySelector(".plot")) {
  drawFigures(dark.matches);
  dark.addEventListener("change", () => drawFigures(dark.matches));
  // Paper is white.
  window.addEventListener("beforeprint", () => drawFigures(false));
  window.addEventListener("afterprint", () => drawFigures(dark.matches));
}
