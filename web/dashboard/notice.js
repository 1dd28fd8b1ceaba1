/*
 * One sentence on what came of an act, for some seconds.
 */
import { byId } from "../chat/dom.js";
import { t } from "./i18n.js";

const SHOWN_MS = 5000;
let timer;

export function notice(sentence, isBad = false) {
    const element = byId("notice");

    element.textContent = sentence;
    element.classList.toggle("bad", isBad);
    element.hidden = false;
    clearTimeout(timer);
    timer = setTimeout(() => {
        element.hidden = true;
    }, SHOWN_MS);
}

/** Does it and says so, or why not; true when it was done. */
export async function doAndSay(act, done = t("done")) {
    try {
        await act();
        notice(done);
        return true;
    } catch (error) {
        notice(t("failed", { why: error.message }), true);
        return false;
    }
}
