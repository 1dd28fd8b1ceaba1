/*
 * The rooms of the server that anyone may find, looked up now and then while
 * the page is being looked at.
 */
const EVERY_MS = 15000;
const LIMIT = 200;

export class Directory {
    constructor(chat) {
        this.chat = chat;
        this.listed = [];
        this.timer = null;
        chat.on("state", () => this.refresh());
        document.addEventListener("visibilitychange", () => this.refresh());
    }

    async refresh() {
        clearTimeout(this.timer);
        if (document.hidden || this.chat.connection.state !== "online")
            return;
        try {
            const page = await this.chat.confab.rooms(
                { listed: true, limit: LIMIT });

            this.listed = page.rooms;
            this.chat.tell("talks");
        } catch {
            /* The list of before is better than none. */
        }
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.refresh(), EVERY_MS);
    }

    /** Listed rooms that we are not in, the busiest first. */
    others() {
        return this.listed
            .filter((line) => !this.chat.room(line.room))
            .sort((a, b) => (b.users ?? 0) - (a.users ?? 0)
                || (b.time ?? 0) - (a.time ?? 0));
    }
}
