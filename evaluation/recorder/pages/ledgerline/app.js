"use strict";
const at = (id) => document.getElementById(id);
const invoices = [
  { number: "INV-2041", supplier: "Nordwind Office GmbH", due: "12 June", amount: 240.0, order: "PO-771", status: "Open" },
  { number: "INV-2042", supplier: "Helios Hardware AG", due: "14 June", amount: 3480.5, order: "PO-775", status: "Open" },
  { number: "INV-2043", supplier: "Travel Desk Ltd", due: "20 June", amount: 812.9, order: "PO-779", status: "Open" },
];
let current = null;
const euros = (amount) => amount.toLocaleString("en", { minimumFractionDigits: 2 }) + " EUR";

function list() {
  const wanted = at("search").value.toLowerCase();
  at("rows").replaceChildren(...invoices.filter((one) => (one.number + one.supplier).toLowerCase().includes(wanted)).map((one) => {
    const row = document.createElement("tr");
    row.id = one.number;
    for (const text of [one.number, one.supplier, one.due, euros(one.amount), one.status]) row.insertCell().textContent = text;
    row.onclick = () => open(one);
    return row;
  }));
}
function show(detail) { at("list").hidden = detail; at("detail").hidden = !detail; }
function open(one) {
  current = one;
  at("title").textContent = "Invoice " + one.number;
  for (const key of ["supplier", "due", "order", "status"]) at(key).textContent = one[key];
  at("amount").textContent = euros(one.amount);
  at("approve").disabled = one.amount > 1000;
  show(true);
}
function toast(text) { at("toast").textContent = text; at("toast").hidden = false; setTimeout(() => { at("toast").hidden = true; }, 6000); }
function settle(status, text) { current.status = status; at("status").textContent = status; toast(text); list(); }
at("search").oninput = list;
at("back").onclick = () => { at("search").value = ""; list(); show(false); };
at("approve").onclick = () => settle("Approved", current.number + " was approved.");
at("request").onclick = () => { at("shade").hidden = false; };
at("cancel").onclick = () => { at("shade").hidden = true; };
at("send").onclick = () => { at("shade").hidden = true; settle("Waiting for " + at("approver").value, "Approval requested for " + current.number + "."); };
list();
