/*
 * The field in which one writes. Each room keeps its own draft.
 */
import { byId } from "./dom.js";
import { t } from "./i18n.js";
import { byteLength } from "./names.js";
import { TEXT_BYTES_MAX, say } from "./sender.js";

export class Composer {
    /** @param {import("./chat.js").Chat} chat */
    constructor(chat) {
        this.chat = chat;
        this.field = byId("composer-text");
        this.button = byId("composer-send");
        this.room = null;
        this.drafts = new WeakMap();
        chat.on("current", () => this.changeRoom());
        this.field.addEventListener("input", () => this.fit());
        this.field.addEventListener("keydown", (event) => this.key(event));
        byId("composer").addEventListener("submit", (event) => {
            event.preventDefault();
            this.send();
        });
        this.fit();
    }

    changeRoom() {
        if (this.room)
            this.drafts.set(this.room, this.field.value);
        this.room = this.chat.current;
        if (!this.room)
            return;
        const words = t("message", { room: `#${this.room.name}` });

        this.field.value = this.drafts.get(this.room) ?? "";
        this.field.placeholder = words;
        this.field.setAttribute("aria-label", words);
        this.fit();
    }

    /* The Enter that ends the choice of a Chinese or Japanese word is not meant
     * for us; 229 is how older browsers say so. */
    key(event) {
        if (event.key !== "Enter" || event.shiftKey || event.isComposing
            || event.keyCode === 229)
            return;
        event.preventDefault();
        this.send();
    }

    send() {
        const text = this.field.value.replace(/\s+$/u, "");

        if (!this.room || text === "")
            return;
        if (this.isTooLong(text)) {
            this.fit();
            return;
        }
        this.field.value = "";
        this.fit();
        say(this.chat, this.room, text);
        this.field.focus();
    }

    isTooLong(text) {
        return byteLength(JSON.stringify(text)) > TEXT_BYTES_MAX;
    }

    /* As high as its text, up to what the style sheet allows. */
    fit() {
        const { field } = this;
        const tooLong = field.value.length > TEXT_BYTES_MAX / 6
            && this.isTooLong(field.value);

        field.style.height = "auto";
        /* 0 while no room is shown. */
        if (field.scrollHeight > 0)
            field.style.height = `${field.scrollHeight}px`;
        this.button.disabled = tooLong || field.value.trim() === "";
        byId("composer-problem").hidden = !tooLong;
        field.setAttribute("aria-invalid", String(tooLong));
    }

    focus() {
        this.field.focus({ preventScroll: true });
    }
}
