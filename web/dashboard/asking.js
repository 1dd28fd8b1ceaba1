/*
 * Asks before something is done to somebody: why, and for how long.
 */
import { byId, make } from "../chat/dom.js";
import { seconds } from "./format.js";
import { t } from "./i18n.js";

const TIMES = [600, 3600, 86400, 604800, 0];

/**
 * @param {{title: string, act: string, hasTime?: boolean}} question act: the
 *        word on the button
 * @returns {Promise<{reason?: string, seconds?: number} | null>} null: no
 */
export function ask({ title, act, hasTime = false }) {
    const dialog = byId("ask");
    const times = byId("ask-seconds");

    byId("ask-title").textContent = title;
    byId("ask-go").textContent = act;
    byId("ask-seconds-field").hidden = !hasTime;
    byId("ask-reason").value = "";
    times.replaceChildren(...TIMES.map((time) => make("option",
        { value: String(time), selected: time === 3600 },
        time ? seconds(time) : t("forEver"))));
    dialog.returnValue = "";
    dialog.showModal();
    byId("ask-reason").focus();
    return new Promise((resolve) => {
        dialog.addEventListener("close", () => {
            const reason = byId("ask-reason").value.trim();
            const time = Number(times.value);

            resolve(dialog.returnValue !== "go" ? null : {
                ...reason && { reason },
                ...hasTime && time && { seconds: time },
            });
        }, { once: true });
    });
}

/* Enter means what the question is about, not the button that stands first. */
export function prepareAsking() {
    byId("ask-form").addEventListener("submit", (event) => {
        const button = event.submitter ?? byId("ask-go");

        event.preventDefault();
        byId("ask").close(button.value);
    });
    byId("ask-reason").addEventListener("keydown", (event) => {
        if (event.key !== "Enter" || event.isComposing)
            return;
        event.preventDefault();
        byId("ask").close("go");
    });
}
