/*
 * How one line of the log looks: a message, something being sent, or who came
 * and went; with a heading where a day begins and a line where the news begin.
 */
import { make } from "./dom.js";
import { clockTime, dayName, fullTime, t } from "./i18n.js";
import { hueOf, initialOf } from "./names.js";
import { bodyElement } from "./text.js";

/** Messages of one person in a row stand together for this long. */
const TOGETHER_MS = 5 * 60 * 1000;
const EVENT_NAMES_MAX = 3;

/**
 * The lines of a room, each with a key and with a sign that changes when the
 * line must be drawn anew.
 * @param {import("./room.js").Room} room
 * @param {string} user who looks
 * @param {{retry: Function, discard: Function}} acts
 */
export function linesOf(room, user, acts) {
    const lines = [];
    let before = null;
    let isDivided = room.divider === null;

    for (const item of room.items) {
        const startsNews = !isDivided && item.message?.offset > room.divider;

        isDivided ||= startsNews;
        const line = {
            item,
            startsDay: item.day !== before?.day,
            startsNews,
            isOwn: item.message?.from === user,
        };

        line.isFirst = line.startsDay || startsNews || !together(before, item);
        lines.push(withKey(line));
        before = item;
    }
    for (const pending of room.pending)
        lines.push(pendingLine(pending, room, acts));
    return lines;
}

function together(before, item) {
    return before?.kind === "message" && item.kind === "message"
        && before.message.from === item.message.from
        && item.time - before.time < TOGETHER_MS;
}

function withKey(line) {
    const { item, startsDay, startsNews, isFirst } = line;

    return {
        key: item.key,
        sign: `${startsDay}${startsNews}${isFirst}${item.version ?? ""}`,
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

function drawMessage(message, { isOwn, isFirst }) {
    const name = nameOf(message.from);

    /* Readers of the screen hear who speaks each time. */
    if (isOwn || !isFirst)
        name.classList.add("unseen");
    return make("article", {
        class: `message${isOwn ? " own" : ""}${isFirst ? " first" : ""}`,
    },
    isOwn ? null : isFirst ? avatar(message.from)
        : make("span", { class: "avatar none" }),
    make("div", { class: "bubble" },
        name,
        make("div", { class: "said", dir: "auto" },
            bodyElement(message.body),
            make("time", {
                datetime: new Date(message.time).toISOString(),
                title: fullTime(message.time),
            }, clockTime(message.time)))));
}

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

function pendingLine(pending, room, acts) {
    return {
        key: `p${pending.key}`,
        sign: pending.state + (pending.error ?? ""),
        draw: () => make("li", { class: "line" },
            drawPending(pending, room, acts)),
    };
}

const pendingWord = {
    sending: "sending", sent: "sending", failed: "notSent",
    unknown: "maybeSent",
};

function drawPending(pending, room, acts) {
    const hasFailed = pending.state === "failed"
        || pending.state === "unknown";
    const word = t(pendingWord[pending.state]);
    const act = (name) => make("button", {
        class: "quiet", type: "button", "data-act": name,
        onclick: () => acts[name](room, pending),
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
