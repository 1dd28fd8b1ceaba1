/*
 * The body of a message as nodes. A body is any JSON value that anyone sent, so
 * nothing in it is trusted: it is shown as text, and only http and https
 * addresses become links.
 */
import { make } from "./dom.js";
import { t } from "./i18n.js";

const LINK = /https?:\/\/[^\s<>"'`]+/giu;
/* What ends a sentence is seldom part of the address before it. */
const AFTER_LINK = /[.,:;!?)\]}>。，；：！？）】》]+$/u;
const SHOWN_MAX = 1500;
const LINES_MAX = 24;

/** @returns {string} what a person sees: strings as they are, JSON otherwise */
export function plainText(body) {
    if (typeof body === "string")
        return body;
    return JSON.stringify(body) ?? "";
}

function link(address) {
    let url;

    try {
        url = new URL(address);
    } catch {
        return address;
    }
    if (url.protocol !== "http:" && url.protocol !== "https:")
        return address;
    return make("a", {
        href: url.href, target: "_blank", rel: "noopener noreferrer",
    }, address);
}

/** Text with its addresses made into links. @returns {(Node | string)[]} */
function withLinks(text) {
    const nodes = [];
    let at = 0;

    for (const match of text.matchAll(LINK)) {
        const address = match[0].replace(AFTER_LINK, "");

        if (/^https?:\/\/$/i.test(address))
            continue;
        nodes.push(text.slice(at, match.index), link(address));
        at = match.index + address.length;
    }
    nodes.push(text.slice(at));
    return nodes.filter((node) => node !== "");
}

/* Where to cut a text that is too long to be shown at once; its length: not. */
function shownLength(text) {
    let at = -1;

    for (let lines = 0; lines < LINES_MAX; lines++) {
        at = text.indexOf("\n", at + 1);
        if (at < 0)
            break;
    }
    if (at >= 0)
        return Math.min(at, SHOWN_MAX);
    if (text.length <= SHOWN_MAX * 1.2)
        return text.length;
    /* Not between the halves of one character. */
    return /[\uD800-\uDBFF]/.test(text[SHOWN_MAX - 1])
        ? SHOWN_MAX - 1 : SHOWN_MAX;
}

/** @returns {Element} the body of a message */
export function bodyElement(body) {
    const text = plainText(body);
    const shown = shownLength(text);
    const isText = typeof body === "string";
    const element = make("span", { class: isText ? "body" : "body data" });

    if (shown === text.length) {
        element.append(...withLinks(text));
        return element;
    }
    const showAll = make("button", {
        class: "quiet", type: "button",
        onclick: () => element.replaceChildren(...withLinks(text)),
    }, t("showAll"));

    element.append(...withLinks(text.slice(0, shown)), "… ", showAll);
    return element;
}
