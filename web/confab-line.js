/*
 * One line of messages, of a room or of our inbox, as one connection sees it:
 * puts what the server pushes into the order of the offsets, notices what is
 * missing and reads it from the history, and drops repeats. Used by confab.js
 * only; knows nothing of sockets.
 *
 * What is in a line is a message or a change of one (`edit`, `delete`), which
 * has a place of its own. A live one is delivered at once when it is the next
 * one. Otherwise it is held, and pages of history are read until the line is
 * whole again. After a reconnect the answer brings what was missed; when the
 * server cannot recover that, pages of history are read in the same way.
 *
 * An inbox is not dense: what a connection does not want is not pushed to it.
 * So its live messages are never held for a gap, only while it is read.
 *
 * The history shows messages as they are now, but not the changes themselves:
 * where pages had to be read, those of messages we had before are missing, and
 * the line says that it is `stale`.
 */

/** Ids remembered to recognise messages that come twice. */
const IDS_KEPT = 1000;
/** Live messages held while a gap is read; beyond, the history has them. */
const HELD_MAX = 500;
const PAGE = 200;

/** @typedef {{cmd: "msg"|"edit"|"delete", data: object}} Entry */

/** @returns {Entry} an element of `messages` of a recovery */
function entryOf(data) {
    if (data.of === undefined)
        return { cmd: "msg", data };
    return { cmd: data.body === undefined ? "delete" : "edit", data };
}

export class Line {
    /**
     * @param {{room: string} | {inbox: true}} place
     * @param {object} uses what the line needs of its connection
     * @param {(query: object) => Promise<object>} uses.history
     * @param {(entry: Entry, recovered: boolean) => void} uses.deliver
     * @param {(why: object) => void} uses.moved the line cannot be continued
     * @param {(what: object) => void} uses.stale
     * @param {(error: Error, tries: number) => Promise<boolean>} uses.wait
     *        waits before another try; false: give up, the socket is gone
     * @param {{recoverLimit: number, isDense: boolean}} options more missed
     *        messages than this: moved
     */
    constructor(place, uses, { recoverLimit, isDense }) {
        this.place = place;
        this.uses = uses;
        this.recoverLimit = recoverLimit;
        this.isDense = isDense;
        this.epoch = "";
        /** The latest one seen, which tells other hosts where we are. */
        this.id = undefined;
        /** Everything up to here has been delivered or was never wanted. */
        this.last = 0;
        /** The highest offset known to exist. */
        this.top = 0;
        /** Live entries by offset; null: our own, nobody wants it. */
        this.held = new Map();
        this.ids = new Set();
        this.filling = null;
        this.hasHoles = false;
        /** Counts the joins: a later one has a connection of its own. */
        this.visit = 0;
    }

    /** What a join or login made again says about where we are. */
    get since() {
        return this.epoch === "" ? undefined
            : { epoch: this.epoch, offset: this.last, id: this.id };
    }

    /** The answer of a join: starts the line, or continues the one we had. */
    async joined({ epoch, offset, id, recovered, overlap, messages }) {
        if (epoch === undefined || offset === undefined)
            return;
        this.visit++;
        if (this.epoch === "")
            this.restart(epoch, offset, id);
        else if (recovered && overlap)
            this.takeOver(epoch, offset, id, messages);
        else if (epoch !== this.epoch || offset < this.last)
            this.lose(epoch, offset, id);
        else if (recovered)
            await this.takeMissed(messages, offset, id);
        else if (offset - this.last > this.recoverLimit)
            this.lose(epoch, offset);
        else
            await this.reach(offset);
    }

    /** The line begins anew after offset. */
    restart(epoch, offset, id) {
        this.epoch = epoch;
        this.id = id;
        this.last = offset;
        this.top = offset;
        this.held.clear();
        this.hasHoles = false;
    }

    lose(epoch, offset, id) {
        const missed = epoch === this.epoch ? offset - this.last : undefined;

        this.restart(epoch, offset, id ?? this.id);
        this.uses.moved({ ...this.place, epoch, offset, missed });
    }

    /**
     * Another host goes on with the line, in its own order: it brings all that
     * we may not have, and some that we have, which we know by their ids.
     */
    takeOver(epoch, offset, id, messages) {
        const entries = messages.map(entryOf);
        const before = entries[0]?.data.offset ?? offset + 1;

        this.restart(epoch, before - 1, id);
        this.takeAll(entries, offset);
    }

    /** Ids are in the order of time, as texts too. */
    sawId(id) {
        if (id !== undefined && !(id <= this.id))
            this.id = id;
    }

    /** A push of the server. @param {Entry} entry */
    pushed(entry) {
        const { offset, epoch } = entry.data;

        if (offset === undefined) {
            this.deliver(entry, false);
            return;
        }
        if (epoch !== undefined && this.epoch !== "" && epoch !== this.epoch) {
            this.lose(epoch, offset - 1);
            this.pushed(entry);
            return;
        }
        this.take(offset, entry);
    }

    /**
     * Our own, which does not come back, unless from another host: its id is
     * known, and in a room it is no gap.
     */
    said({ offset, id }) {
        this.isKnown(id);
        if (this.isDense)
            this.take(offset, null);
    }

    /** A change of our own, told by its answer; the push of it may follow. */
    changed(entry) {
        if (this.isDense)
            this.take(entry.data.offset, entry);
        else
            this.deliver(entry, false);
    }

    take(offset, entry) {
        if (offset <= this.last)
            return;
        if ((offset === this.last + 1 || !this.isDense) && !this.filling) {
            this.advance(offset, entry, false);
            this.releaseHeld();
            return;
        }
        if (this.held.size < HELD_MAX)
            this.held.set(offset, entry);
        this.reach(offset);
    }

    advance(offset, entry, recovered) {
        this.last = offset;
        this.top = Math.max(this.top, offset);
        this.sawId(entry?.data.id);
        if (entry)
            this.deliver(entry, recovered);
    }

    releaseHeld() {
        while (this.held.has(this.last + 1)) {
            const offset = this.last + 1;
            const entry = this.held.get(offset);

            this.held.delete(offset);
            this.advance(offset, entry, false);
        }
    }

    deliver(entry, recovered) {
        const { id } = entry.data;

        if (id === undefined || !this.isKnown(id))
            this.uses.deliver(entry, recovered);
    }

    /** Whether this id was seen before; from now on it was. */
    isKnown(id) {
        if (this.ids.has(id))
            return true;
        this.ids.add(id);
        if (this.ids.size > IDS_KEPT)
            this.ids.delete(this.ids.values().next().value);
        return false;
    }

    /** All messages up to offset that we had not seen. */
    takeMissed(messages, offset, id) {
        this.takeAll(messages.map(entryOf), offset);
        this.sawId(id);
        return this.reach(offset);
    }

    /** Reads history until the line reaches offset; resolves when it does. */
    reach(offset) {
        this.top = Math.max(this.top, offset);
        if (!this.filling && this.last < this.top)
            this.filling = this.fill();
        return this.filling ?? Promise.resolve();
    }

    async fill() {
        let { visit } = this;

        for (let tries = 0; this.last < this.top;) {
            try {
                await this.readOn();
                tries = 0;
            } catch (error) {
                if (await this.uses.wait(error, ++tries))
                    continue;
                /* Gone; but we may have come back meanwhile. */
                if (visit === this.visit)
                    break;
                visit = this.visit;
            }
        }
        /* Now, and not when the promise says it: more may come before that. */
        this.filling = null;
        if (this.hasHoles)
            this.uses.stale({ ...this.place, offset: this.last });
        this.hasHoles = false;
    }

    async readOn() {
        const { epoch, last } = this;
        const page = await this.uses.history({
            ...this.place, after: last, limit: PAGE,
        });

        if (epoch === this.epoch && last === this.last)
            this.takePage(page);
    }

    /* A page may span more than it shows: what expired, and changes. */
    takePage({ epoch, last, messages }) {
        if (epoch !== undefined && epoch !== this.epoch) {
            this.lose(epoch, last ?? 0);
            return;
        }
        const shown = Math.max(last ?? 0, messages.at(-1)?.offset ?? 0);
        const end = shown > this.last ? shown : this.top;
        const before = this.last;
        const count = this.takeAll(
            messages.map((data) => ({ cmd: "msg", data })), end);

        this.hasHoles ||= count < end - before;
    }

    /* Everything up to end: what was read, and what is held between it. Returns
     * how many there were. */
    takeAll(entries, end) {
        const all = new Map();
        let count = 0;

        for (const [offset, entry] of this.held) {
            if (offset <= end)
                all.set(offset, { entry, recovered: false });
        }
        for (const entry of entries)
            all.set(entry.data.offset, { entry, recovered: true });
        for (const offset of [...all.keys()].sort((a, b) => a - b)) {
            const { entry, recovered } = all.get(offset);

            this.held.delete(offset);
            if (offset <= this.last)
                continue;
            this.advance(offset, entry, recovered);
            count++;
        }
        this.last = Math.max(this.last, end);
        this.top = Math.max(this.top, end);
        this.releaseHeld();
        return count;
    }
}
