"use strict";

const REFRESH_MS = 1000;
const ANSWER_MS = 8000;

const list = document.getElementById("messages");
const line = document.getElementById("error");
const username = document.getElementById("username");
const message = document.getElementById("message");

// Two, so that a refresh that works takes away that the API is gone, and not that a message was not sent.
const wrong = { send: "", api: "" };
let shown = [];
let asked = 0;
let answered = 0;
let sending = false;

// What the API says of a message that it does not take.
class Refusal extends Error {}

function report(news) {
  Object.assign(wrong, news);
  const now = `${wrong.send} ${wrong.api}`.trim();
  // A screen reader speaks on every change, so an error that lasts is written once.
  if (line.textContent !== now) line.textContent = now;
}

async function ask(options) {
  const turn = ++asked;
  let response;
  try {
    response = await fetch(`${API_URL}/messages`, { ...options, signal: AbortSignal.timeout(ANSWER_MS) });
  } catch {
    throw new Error(`The chat's API at ${API_URL} does not answer.`);
  }
  const answer = await response.json().catch(() => null);
  if (answer?.error) throw new Refusal(answer.error);
  if (!response.ok || !Array.isArray(answer)) {
    throw new Error(`The chat's API at ${API_URL} answers with ${response.status} and no messages.`);
  }
  // A refresh that was asked for before a message was sent may come after it, and does not have it.
  if (turn > answered) {
    answered = turn;
    show(answer);
  }
}

// What is there already stays: it keeps a selection, only what is new is read out, and ten thousand cost nothing.
function show(messages) {
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  const gone = forgotten(messages);
  for (let each = 0; each < gone; each++) list.firstElementChild.remove();
  const added = document.createDocumentFragment();
  for (const each of messages.slice(shown.length - gone)) added.append(item(each));
  list.append(added);
  shown = messages;
  if (atEnd) list.scrollTop = list.scrollHeight;
}

// The API drops its oldest messages, or all when it starts anew: how many of those shown come before its first one.
function forgotten(messages) {
  let gone = 0;
  while (!shown.slice(gone).every((each, index) => messages[index] && equal(each, messages[index]))) gone++;
  return gone;
}

function equal(one, other) {
  return one.AuthorUsername === other.AuthorUsername && one.Text === other.Text;
}

function item({ AuthorUsername, Text }) {
  const author = document.createElement("b");
  author.textContent = AuthorUsername;
  const text = document.createElement("span");
  text.textContent = Text;
  const entry = document.createElement("li");
  entry.append(author, text);
  return entry;
}

async function refresh() {
  try {
    await ask({});
    report({ api: "" });
  } catch (error) {
    report({ api: `${error.message} Trying again every second.` });
  }
  setTimeout(refresh, REFRESH_MS);
}

async function send(event) {
  event.preventDefault();
  if (sending) return;
  sending = true;
  const text = message.value;
  try {
    await ask({
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ AuthorUsername: username.value, Text: text }),
    });
    report({ send: "", api: "" });
    if (message.value === text) message.value = "";
    list.scrollTop = list.scrollHeight;
  } catch (error) {
    if (error instanceof Refusal) report({ send: `Not sent. ${error.message}` });
    else report({ send: "Not sent.", api: `${error.message} Trying again every second.` });
  }
  sending = false;
}

if (API_URL) {
  document.getElementById("form").addEventListener("submit", send);
  document.getElementById("form").addEventListener("input", () => report({ send: "" }));
  refresh();
} else {
  document.getElementById("form").addEventListener("submit", (event) => event.preventDefault());
  report({ api: "This page was not told where the chat's API is: set API_URL where the page is served." });
}
