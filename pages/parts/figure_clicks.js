// Tells which cell of a heatmap was clicked: Streamlit itself reports clicks on points only.
export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const box = document.querySelector(`.st-key-${data.box}`);
  if (!box) return;
  let listened = null;
  const take = (event) => {
    const point = event.points?.[0];
    if (!point || point.fullData?.type !== "heatmap") return;
    const [row, column] = point.pointIndex ?? point.pointNumber ?? [];
    if (Number.isInteger(row) && Number.isInteger(column)) setTriggerValue("clicked", [row, column]);
  };
  const release = () => {
    listened?.plot.removeListener?.("plotly_click", take);
    listened = null;
  };
  // Plotly makes its element, and the events of it, anew when it sees fit.
  const attach = () => {
    const plot = box.querySelector(".js-plotly-plot");
    if (!plot?.on || (listened?.plot === plot && listened.events === plot._ev)) return;
    release();
    plot.on("plotly_click", take);
    listened = { plot, events: plot._ev };
    box.dataset.clicks = "heard"; // for tests: from now on a click is heard
  };
  // Called anew when the theme changes, and told of the end of the last call only: it alone tells.
  parentElement.stop?.();
  attach();
  const watcher = new MutationObserver(attach);
  watcher.observe(box, { childList: true, subtree: true });
  const stop = () => {
    watcher.disconnect();
    release();
  };
  parentElement.stop = stop;
  return stop;
}
