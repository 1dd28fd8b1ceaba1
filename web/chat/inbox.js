/*
 * With whom we have talked: the conversations of our inbox, found by reading
 * its newest pages, with what came in them since we looked last.
 */
import { putAway, putAwayAt, rememberedMark } from "./storage.js";

const PAGE = 500;
const PAGES_MAX = 4;
/** Of so many conversations the server is asked how far they were read. */
const ASKED_MAX = 20;

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
        const unsure = [];

        for (const [user, messages] of found) {
            const newest = messages[0];
            const away = putAwayAt(chat.user, user);

            if (away?.epoch === epoch && newest.offset <= away.offset
                && chat.current?.name !== user)
                continue;
            const talk = chat.direct(user);

            talk.time = Math.max(talk.time, newest.time);
            talk.top = Math.max(talk.top, newest.offset);
            this.resume(talk, messages, this.readTo(talk, messages));
            if (talk.unread > 0 || newest.from === chat.user)
                unsure.push([talk, messages]);
        }
        for (const [talk, messages] of unsure.slice(0, ASKED_MAX))
            this.askServer(talk, messages);
        chat.tell("inboxListed");
        chat.tell("talks");
        chat.look();
    }

    /* Up to what we looked at here, or up to where we said something. */
    readTo(talk, messages) {
        const { user } = this.chat;
        const mark = rememberedMark(user, talk.key);
        const said = messages.find(({ from }) => from === user)?.offset ?? 0;

        return Math.max(said, mark?.epoch === talk.epoch ? mark.offset : 0);
    }

    /* Not read is what the other one said after that. */
    resume(talk, messages, readTo) {
        const unread = messages.filter(({ from, offset }) =>
            from !== this.chat.user && offset > readTo).length;

        if (talk.unread === 0)
            talk.resumeFrom(readTo, unread);
    }

    /* It may have been read on another device, or by the other one. */
    async askServer(talk, messages) {
        const { chat } = this;
        const { epoch, top } = talk;

        try {
            const { offset, with_offset: withOffset = 0 } =
                await chat.confab.read(talk.place, 0);

            if (talk.epoch === epoch && talk.readBy(talk.name, withOffset))
                chat.tell("talk", talk);
            if (talk.epoch !== epoch || talk.top !== top
                || offset <= talk.readTo || talk.unread === 0)
                return;
            talk.unread = 0;
            talk.divider = null;
            this.resume(talk, messages, offset);
            chat.tell("talks");
            chat.tell("talk", talk);
        } catch {
            /* Then it is new here. */
        }
    }
}
