/*
 * Saying something: it is shown at once as pending, and stays so until it comes
 * back in its place among the others. Each has a key, so that saying it again
 * after a lost answer cannot double it.
 */
import { newKey } from "../confab.js";
import { t } from "./i18n.js";
import { loadLatest } from "./pager.js";

/** What fits a server's max_message_bytes (64K) with its envelope around it. */
export const TEXT_BYTES_MAX = 60000;
const TRIES_MAX = 10;

/** @param {string} text */
export function say(chat, talk, text) {
    const pending = {
        key: newKey(), text, time: Date.now(), state: "sending", id: undefined,
    };

    talk.pending.push(pending);
    talk.divider = null;
    loadLatest(chat, talk);
    return send(chat, talk, pending);
}

export function retry(chat, talk, pending) {
    pending.state = "sending";
    chat.tell("talk", talk);
    return send(chat, talk, pending);
}

export function discard(chat, talk, pending) {
    talk.pending = talk.pending.filter((one) => one !== pending);
    chat.tell("talk", talk);
}

/* Who writes faster than the server allows waits as long as it says. */
async function sayInTime(chat, talk, pending) {
    for (let tries = 1; ; tries++) {
        try {
            return await chat.confab.say(talk.place, pending.text,
                { key: pending.key });
        } catch (error) {
            if (error.retryMs === undefined || tries === TRIES_MAX)
                throw error;
            await new Promise((resolve) =>
                setTimeout(resolve, error.retryMs));
        }
    }
}

async function send(chat, talk, pending) {
    try {
        accepted(talk, pending, await sayInTime(chat, talk, pending));
    } catch (error) {
        pending.state = error.maybeDone ? "unknown" : "failed";
        pending.error = error.code === 0 ? "" : error.error;
    }
    chat.tell("talk", talk);
}

/** Another text for a message of ours. Tells the reader when it failed. */
export function edit(chat, talk, message, text) {
    return change(chat, () =>
        chat.confab.edit(talk.place, message.id, text));
}

export function remove(chat, talk, message) {
    return change(chat, () => chat.confab.remove(talk.place, message.id));
}

/* What it changes comes as an event. Returns whether it was done. */
async function change(chat, act) {
    try {
        await act();
        return true;
    } catch (error) {
        chat.tell("notice", t("notChanged", { reason: error.error }));
        return false;
    }
}

/* The message itself may have come before the answer to it, or come later. */
function accepted(talk, pending, { id, offset }) {
    const hasCome = offset !== undefined ? offset <= talk.top
        : talk.items.some((item) => item.message?.id === id);

    pending.id = id;
    pending.state = "sent";
    if (hasCome)
        talk.pending = talk.pending.filter((one) => one !== pending);
}
