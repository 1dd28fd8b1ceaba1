/*
 * The dialog that asks before a message of ours is deleted for everyone.
 */
import { byId } from "./dom.js";
import { remove } from "./sender.js";
import { plainText } from "./text.js";

const SHOWN_MAX = 200;

export function askRemoval(chat, talk, message) {
    const dialog = byId("removal");

    byId("removal-said").textContent =
        plainText(message.body).slice(0, SHOWN_MAX);
    dialog.returnValue = "";
    dialog.onclose = () => {
        if (dialog.returnValue === "remove")
            remove(chat, talk, message);
        byId("composer-text").focus();
    };
    dialog.showModal();
}
