"use strict";

const REFRESH_MS = 1000;
const ANSWER_MS = 8000;

const list = document.getElementById("messages");
const line = document.getElementById("error");
const username = document.getElementById("username");
const message = document.getElementById("message");

// Two errors: a refresh that works removes the one about the API, and keeps the one about the message.
const errors = { send: "", api: "" };
let shown = [];
let lastRequest = 0;
let lastAnswer = 0;
let sending = false;

// The API answers, but not with the messages: it sends the reason.
class Refusal extends Error {}

function report(changes) {
  Object.assign(errors, changes);
  const text = `${errors.send} ${errors.api}`.trim();
  // A screen reader speaks on every change, so an error that stays is written once.
  if (line.textContent !== text) line.textContent = text;
}

async function request(options) {
  const number = ++lastRequest;
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
  // Answers can arrive out of order. An older one may lack the message that was just sent.
  if (number > lastAnswer) {
    lastAnswer = number;
    show(answer);
  }
}

// Elements that are already there stay: a selection is kept, and a screen reader reads only the new messages.
function show(messages) {
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  if (!isContinued(messages)) {
    list.replaceChildren();
    shown = [];
  }
  const added = document.createDocumentFragment();
  for (const message of messages.slice(shown.length)) added.append(item(message));
  list.append(added);
  shown = messages;
  if (atEnd) list.scrollTop = list.scrollHeight;
}

// False when the API lost its messages, as it does when its pod is replaced.
function isContinued(messages) {
  return shown.every(
    (old, index) => old.AuthorUsername === messages[index]?.AuthorUsername && old.Text === messages[index]?.Text,
  );
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
    await request({});
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
    await request({
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ AuthorUsername: username.value, Text: text }),
    });
    report({ send: "", api: "" });
    if (message.value === text) message.value = "";
    list.scrollTop = list.scrollHeight;
  } catch (error) {
    if (error instanceof Refusal) report({ send: `The API refused this: ${error.message}` });
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
  report({ api: "This page does not know the chat's API: set API_URL where the page is served." });
}
