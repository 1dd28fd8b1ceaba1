/*
 * The field in which one writes, or changes what one wrote. Each talk keeps its
 * own draft.
 */
import { byId } from "./dom.js";
import { t } from "./i18n.js";
import { byteLength } from "./names.js";
import { TEXT_BYTES_MAX, edit, say } from "./sender.js";

export class Composer {
    /**
     * @param {import("./chat.js").Chat} chat
     * @param {import("./typing.js").Typing} typing
     * @param {(talk, message) => void} remove asks, and deletes
     */
    constructor(chat, typing, remove) {
        this.chat = chat;
        this.typing = typing;
        this.field = byId("composer-text");
        this.button = byId("composer-send");
        this.bar = byId("editing");
        this.talk = null;
        /** The message that is being changed. */
        this.edited = null;
        this.drafts = new WeakMap();
        chat.on("current", () => this.changeTalk());
        this.field.addEventListener("input", () => this.typed());
        this.field.addEventListener("keydown", (event) => this.key(event));
        byId("composer").addEventListener("submit", (event) => {
            event.preventDefault();
            this.send();
        });
        byId("editing-cancel").addEventListener("click", () =>
            this.stopEditing());
        byId("editing-remove").addEventListener("click", () =>
            remove(this.talk, this.edited));
        chat.on("talk", () => this.checkEdited());
        this.fit();
    }

    changeTalk() {
        this.stopEditing();
        if (this.talk)
            this.drafts.set(this.talk, this.field.value);
        this.talk = this.chat.current;
        if (!this.talk)
            return;
        const { isDirect, title } = this.talk;
        const words = t(isDirect ? "messageTo" : "message", { room: title });

        this.field.value = this.drafts.get(this.talk) ?? "";
        this.field.placeholder = words;
        this.field.setAttribute("aria-label", words);
        this.fit();
    }

    typed() {
        this.fit();
        if (this.edited)
            return;
        if (this.field.value.trim() === "")
            this.typing.stop(false);
        else
            this.typing.write(this.talk);
    }

    /* The Enter that ends the choice of a Chinese or Japanese word is not meant
     * for us; 229 is how older browsers say so. */
    key(event) {
        if (event.isComposing || event.keyCode === 229)
            return;
        if (event.key === "Enter" && !event.shiftKey) {
            event.preventDefault();
            this.send();
        } else if (event.key === "Escape" && this.edited) {
            event.stopPropagation();
            this.stopEditing();
        } else if (this.isUntouched() && !event.altKey
            && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
            this.step(event);
        }
    }

    /* Nothing of ours is in the field that the arrow keys could move in. */
    isUntouched() {
        return this.field.value === (this.edited?.body ?? "");
    }

    /* Up and down go through what we said. */
    step(event) {
        const own = this.talk?.ownMessages(this.chat.user) ?? [];
        const at = this.edited ? own.findIndex(({ id }) =>
            id === this.edited.id) : own.length;
        const next = own[at + (event.key === "ArrowUp" ? -1 : 1)];

        if (!next && !(this.edited && event.key === "ArrowDown"))
            return;
        event.preventDefault();
        if (next)
            this.startEditing(this.talk, next);
        else
            this.stopEditing();
    }

    startEditing(talk, message) {
        if (talk !== this.talk || typeof message.body !== "string")
            return;
        if (!this.edited)
            this.drafts.set(talk, this.field.value);
        this.edited = message;
        this.chat.tell("editing", message);
        this.bar.hidden = false;
        this.field.value = message.body;
        this.fit();
        this.focus();
        this.field.setSelectionRange(message.body.length, message.body.length);
    }

    stopEditing() {
        if (!this.edited)
            return;
        this.edited = null;
        this.chat.tell("editing", null);
        this.bar.hidden = true;
        this.field.value = this.drafts.get(this.talk) ?? "";
        this.fit();
        this.focus();
    }

    /* It may have been deleted meanwhile. */
    checkEdited() {
        if (this.edited && this.talk.items.some(({ message }) =>
            message?.id === this.edited.id && message.deleted))
            this.stopEditing();
    }

    send() {
        const text = this.field.value.replace(/\s+$/u, "");

        if (!this.talk || text === "")
            return;
        if (this.isTooLong(text)) {
            this.fit();
            return;
        }
        if (this.edited) {
            this.saveEdited(text);
            return;
        }
        this.field.value = "";
        this.fit();
        this.typing.stop(true);
        say(this.chat, this.talk, text);
        this.field.focus();
    }

    async saveEdited(text) {
        const { edited } = this;

        if (text === edited.body
            || await edit(this.chat, this.talk, edited, text)) {
            if (this.edited === edited)
                this.stopEditing();
        }
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
        /* 0 while no talk is shown. */
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
