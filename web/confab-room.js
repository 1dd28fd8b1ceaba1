/*
 * The line of one room, as one connection sees it: puts what the server pushes
 * into the order of the offsets, notices what is missing and reads it from the
 * history, and drops repeats. Used by confab.js only; knows nothing of sockets.
 *
 * A live message is delivered at once when it is the next one. Otherwise it is
 * held, and pages of history are read until the line is whole again. After a
 * reconnect the answer of the join brings what was missed; when the server
 * cannot recover that, pages of history are read in the same way.
 */

/** Ids remembered to recognise messages that come twice. */
const IDS_KEPT = 1000;
/** Live messages held while a gap is read; beyond, the history has them. */
const HELD_MAX = 500;
const PAGE = 200;

export class RoomLine {
    /**
     * @param {string} room
     * @param {object} uses what the line needs of its connection
     * @param {(query: object) => Promise<object>} uses.history
     * @param {(message: object, recovered: boolean) => void} uses.deliver
     * @param {(why: object) => void} uses.moved the line cannot be continued
     * @param {(error: Error, tries: number) => Promise<boolean>} uses.wait
     *        waits before another try; false: give up, the socket is gone
     * @param {number} recoverLimit more missed messages than this: moved
     */
    constructor(room, uses, recoverLimit) {
        this.room = room;
        this.uses = uses;
        this.recoverLimit = recoverLimit;
        this.epoch = "";
        /** Everything up to here has been delivered or was never wanted. */
        this.last = 0;
        /** The highest offset known to exist. */
        this.top = 0;
        this.held = new Map();
        this.ids = new Set();
        this.filling = null;
    }

    /** What a join made again says about where we are. */
    get since() {
        return this.epoch === "" ? undefined
            : { epoch: this.epoch, offset: this.last };
    }

    /** The answer of a join: starts the line, or continues the one we had. */
    async joined({ epoch, offset, recovered, messages }) {
        if (epoch === undefined || offset === undefined)
            return;
        if (this.epoch === "")
            this.restart(epoch, offset);
        else if (epoch !== this.epoch || offset < this.last)
            this.lose(epoch, offset);
        else if (recovered)
            await this.takeMissed(messages, offset);
        else if (offset - this.last > this.recoverLimit)
            this.lose(epoch, offset);
        else
            await this.reach(offset);
    }

    /** The line begins anew after offset. */
    restart(epoch, offset) {
        this.epoch = epoch;
        this.last = offset;
        this.top = offset;
        this.held.clear();
    }

    lose(epoch, offset) {
        const missed = epoch === this.epoch ? offset - this.last : undefined;

        this.restart(epoch, offset);
        this.uses.moved({ room: this.room, epoch, offset, missed });
    }

    /** A push of the server. */
    pushed(message) {
        const { offset, epoch } = message;

        if (offset === undefined) {
            this.deliver(message, false);
            return;
        }
        if (epoch !== undefined && this.epoch !== "" && epoch !== this.epoch) {
            this.lose(epoch, offset - 1);
            this.pushed(message);
            return;
        }
        this.take(offset, message);
    }

    /** We said this ourselves and asked for no echo: it is no gap. */
    said(offset) {
        this.take(offset, null);
    }

    take(offset, message) {
        if (offset <= this.last)
            return;
        if (offset === this.last + 1 && !this.filling) {
            this.advance(offset, message, false);
            this.releaseHeld();
            return;
        }
        if (this.held.size < HELD_MAX)
            this.held.set(offset, message);
        this.reach(offset);
    }

    advance(offset, message, recovered) {
        this.last = offset;
        this.top = Math.max(this.top, offset);
        if (message)
            this.deliver(message, recovered);
    }

    releaseHeld() {
        while (this.held.has(this.last + 1)) {
            const offset = this.last + 1;
            const message = this.held.get(offset);

            this.held.delete(offset);
            this.advance(offset, message, false);
        }
    }

    deliver(message, recovered) {
        if (message.id !== undefined) {
            if (this.ids.has(message.id))
                return;
            this.ids.add(message.id);
            if (this.ids.size > IDS_KEPT)
                this.ids.delete(this.ids.values().next().value);
        }
        this.uses.deliver(message, recovered);
    }

    /** Reads history until the line reaches offset; resolves when it does. */
    reach(offset) {
        this.top = Math.max(this.top, offset);
        if (!this.filling && this.last < this.top) {
            this.filling = this.fill().finally(() => {
                this.filling = null;
            });
        }
        return this.filling ?? Promise.resolve();
    }

    async fill() {
        let tries = 0;

        while (this.last < this.top) {
            const { epoch, last } = this;

            try {
                const page = await this.uses.history({
                    room: this.room, after: last, limit: PAGE,
                });
                tries = 0;
                if (epoch === this.epoch && last === this.last)
                    this.takePage(page);
            } catch (error) {
                if (!await this.uses.wait(error, ++tries))
                    return;
            }
        }
    }

    takePage(page) {
        if (page.epoch !== undefined && page.epoch !== this.epoch) {
            this.lose(page.epoch, page.last ?? 0);
            return;
        }
        this.takeAll(page.messages);
        if (!page.more && page.messages.length === 0)
            this.skip();
    }

    /** All messages up to offset that we had not seen. */
    takeMissed(messages, offset) {
        this.takeAll(messages);
        return this.reach(offset);
    }

    takeAll(messages) {
        for (const message of messages) {
            if (message.offset <= this.last)
                continue;
            this.forgetHeld(message.offset);
            this.advance(message.offset, message, true);
        }
        this.releaseHeld();
    }

    /* The history holds no more: what we hold ourselves is all there is. */
    skip() {
        const offsets = [...this.held.keys()].sort((a, b) => a - b);

        for (const offset of offsets) {
            const message = this.held.get(offset);

            if (offset > this.last)
                this.advance(offset, message, false);
        }
        this.held.clear();
        this.last = Math.max(this.last, this.top);
    }

    forgetHeld(offset) {
        for (const key of this.held.keys()) {
            if (key <= offset)
                this.held.delete(key);
        }
    }
}
