// A presentation: keys, full screen and the footer. Every text is set with textContent.
export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  oneEntryAStep();
  drawnAfter(data.step);
  const get = (selector) => parentElement.querySelector(selector);
  const footer = get(".footer");
  document.documentElement.setAttribute("data-presenting", "");
  get(".text").textContent = data.text;
  get(".title").textContent = data.title;
  get(".place").textContent = data.place;
  get(".citation").textContent = data.citation;
  get(".before").disabled = data.first;
  get(".after").disabled = data.last;
  if (footer.dataset.note !== data.note) {
    footer.dataset.note = data.note;
    get(".text").scrollTop = 0;
    const main = document.querySelector("[data-testid='stMain']");
    if (main) main.scrollTop = 0;
  }
  const fits = () => {
    const block = document.querySelector("[data-testid='stMainBlockContainer']");
    block?.style.setProperty("--footer", `${footer.offsetHeight}px`);
  };
  fits();

  // Every drawing of this component calls this function anew; only the last one listens.
  footer.stop?.abort();
  const stop = (footer.stop = new AbortController());
  const { signal } = stop;
  let asked = false; // one step at a time, however long a key is held
  const step = (what) => {
    if (asked) return;
    asked = true;
    setTriggerValue("step", what);
    if (what === "end" && document.fullscreenElement) document.exitFullscreen();
  };
  get(".before").onclick = () => step("before");
  get(".after").onclick = () => step("after");
  get(".end").onclick = () => step("end");

  const KEYS = {
    ArrowRight: "after", PageDown: "after", " ": "after", ArrowLeft: "before", PageUp: "before",
    Home: "first", End: "last", Escape: "end",
  };
  const onKey = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.composedPath()[0];
    const typed = target.closest?.("input, textarea, select, [contenteditable], [role='slider']");
    const what = KEYS[event.key];
    if (!what || (typed && event.key !== "Escape")) return;
    if (event.key === " " && target.closest?.("button, a, summary")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    // A step to where one is would not be answered by another drawing.
    if (data.first && (what === "before" || what === "first")) return;
    if (data.last && (what === "after" || what === "last")) return;
    step(what);
  };
  let full = Boolean(document.fullscreenElement);
  const onFull = () => {
    // The browser takes Escape for itself in full screen: leaving it ends the presentation.
    const now = Boolean(document.fullscreenElement);
    if (full && !now) step("end");
    full = now;
    fits();
  };
  window.addEventListener("keydown", onKey, { capture: true, signal });
  window.addEventListener("resize", fits, { signal });
  document.addEventListener("fullscreenchange", onFull, { signal });
  return () => {
    stop.abort();
    // The end of a drawing may be told when the next one stands already.
    if (footer.stop === stop) document.documentElement.removeAttribute("data-presenting");
  };
}
