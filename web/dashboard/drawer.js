/*
 * The drawer beside the board: one room or one person at a time, asked anew
 * every few seconds while it is open.
 */
import { byId } from "../chat/dom.js";

const AGAIN_MS = 3000;

export class Drawer {
    constructor() {
        this.timer = null;
        this.turn = 0;
        byId("drawer-close").addEventListener("click", () => this.close());
        document.addEventListener("keydown", (event) => {
            if (event.key === "Escape" && !document.querySelector(
                "dialog[open]"))
                this.close();
        });
    }

    /**
     * @param {string} kind a word
     * @param {string} title of what is shown
     * @param {Element[]} body
     * @param {() => Promise<void>} refresh
     */
    open(kind, title, body, refresh) {
        this.before ??= document.activeElement;
        this.stop();
        byId("drawer-kind").textContent = kind;
        byId("drawer-title").textContent = title;
        byId("drawer-body").replaceChildren(...body);
        byId("drawer").hidden = false;
        byId("drawer-close").focus();
        this.refresh = refresh;
        this.again(this.turn);
    }

    close() {
        if (byId("drawer").hidden)
            return;
        this.stop();
        byId("drawer").hidden = true;
        byId("drawer-body").replaceChildren();
        this.before?.focus();
        this.before = null;
    }

    stop() {
        clearTimeout(this.timer);
        this.turn++;
    }

    /** Asks at once, as after an act. */
    now() {
        this.stop();
        this.again(this.turn);
    }

    async again(turn) {
        await this.refresh();
        if (turn === this.turn)
            this.timer = setTimeout(() => this.again(turn), AGAIN_MS);
    }
}
