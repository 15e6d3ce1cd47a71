// Asks for the whole page anew, once a choice made in a part of it has stood for a while.
const WAIT = 1500;
const AT_WORK = "[data-test-script-state='running'], [data-test-script-state='rerunRequested']";

export default function (component) {
  const { parentElement, setTriggerValue } = component;
  let waiting = 0;
  const wait = (time) => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, time);
  };
  const ask = () => {
    // Not while the server is at work or has just been asked: that must not be crossed.
    if (document.querySelector(AT_WORK)) wait(400);
    else {
      waiting = 0;
      setTriggerValue("settled", true);
    }
  };
  const chosen = () => wait(WAIT);
  // Nor while someone is at it: a click that opens another page must not be crossed either.
  const busy = () => { if (waiting) wait(WAIT); };
  // Who has gone back gets the whole page anew by that.
  const gone = () => { clearTimeout(waiting); waiting = 0; };
  // Called anew when the theme changes, and told of the end of the last call only: two that listen
  // would ask twice.
  parentElement.stop?.();
  const listening = new AbortController();
  const { signal } = listening;
  window.addEventListener("influence-chosen", chosen, { signal });
  window.addEventListener("popstate", gone, { signal });
  window.addEventListener("keydown", busy, { capture: true, signal });
  window.addEventListener("pointerdown", busy, { capture: true, signal });
  const stop = () => { gone(); listening.abort(); };
  parentElement.stop = stop;
  return stop;
}
