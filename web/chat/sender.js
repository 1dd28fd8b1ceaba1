/*
 * Saying something: it is shown at once as pending, and stays so until it comes
 * back in its place among the others. Each has a key, so that saying it again
 * after a lost answer cannot double it.
 */
import { newKey } from "../confab.js";
import { loadLatest } from "./pager.js";

/** What fits a server's max_message_bytes (64K) with its envelope around it. */
export const TEXT_BYTES_MAX = 60000;

/** @param {string} text */
export function say(chat, room, text) {
    const pending = {
        key: newKey(), text, time: Date.now(), state: "sending", id: undefined,
    };

    room.pending.push(pending);
    room.divider = null;
    loadLatest(chat, room);
    return send(chat, room, pending);
}

export function retry(chat, room, pending) {
    pending.state = "sending";
    chat.tell("room", room);
    return send(chat, room, pending);
}

export function discard(chat, room, pending) {
    room.pending = room.pending.filter((one) => one !== pending);
    chat.tell("room", room);
}

async function send(chat, room, pending) {
    try {
        const answer = await chat.confab.say(room.name, pending.text,
            { key: pending.key });

        accepted(room, pending, answer);
    } catch (error) {
        pending.state = error.maybeDone ? "unknown" : "failed";
        pending.error = error.code === 0 ? "" : error.error;
    }
    chat.tell("room", room);
}

/* The message itself may have come before the answer to it, or come later. */
function accepted(room, pending, { id, offset }) {
    const hasCome = offset !== undefined ? offset <= room.top
        : room.items.some((item) => item.message?.id === id);

    pending.id = id;
    pending.state = "sent";
    if (hasCome)
        room.pending = room.pending.filter((one) => one !== pending);
}
