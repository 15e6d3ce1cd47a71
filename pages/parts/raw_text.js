// A text as it is, set with textContent in pieces that are laid out when they come into view.
// Pieces, selection and marks of direction: `heatmap_model.js`, `unseen.js`.
export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".raw");
  const block = root.querySelector(".block");
  const said = root.querySelector(".said");
  const button = root.querySelector(".copy");
  root.querySelector(".words").textContent = data.words;
  button.textContent = data.copy;
  block.setAttribute("aria-label", `Raw text of ${data.name}`);
  if (root.dataset.id !== data.id) {
    root.dataset.id = data.id;
    said.textContent = "";
    block.replaceChildren();
    root.chunks = [];
    root.blanks = false;
    for (let at = 0; at < data.text.length;) {
      const end = blockEnd(data.text, at, data.text.length);
      addChunk(root, block, data.text.slice(at, end), { goesOn: false });
      at = end;
    }
  }
  button.onclick = async () => {
    const done = await copied(data.text);
    said.textContent = done ? "Copied." : "The browser refused; select the text and copy it.";
    clearTimeout(said.timer); // that of an earlier copy would take these words away too soon
    said.timer = setTimeout(() => { said.textContent = ""; }, 4000);
  };
  block.oncopy = (event) => {
    const range = selected(root);
    if (!range) return;
    // The browser would add line ends between the pieces.
    event.clipboardData.setData("text/plain", data.text.slice(range.start, range.end));
    event.preventDefault();
  };
  block.onkeydown = (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "a") {
      event.preventDefault();
      document.getSelection().selectAllChildren(block);
    }
  };
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
