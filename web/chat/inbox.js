/*
 * With whom we have talked: the conversations of our inbox, found by reading
 * its newest pages, with what came in them since we looked last.
 */
import { putAway, putAwayAt, rememberedMark } from "./storage.js";

const PAGE = 500;
const PAGES_MAX = 4;

export class Inbox {
    /** @param {import("./chat.js").Chat} chat */
    constructor(chat) {
        this.chat = chat;
        this.reading = null;
        chat.on("inbox", (at) => this.begin(at));
        chat.on("away", (talk) => putAway(chat.user, talk.name,
            { epoch: talk.epoch, offset: talk.top }));
    }

    /** Our inbox is known, or known anew. */
    async begin({ epoch, offset }) {
        const { chat } = this;
        const found = new Map();
        const reading = {};

        this.reading = reading;
        for (const talk of chat.directs) {
            chat.beginDirect(talk, talk.epoch === epoch ? talk.top : 0);
            chat.tell("talk", talk);
        }
        for (let before = offset + 1, pages = 0; pages < PAGES_MAX; pages++) {
            const page = await this.page(before);

            if (page === null || this.reading !== reading)
                return;
            this.collect(found, page.messages);
            before = page.first;
            if (!page.more || before <= 1)
                break;
        }
        this.show(found, epoch);
    }

    async page(before) {
        try {
            return await this.chat.confab.history({ inbox: true },
                { before, limit: PAGE });
        } catch {
            return null;
        }
    }

    /* Newest first, so that the conversations are in order. */
    collect(found, messages) {
        for (const message of [...messages].reverse()) {
            for (const user of this.chat.partners(message)) {
                const all = found.get(user) ?? [];

                found.set(user, all);
                all.push(message);
            }
        }
    }

    show(found, epoch) {
        const { chat } = this;

        for (const [user, messages] of found) {
            const newest = messages[0];
            const away = putAwayAt(chat.user, user);

            if (away?.epoch === epoch && newest.offset <= away.offset
                && chat.current?.name !== user)
                continue;
            const talk = chat.direct(user);

            talk.time = Math.max(talk.time, newest.time);
            talk.top = Math.max(talk.top, newest.offset);
            this.resume(talk, messages);
        }
        chat.tell("inboxListed");
        chat.tell("talks");
        chat.look();
    }

    /* Not read: what the other one said after we looked last, or, on a device
     * that does not know, after we last said something. */
    resume(talk, messages) {
        const { user } = this.chat;
        const mark = rememberedMark(user, talk.key);
        const said = messages.find(({ from }) => from === user)?.offset ?? 0;
        const readTo = Math.max(said,
            mark?.epoch === talk.epoch ? mark.offset : 0);
        const unread = messages.filter(({ from, offset }) =>
            from !== user && offset > readTo).length;

        if (talk.unread === 0)
            talk.resumeFrom(readTo, unread);
    }
}
