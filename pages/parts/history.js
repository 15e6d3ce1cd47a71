// One entry of the browser's history for every step from page to page.
//
// Streamlit's `switch_page` writes the new page's fields under the old page's path first and the
// new path an instant later: the back button would lead to the old page with fields of another.
function oneEntryAStep() {
  if (window.history.influenceExplorer) return;
  window.history.influenceExplorer = true;
  const push = window.history.pushState.bind(window.history);
  let written = null; // the fields that were last written under the same path
  window.history.pushState = (state, title, url) => {
    const to = new URL(url, window.location.href);
    const samePath = to.pathname === window.location.pathname;
    const halfway = !samePath && to.search === written;
    written = samePath ? to.search : null;
    return halfway ? window.history.replaceState(state, title, url) : push(state, title, url);
  };
  window.addEventListener("popstate", () => { written = null; });
}
