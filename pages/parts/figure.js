// Saves a figure as SVG or PNG, with its caption under it. Plotly's own camera makes the file from
// what the figure's element says at that moment: the caption is put there and taken away again.
const LINE = 15;

export default function (component) {
  const { data, parentElement } = component;
  for (const button of parentElement.querySelectorAll("button")) {
    button.setAttribute("aria-label", `${data.name} as ${button.textContent}`);
    button.onclick = () => save(data, button.value);
  }
}

function save(data, format) {
  const plot = document.querySelector(`.st-key-${data.box} .js-plotly-plot`);
  const camera = plot?.querySelector('.modebar-btn[data-title^="Download plot"]');
  if (!camera) return;
  const { layout } = plot;
  const options = plot._context.toImageButtonOptions;
  const full = plot._fullLayout;
  const lines = wrapped(data.caption, Math.max(30, Math.floor((full.width - 20) / 6)));
  const more = lines.length * LINE + 24;
  plot.layout = {
    ...layout,
    title: {
      text: lines.map(inert).join("<br>"),
      font: { size: 11, weight: 400 },
      x: 0, xref: "container", xanchor: "left",
      y: 0, yref: "container", yanchor: "bottom",
      pad: { l: 10, b: 8 },
      automargin: false,
    },
    margin: { ...layout.margin, b: (layout.margin?.b ?? 80) + more },
  };
  plot._context.toImageButtonOptions = {
    format,
    filename: data.file,
    width: full.width,
    height: full.height + more,
    scale: format === "png" ? 2 : 1,
  };
  try {
    camera.click();
  } finally {
    plot.layout = layout;
    plot._context.toImageButtonOptions = options;
  }
}

function wrapped(text, length) {
  const lines = [""];
  for (const word of text.split(" ")) {
    for (let rest = word, first = true; rest || first; first = false) {
      const piece = rest.slice(0, length);
      rest = rest.slice(length);
      const last = lines[lines.length - 1];
      if (!last) lines[lines.length - 1] = piece;
      else if (last.length + 1 + piece.length <= length) lines[lines.length - 1] += ` ${piece}`;
      else lines.push(piece);
    }
  }
  return lines;
}

function inert(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
