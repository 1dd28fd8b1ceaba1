/*
 * The page of the profile push: one connection that listens, and a message that
 * is posted to /send as a backend would. Every frame that comes is listed as it
 * is.
 */
import { fill, words } from "./words.js";

const LINES_MAX = 1000;
const WISH = '{"uid":"1","types":["notice"]}';
const PORT = 3210;

let socket = null;

const byId = (id) => document.getElementById(id);

function tell(text, kind = "state") {
    const line = document.createElement("li");
    const log = byId("log");

    line.className = kind;
    line.textContent = text;
    log.append(line);
    if (log.children.length > LINES_MAX)
        log.firstElementChild.remove();
    byId("nothing").hidden = true;
    line.scrollIntoView({ block: "nearest" });
}

function show(state) {
    document.body.dataset.connection = state;
    byId("state-word").textContent = words.states[state];
}

/** What stands in the address line, as an address. */
function address() {
    const text = byId("ws").value.trim();
    const scheme = location.protocol === "https:" ? "wss://" : "ws://";

    return new URL(/^wss?:\/\//i.test(text) ? text : scheme + text);
}

/** The address, or null, and then it was said why. */
function goodAddress() {
    try {
        return address();
    } catch (error) {
        tell(fill(words.badAddress, { why: error.message }), "bad");
        return null;
    }
}

function connect() {
    if (socket) {
        tell(words.already);
        return;
    }
    const url = goodAddress();

    if (!url)
        return;
    try {
        socket = new WebSocket(url);
    } catch (error) {
        tell(fill(words.badAddress, { why: error.message }), "bad");
        return;
    }
    show("connecting");
    socket.onopen = () => {
        show("online");
        tell(words.opened);
    };
    socket.onmessage = (event) => tell(event.data, "push");
    socket.onclose = () => {
        socket = null;
        show("closed");
        tell(words.closed);
    };
}

function close() {
    if (!socket) {
        tell(words.notConnected);
        return;
    }
    tell(words.closing);
    socket.close();
}

function send() {
    const text = byId("msgtext").value;

    if (socket?.readyState !== WebSocket.OPEN) {
        tell(words.notYet);
        return;
    }
    socket.send(text);
    tell(fill(words.sent, { what: text }), "own");
}

/* The key that a listener may require stands in the part of the address that
 * browsers keep to themselves. */
function keyHeaders() {
    const key = new URLSearchParams(location.hash.slice(1)).get("key");

    return key ? { Authorization: `Bearer ${key}` } : {};
}

/* As text, so that browsers ask no permission of another port first. */
async function post() {
    const url = goodAddress();

    if (!url)
        return;
    url.protocol = url.protocol === "wss:" ? "https:" : "http:";
    try {
        const answer = await fetch(`${url.origin}/send`,
            { method: "POST", headers: keyHeaders(),
                body: byId("msgtext").value });

        tell(fill(words.posted, { status: answer.status,
            what: await answer.text() }), answer.ok ? "state" : "bad");
    } catch (error) {
        tell(fill(words.postFailed, { why: error.message }), "bad");
    }
}

/** The port of the profile is the page's own, or the page's host names it. */
async function findHost() {
    try {
        const config = await (await fetch("/config.json")).json();

        const port = config.push?.[0]?.port ?? PORT;

        return port ? `${location.hostname}:${port}` : location.host;
    } catch {
        return location.host;
    }
}

function readWish() {
    return new URLSearchParams(location.search).get("d") ?? WISH;
}

/** A user with the next number. */
function nextWish(wish) {
    try {
        const next = JSON.parse(wish);

        next.uid = String((Number.parseInt(next.uid, 10) || 0) + 1);
        return JSON.stringify(next);
    } catch {
        return WISH;
    }
}

async function begin() {
    const wish = readWish();

    document.documentElement.lang = words.lang;
    for (const element of document.querySelectorAll("[data-text]"))
        element.textContent = words[element.dataset.text];
    document.title = `confab · ${words.title}`;
    byId("scheme").textContent =
        location.protocol === "https:" ? "wss://" : "ws://";
    byId("another").href = `?d=${encodeURIComponent(nextWish(wish))}`;
    byId("msgtext").value = JSON.stringify({ topic: "all", topic_ids: ["1"],
        types: "notice", msg: words.sample, timeout: 2121325421,
        time: new Date().toISOString().slice(0, 19).replace("T", " ") });
    show("closed");
    byId("ws").value = `${await findHost()}/ws?d=${wish}`;
    byId("connect").addEventListener("click", connect);
    byId("close").addEventListener("click", close);
    byId("send").addEventListener("click", send);
    byId("post").addEventListener("click", post);
    document.body.dataset.ready = "";
}

begin();
