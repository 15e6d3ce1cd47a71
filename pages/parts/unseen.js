// Characters that cannot be seen or that move those beside them; the lists of text/hidden.py and
// all blanks. Joined to the scripts of the components that show texts.
const BIDI = /([\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069])/;
// eslint-disable-next-line no-control-regex
const UNSEEABLE = /([\s\u0000-\u001f\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffc]|\udb40[\udc00-\udfff])/;

// Sets a text so that no mark of direction in it reaches beyond itself, and, if asked, with a sign
// before every character that cannot be seen. The signs are no text: copying leaves them out.
function setSafely(element, text, visibly) {
  element.replaceChildren();
  const pattern = visibly ? UNSEEABLE : BIDI;
  if (!pattern.test(text)) {
    element.textContent = text;
    return;
  }
  for (const piece of text.split(pattern)) {
    if (!piece) continue;
    if (pattern.test(piece)) {
      const one = document.createElement("span");
      if (BIDI.test(piece)) one.className = "isolated";
      one.textContent = piece;
      element.append(one);
      if (visibly) {
        one.classList.add("sign", signClass(piece));
        one.dataset.sign = signOf(piece);
      }
    } else {
      element.append(document.createTextNode(piece));
    }
  }
}

function signClass(character) {
  return { " ": "over", "\n": "ahead", "\t": "over", "\r": "ahead" }[character] ?? "boxed";
}

function signOf(character) {
  const known = { " ": "·", "\n": "↵", "\t": "→", "\r": "␍" }[character];
  return known ?? `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
}

// Spaces, line ends and control characters as something that can be seen, on one line.
function visible(text) {
  return text.split(UNSEEABLE).map((piece) => (UNSEEABLE.test(piece)
    ? { " ": "␣", "\n": "↵", "\t": "⇥" }[piece] ?? `\\u${piece.codePointAt(0).toString(16).padStart(4, "0")}`
    : piece)).join("");
}
