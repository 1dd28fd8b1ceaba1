/*
 * How one line of the log looks: a message, something being sent, who came and
 * went, or who has read so far; with a heading where a day begins and a line
 * where the news begin.
 */
import { make } from "./dom.js";
import { clockTime, dayName, fullTime, t } from "./i18n.js";
import { hueOf, initialOf } from "./names.js";
import { bodyElement } from "./text.js";

/** Messages of one person in a row stand together for this long. */
const TOGETHER_MS = 5 * 60 * 1000;
const EVENT_NAMES_MAX = 3;
/** In larger rooms it is not shown who has read what. */
const READERS_MAX = 20;
const READERS_SHOWN = 5;

/**
 * The lines of a talk, each with a key and with a sign that changes when the
 * line must be drawn anew.
 * @param {import("./talk.js").Talk} talk
 * @param {string} user who looks
 * @param {{retry: Function, discard: Function, edit: Function,
 *   remove: Function}} acts
 */
export function linesOf(talk, user, acts) {
    const lines = [];
    const readers = readersOf(talk, user);
    let before = null;
    let isDivided = talk.divider === null;

    for (const item of talk.items) {
        const startsNews = !isDivided && item.message?.offset > talk.divider;

        isDivided ||= startsNews;
        const line = {
            item, talk, acts, startsNews,
            startsDay: item.day !== before?.day,
            isOwn: item.message?.from === user,
        };

        line.isFirst = line.startsDay || startsNews || !together(before, item);
        lines.push(withKey(line));
        if (readers.has(item))
            lines.push(readersLine(item, readers.get(item), talk));
        before = item;
    }
    for (const pending of talk.pending)
        lines.push(pendingLine(pending, talk, acts));
    return lines;
}

function together(before, item) {
    return before?.kind === "message" && item.kind === "message"
        && before.message.from === item.message.from
        && item.time - before.time < TOGETHER_MS;
}

function withKey(line) {
    const { item, startsDay, startsNews, isFirst } = line;
    const { edited = 0, deleted = 0 } = item.message ?? {};

    return {
        key: item.key,
        sign: [startsDay, startsNews, isFirst, item.version, edited, deleted]
            .join(" "),
        draw: () => drawLine(line),
    };
}

function drawLine(line) {
    const { item, startsDay, startsNews } = line;
    const content = item.kind === "event"
        ? drawEvent(item) : drawMessage(item.message, line);

    return make("li", { class: "line" },
        startsDay ? make("div", { class: "day" },
            make("span", {}, dayName(item.time))) : null,
        startsNews ? make("div", { class: "news" },
            make("span", {}, t("newMessages"))) : null,
        content);
}

/** A round picture of somebody: colour and first letter. */
export function avatar(name) {
    const circle = make("span", { class: "avatar", "aria-hidden": "true" },
        initialOf(name));

    circle.style.setProperty("--hue", hueOf(name));
    return circle;
}

function nameOf(from) {
    const name = make("bdi", { class: "name" }, from);

    name.style.setProperty("--hue", hueOf(from));
    return name;
}

function drawMessage(message, { isOwn, isFirst, talk, acts }) {
    const name = nameOf(message.from);
    const canChange = isOwn && !message.deleted
        && message.offset !== undefined;

    /* Readers of the screen hear who speaks each time. */
    if (isOwn || !isFirst || talk.isDirect)
        name.classList.add("unseen");
    return make("article", {
        class: `message${isOwn ? " own" : ""}${isFirst ? " first" : ""}${
            message.deleted ? " deleted" : ""}`,
    },
    isOwn ? null : isFirst ? avatar(message.from)
        : make("span", { class: "avatar none" }),
    make("div", { class: "bubble" },
        name,
        make("div", { class: "said", dir: "auto" },
            message.deleted
                ? make("span", { class: "body" }, t("deletedMessage"))
                : bodyElement(message.body),
            timeOf(message)),
        canChange ? drawActs(talk, message, acts) : null));
}

function timeOf({ time, edited, deleted }) {
    const clock = make("time", {
        datetime: new Date(time).toISOString(), title: fullTime(time),
    }, clockTime(time));

    if (edited && !deleted) {
        clock.prepend(make("span", {
            class: "edited", title: t("editedAt", { time: fullTime(edited) }),
        }, t("edited")), " ");
    }
    return clock;
}

const icons = {
    edit: "M5 19l1-4L16 5l3 3L9 18z",
    remove: "M5 7h14M10 7V5h4v2M7 7l1 12h8l1-12",
};

/** An icon of ours, by the path that draws it. */
function icon(path) {
    const space = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg");
    const line = document.createElementNS(space, "path");

    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    line.setAttribute("d", path);
    svg.append(line);
    return svg;
}

/* Not in the way of the Tab key: Up in the empty message field does it too. */
function drawActs(talk, message, acts) {
    return make("div", { class: "acts" }, ...["edit", "remove"].map((act) =>
        make("button", {
            class: "icon", type: "button", tabindex: "-1", "data-act": act,
            "aria-label": t(`${act}Message`), title: t(`${act}Message`),
            onclick: () => acts[act](talk, message),
        }, icon(icons[act]))));
}

/* ---- who has read so far ---- */

/* The item up to which each of the others has read; one's own words tell that
 * by themselves. */
function readersOf(talk, user) {
    const readers = new Map();

    if (talk.users > READERS_MAX)
        return readers;
    for (const [reader, offset] of talk.readers) {
        const item = talk.items.findLast(({ message }) =>
            message?.offset <= offset);

        if (reader === user || !item || item.message.from === reader)
            continue;
        readers.set(item, [...readers.get(item) ?? [], reader]);
    }
    return readers;
}

function readersLine(item, readers, talk) {
    return {
        key: `${item.key} read`,
        sign: readers.join("\n"),
        /* Nobody wants to hear of it each time. */
        draw: () => make("li", { class: "line", "aria-live": "off" },
            talk.isDirect ? make("p", { class: "readers" }, t("read"))
                : drawReaders(readers)),
    };
}

function drawReaders(readers) {
    const shown = readers.slice(-READERS_SHOWN);
    const rest = readers.length - shown.length;
    const sentence = t("readBy", t("joinNames", readers));

    return make("p", { class: "readers", title: sentence },
        make("span", { class: "unseen" }, sentence),
        ...shown.map(avatar),
        rest > 0 ? make("span", { "aria-hidden": "true" }, `+${rest}`) : null);
}

/* ---- who came and went ---- */

function names(list) {
    if (list.length <= EVENT_NAMES_MAX)
        return t("joinNames", list);
    const shown = list.slice(0, EVENT_NAMES_MAX - 1);

    return t("others", shown.join(", "), list.length - shown.length);
}

function drawEvent({ came, went, time }) {
    const parts = [];

    if (came.length > 0)
        parts.push(t("came", names(came)));
    if (went.length > 0)
        parts.push(t("went", names(went)));
    return make("p", { class: "event", title: fullTime(time), dir: "auto" },
        parts.join(" · "));
}

/* ---- what is on its way ---- */

function pendingLine(pending, talk, acts) {
    return {
        key: `p${pending.key}`,
        sign: pending.state + (pending.error ?? ""),
        draw: () => make("li", { class: "line" },
            drawPending(pending, talk, acts)),
    };
}

const pendingWord = {
    sending: "sending", sent: "sending", failed: "notSent",
    unknown: "maybeSent",
};

function drawPending(pending, talk, acts) {
    const hasFailed = pending.state === "failed"
        || pending.state === "unknown";
    const word = t(pendingWord[pending.state]);
    const act = (name) => make("button", {
        class: "quiet", type: "button", "data-act": name,
        onclick: () => acts[name](talk, pending),
    }, t(name));

    return make("article", {
        class: `message own first pending${hasFailed ? " failed" : ""}`,
    },
    make("div", { class: "bubble" },
        make("div", { class: "said", dir: "auto" },
            bodyElement(pending.text),
            make("time", { datetime: new Date(pending.time).toISOString() },
                hasFailed ? clockTime(pending.time) : word))),
    hasFailed ? make("div", { class: "fate", role: "alert" },
        make("span", {}, pending.error ? `${word}: ${pending.error}` : word),
        act("retry"), act("discard")) : null);
}
