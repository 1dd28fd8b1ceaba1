/*
 * What the pages below /home have in common: their language, the log of what
 * was said, the state of the connection. What others wrote is text, never
 * markup.
 */
const RETRY_MS = 1000;
const RETRY_MAX_MS = 30000;
const NEAR_END_PIXELS = 40;

/** How many lines a page keeps. */
export const LINES_MAX = 500;

export const parameters = new URLSearchParams(location.search);
export const byId = (id) => document.getElementById(id);

/** What fetch() does, with the key that a listener may require: it stands
 * behind `#key=` in the page's own address, the part that browsers keep to
 * themselves. */
export function ask(path, options = {}) {
    const key = new URLSearchParams(location.hash.slice(1)).get("key");

    return fetch(path, key
        ? { ...options, headers: { Authorization: `Bearer ${key}` } }
        : options);
}

/** The sentences of the reader's language. */
export function wordsOf(languages) {
    return navigator.language.startsWith("zh") ? languages.zh : languages.en;
}

/** A sentence with its {places} filled in. */
export function fill(sentence, values) {
    return sentence.replace(/\{(\w+)\}/g, (all, member) => values[member]);
}

export function make(tag, className, text) {
    const element = document.createElement(tag);

    if (className)
        element.className = className;
    element.textContent = text;
    return element;
}

/** Puts the words where the page has a place for them. */
export function showWords(words, title, ownName) {
    document.documentElement.lang = words.lang;
    document.title = title;
    byId("title").textContent = title;
    byId("own-name").textContent = ownName;
    for (const element of document.querySelectorAll("[data-text]"))
        element.textContent = words[element.dataset.text];
    for (const element of document.querySelectorAll("[data-label]"))
        element.setAttribute("aria-label", words[element.dataset.label]);
    for (const element of document.querySelectorAll("[data-hint]"))
        element.placeholder = words[element.dataset.hint];
}

export function showState(state, text) {
    document.body.dataset.connection = state;
    byId("state").textContent = text;
}

export function isConnected() {
    return document.body.dataset.connection === "connected";
}

function addLine(line) {
    const log = byId("log");
    const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight <
        NEAR_END_PIXELS;

    log.append(line);
    while (log.children.length > LINES_MAX)
        log.firstChild.remove();
    if (atEnd)
        log.scrollTop = log.scrollHeight;
    return line;
}

/** The new line. */
export function addEvent(text) {
    return addLine(make("li", "event", text));
}

/** The new line. */
export function addMessage(from, text, isOwn) {
    const line = make("li", isOwn ? "own" : "", "");

    line.append(make("span", "from", from), make("span", "words", text));
    return addLine(line);
}

export function showNames(names, ownName) {
    byId("count").textContent = names.length;
    byId("users").replaceChildren(...names.map((name) =>
        make("li", name === ownName ? "own" : "", name)));
}

/** When to try again: later each time, and not all at once. */
export class Retry {
    constructor() {
        this.succeeded();
    }

    succeeded() {
        this.ms = RETRY_MS;
    }

    nextMs() {
        const ms = this.ms * (0.5 + Math.random());

        this.ms = Math.min(this.ms * 2, RETRY_MAX_MS);
        return ms;
    }
}
