/*
 * Searching the current talk: one question at a time, answered page by page,
 * newest first. No drawing here; what changed is told as "found".
 */
const PAGE = 30;
/* The server ends a long search early and says where to go on; so often it is
 * continued by itself while nothing was found. */
const EMPTY_PAGES_MAX = 20;

export class Finder {
    /** @param {import("./chat.js").Chat} chat */
    constructor(chat) {
        this.chat = chat;
        this.forget();
        chat.on("current", () => {
            this.forget();
            chat.tell("found");
        });
    }

    forget() {
        this.text = "";
        this.messages = [];
        this.next = undefined;
        this.hasMore = false;
        this.isAsking = false;
        this.error = null;
        this.question = null;
    }

    /** Asks for the messages with the words of text; none: forgets them. */
    ask(text) {
        if (text.trim() === this.text)
            return Promise.resolve();
        this.forget();
        this.text = text.trim();
        return this.text ? this.more() : this.chat.tell("found");
    }

    /** The next page. */
    async more() {
        const question = {};
        const { place } = this.chat.current;
        const known = this.messages.length;

        this.question = question;
        this.isAsking = true;
        this.error = null;
        this.chat.tell("found");
        try {
            for (let pages = 0; pages < EMPTY_PAGES_MAX; pages++) {
                const page = await this.chat.confab.search(place, {
                    text: this.text, before: this.next, limit: PAGE,
                });

                /* Something else was asked meanwhile. */
                if (this.question !== question)
                    return;
                this.take(page);
                if (this.messages.length > known || !this.hasMore)
                    break;
            }
        } catch (error) {
            if (this.question !== question)
                return;
            this.error = error;
        }
        this.isAsking = false;
        this.chat.tell("found");
    }

    take(page) {
        this.messages.push(...page.messages);
        this.hasMore = page.more;
        this.next = page.next;
    }
}
