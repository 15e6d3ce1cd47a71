// One entry of the browser's history for every step from page to page, and no entry written over.
//
// Streamlit's `switch_page` writes the new page's fields under the old page's path first and the
// new path an instant later: the back button would lead to the old page with fields of another.
//
// What the server has said of a page reaches the browser a moment later. Who goes back in that
// moment would see the address of the page that was left written over the one gone to.
function oneEntryAStep() {
  const { history } = window;
  if (history.influenceExplorer) return;
  const push = history.pushState.bind(history);
  const replace = history.replaceState.bind(history);
  const steps = { drawn: 0, waiting: false };
  history.influenceExplorer = steps;
  const here = () => window.location.pathname + window.location.search;
  let at = here();
  let written = null; // the fields that were last written under the same path
  let touched = false; // since another page was opened
  const write = (how, to) => {
    if (steps.waiting) return;
    how(...to);
    at = here();
  };
  history.pushState = (state, title, url) => {
    const to = new URL(url, window.location.href);
    const samePath = to.pathname === window.location.pathname;
    const halfway = !samePath && to.search === written;
    // A page that was just opened fills the fields that were open in the link to it.
    const settled = samePath && !touched && onlyFills(window.location.search, to.search);
    written = samePath ? to.search : null;
    if (!samePath) touched = false;
    write(halfway || settled ? replace : push, [state, title, url]);
  };
  history.replaceState = (...to) => write(replace, to);
  window.addEventListener("popstate", () => {
    written = null;
    if (here() !== at) steps.waiting = true; // else a place of the same page
    at = here();
  });
  // What is done next writes its address again, whether the server has answered or not.
  const done = () => {
    steps.waiting = false;
    touched = true;
  };
  for (const kind of ["pointerdown", "keydown"]) window.addEventListener(kind, done, true);
}

// The page has been drawn: if for the address that the browser went to, that is written as it was
// understood, and what comes later is of this page.
function drawnAfter({ number, page, fields, address }) {
  const steps = window.history.influenceExplorer, { pathname, search } = window.location;
  if (steps.waiting && number !== steps.drawn
      && page === (pathname.split("/").pop() || "overview")
      && sorted(fields) === sorted([...new URLSearchParams(search)])) {
    steps.waiting = false;
    const query = address.slice(address.indexOf("?"));
    if (query !== search) window.history.replaceState(window.history.state, "", pathname + query);
  }
  if (!steps.waiting) steps.drawn = number;
}

// Whether two addresses differ only in fields that are empty in the first.
function onlyFills(before, after) {
  const [old, now] = [before, after].map((search) => new URLSearchParams(search));
  const names = new Set([...old.keys(), ...now.keys()]);
  return [...names].every((name) => old.getAll(name).join() === now.getAll(name).join()
    || !old.getAll(name).join(""));
}

function sorted(fields) {
  return fields.map((one) => JSON.stringify(one)).sort().join();
}
