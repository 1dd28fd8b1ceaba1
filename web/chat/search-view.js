/*
 * The search field in the heading of the talk and the panel of what was found.
 * Choosing a message shows it in the log among its neighbours.
 */
import { KeyedList, byId, make } from "./dom.js";
import { excerpt } from "./excerpt.js";
import { clockTime, dayName, fullTime, t } from "./i18n.js";
import { avatar } from "./log-items.js";
import { loadAround } from "./pager.js";
import { plainText } from "./text.js";

/** So long after the last key the question is asked. */
const PAUSE_MS = 250;

/* The same width as in style/narrow.css: there the panel covers the log. */
const covers = window.matchMedia("(max-width: 760px)");

export class SearchView {
    /**
     * @param {import("./chat.js").Chat} chat
     * @param {import("./finder.js").Finder} finder
     */
    constructor(chat, finder) {
        this.chat = chat;
        this.finder = finder;
        this.field = byId("search-text");
        this.panel = byId("search-panel");
        this.list = new KeyedList(byId("search-results"));
        this.timer = 0;
        this.listen();
    }

    listen() {
        const { chat, finder, field } = this;

        chat.on("found", () => this.draw());
        chat.on("current", () => this.close());
        field.addEventListener("input", (event) => {
            clearTimeout(this.timer);
            if (!event.isComposing)
                this.timer = setTimeout(() => this.ask(), PAUSE_MS);
        });
        field.addEventListener("compositionend", () => this.ask());
        field.addEventListener("focus", () => this.draw());
        byId("search-form").addEventListener("submit", (event) => {
            event.preventDefault();
            this.ask();
        });
        byId("search-more").addEventListener("click", () => finder.more());
        byId("search-close").addEventListener("click", () => {
            this.close();
            field.focus();
        });
        for (const element of [byId("search-form"), this.panel])
            element.addEventListener("keydown", (event) => this.key(event));
    }

    ask() {
        clearTimeout(this.timer);
        this.finder.ask(this.field.value);
    }

    /** Whether there was something to close. */
    close() {
        const wasOpen = !this.panel.hidden || this.field.value !== "";

        clearTimeout(this.timer);
        this.field.value = "";
        this.finder.forget();
        this.draw();
        return wasOpen;
    }

    /* Up and down go through what was found; Escape leaves. */
    key(event) {
        const buttons = [...this.list.parent.querySelectorAll("button")];
        const at = buttons.indexOf(document.activeElement);

        if (event.key === "Escape" && !event.isComposing) {
            if (this.close())
                event.stopPropagation();
            byId("composer-text").focus();
        } else if (event.key === "ArrowDown" && at + 1 < buttons.length) {
            buttons[at + 1].focus();
            event.preventDefault();
        } else if (event.key === "ArrowUp" && at >= 0) {
            (buttons[at - 1] ?? this.field).focus();
            event.preventDefault();
        }
    }

    draw() {
        const { finder, panel } = this;

        panel.hidden = finder.text === "";
        panel.setAttribute("aria-busy", String(finder.isAsking));
        this.list.show(finder.messages.map((message) => this.line(message)));
        byId("search-state").textContent = this.sentence();
        const more = byId("search-more");

        more.hidden = finder.isAsking || !(finder.hasMore || finder.error);
        more.textContent = t(finder.error ? "retry" : "searchMore");
    }

    sentence() {
        const { messages, error, isAsking, hasMore } = this.finder;

        if (error)
            return t("searchFailed", { reason: error.error });
        if (isAsking && messages.length === 0)
            return t("searching");
        if (messages.length === 0)
            return t(hasMore ? "foundNothingYet" : "foundNothing");
        return t("found", messages.length, hasMore);
    }

    line(message) {
        const { from, time, offset, body } = message;

        return {
            key: `o${offset}`,
            sign: this.finder.text,
            draw: () => make("li", {}, make("button", {
                type: "button", class: "found-line", "data-act": "show",
                onclick: () => this.show(offset),
            },
            avatar(from),
            make("span", { class: "found-text" },
                make("span", { class: "found-head" },
                    make("bdi", { class: "found-name" }, from),
                    make("time", {
                        datetime: new Date(time).toISOString(),
                        title: fullTime(time),
                    }, `${dayName(time)} ${clockTime(time)}`)),
                make("span", { class: "found-said", dir: "auto" },
                    ...excerpt(plainText(body), this.finder.text))))),
        };
    }

    async show(offset) {
        const talk = this.chat.current;

        await loadAround(this.chat, talk, offset);
        if (talk !== this.chat.current)
            return;
        if (covers.matches)
            this.close();
        this.chat.tell("show", offset);
    }
}
