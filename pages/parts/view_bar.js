// Link, citation and bookmark of the view. Every text is set with textContent or value.
export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  oneEntryAStep();
  drawnAfter(data.step);
  const get = (selector) => parentElement.querySelector(selector);
  const note = get(".note"), keep = get(".keep"), said = get(".said"), refused = get(".refused");
  document.documentElement.removeAttribute("data-presenting");

  get(".cite").textContent = data.citation;
  get(".cite").title = "Copy this citation: it names run, query, document and characters";
  get(".size").setAttribute("aria-pressed", String(data.large));
  get(".goto input").placeholder = `Go to … such as ${data.example}`;
  keep.hidden = !data.keeps;
  get(".note .title").textContent = data.title;
  const problem = get(".problem");
  problem.textContent = data.problem;
  problem.hidden = !data.problem;

  // What the server says is said once, however often the page is drawn again.
  if (data.lost && !get(".note textarea").value) get(".note textarea").value = note.dataset.sent;
  const { asked } = get(".goto").dataset;
  if (asked && !data.problem) {
    get(".goto").dataset.asked = "";
    // What is being typed meanwhile stays.
    if (get(".goto input").value.trim() === asked) get(".goto input").value = "";
  }
  if (said.dataset.view !== data.title) said.replaceChildren();
  said.dataset.view = data.title;
  if (data.said.id && said.dataset.id !== data.said.id) {
    said.dataset.id = data.said.id;
    said.textContent = data.said.words;
    const link = document.createElement("a");
    link.textContent = "Open the notebook";
    link.href = data.said.href;
    const { id } = data.said;
    link.onclick = (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
      event.preventDefault();
      setTriggerValue("open", id);
    };
    said.append(link);
  }

  const copy = async (text) => {
    said.replaceChildren();
    try {
      await navigator.clipboard.writeText(text);
      refused.hidden = true;
      said.textContent = "Copied";
      clearTimeout(said.timer);
      said.timer = setTimeout(() => {
        if (said.textContent === "Copied") said.textContent = "";
      }, 2500);
    } catch {
      refused.hidden = false;
      const address = get(".address");
      address.value = text;
      address.focus();
      address.select();
    }
  };
  get(".copy").onclick = () => copy(window.location.href);
  get(".cite").onclick = () => copy(get(".cite").textContent);
  get(".address").onblur = () => { refused.hidden = true; };
  get(".size").onclick = () => setTriggerValue("size", true);
  get(".goto").onsubmit = (event) => {
    event.preventDefault();
    const text = get(".goto input").value.trim();
    if (text) setTriggerValue("goto", text);
    get(".goto").dataset.asked = text;
  };

  const tags = get(".tags");
  const written = () => tags.value.split(",").map((tag) => tag.trim()).filter(Boolean);
  const known = get(".known");
  const drawKnown = () => {
    known.replaceChildren();
    for (const tag of data.tags) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = tag;
      button.setAttribute("aria-pressed", String(written().includes(tag)));
      button.onclick = () => {
        const now = written();
        tags.value = (now.includes(tag) ? now.filter((one) => one !== tag) : [...now, tag]).join(", ");
        drawKnown();
      };
      known.append(button);
    }
  };
  tags.oninput = drawKnown;
  drawKnown();
  keep.onclick = () => {
    const at = keep.getBoundingClientRect();
    note.style.top = `${at.bottom + 4}px`;
    note.style.left = `${Math.max(8, Math.min(at.left, window.innerWidth - 500))}px`;
    note.togglePopover();
  };
  note.ontoggle = (event) => {
    const open = event.newState === "open";
    keep.setAttribute("aria-expanded", String(open));
    if (open) get(".note textarea").focus();
  };
  get(".cancel").onclick = () => note.hidePopover();
  const save = () => {
    const text = get(".note textarea");
    setTriggerValue("keep", { text: text.value, tags: written() });
    note.dataset.sent = text.value;
    text.value = "";
    note.hidePopover();
    keep.focus();
  };
  note.onsubmit = (event) => { event.preventDefault(); save(); };
  get(".note textarea").onkeydown = (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); save(); }
  };
}
