const words = (text) => (text || "").replace(/\s+/g, " ").trim().replace(/[:*]+$/, "").trim();
const seen = (element) => {
  const box = element.getBoundingClientRect();
  const style = getComputedStyle(element);
  return box.width > 0 && box.height > 0 && style.visibility !== "hidden" && style.display !== "none";
};
const inView = (element) => {
  const box = element.getBoundingClientRect();
  const y = box.y + box.height / 2;
  return y >= 0 && y <= innerHeight;
};
const labelOf = (element) => {
  const label = element.labels && element.labels[0];
  if (!label) return "";
  const copy = label.cloneNode(true);
  copy.querySelectorAll("input, select, textarea, .help").forEach((one) => one.remove());
  return words(copy.textContent);
};
const nameOf = (element) => {
  if (element.matches("input[type=submit], input[type=button]")) return words(element.value);
  if (element.matches("input, select, textarea")) {
    return labelOf(element) || words(element.getAttribute("aria-label")) || words(element.placeholder);
  }
  return words(element.dataset.name || element.innerText || element.getAttribute("aria-label") || element.title);
};
const otherNames = (element) => {
  const found = [element.getAttribute("placeholder"), element.getAttribute("aria-label")];
  if (element.matches("select") && element.selectedOptions[0]) found.push(element.selectedOptions[0].textContent);
  if (element.matches("input:not([type]), input[type=text], input[type=email]")) found.push(element.value);
  const name = nameOf(element);
  return [...new Set(found.map(words))].filter((one) => one && one !== name);
};
const find = (where, anywhere) => {
  let all;
  if (where.startsWith("text=")) {
    const wanted = words(where.slice(5));
    all = [...document.querySelectorAll("body *")].filter((one) => seen(one) && nameOf(one) === wanted);
    all = all.filter((one) => ![...one.children].some((child) => all.includes(child)));
  } else {
    all = [...document.querySelectorAll(where)].filter(seen);
  }
  if (!all.length) return { fault: "no such element can be seen" };
  const element = all[0];
  if (!anywhere && !inView(element)) return { fault: "it is outside of what can be seen" };
  const box = element.getBoundingClientRect();
  const range = document.createRange();
  range.selectNodeContents(element);
  const text = range.getBoundingClientRect();
  return {
    left: screenX + text.left, right: screenX + text.right,
    x: screenX + box.x + Math.min(box.width, 360) / 2,
    y: screenY + outerHeight - innerHeight + box.y + box.height / 2,
    name: nameOf(element), aliases: otherNames(element),
  };
};
const focused = () => {
  const element = document.activeElement;
  return element ? ("value" in element ? element.value : element.innerText) : "";
};
const lines = () => {
  // While a page gives way to another there is no body.
  if (!document.body) return [];
  const shown = document.body.innerText.split("\n").map(words);
  const fields = [...document.querySelectorAll("input:not([type=password]):not([type=hidden]), textarea")].filter(seen);
  return [...shown, ...fields.flatMap((one) => [words(one.value), words(one.placeholder)])].filter((one) => one);
};
const shows = (text) => {
  const wanted = words(text).toLowerCase();
  const shown = [...lines(), document.body ? words(document.body.innerText) : ""];
  return shown.some((one) => one.toLowerCase().includes(wanted));
};
