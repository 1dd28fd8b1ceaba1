/*
 * The requests of one client that wait for their answers. Used by confab.js.
 */

/** What a request is rejected with. */
export class ConfabError extends Error {
    /**
     * @param {number} code as in the protocol; 0: it was never answered
     * @param {string} error one sentence
     * @param {{cmd?: string, data?: object, maybeDone?: boolean,
     *   key?: string}} [more]
     *   maybeDone: it was sent, so the server may have done it;
     *   key: of a message, to say it again with
     */
    constructor(code, error, more = {}) {
        super(error);
        this.name = "ConfabError";
        this.code = code;
        this.error = error;
        this.cmd = more.cmd;
        this.data = more.data;
        this.maybeDone = more.maybeDone ?? false;
        this.key = more.key;
    }

    /** Worth another try a little later? */
    get isPassing() {
        return this.code === 1004 || this.code === 1012;
    }

    /** Refused by a rate: so many ms later there is room. */
    get retryMs() {
        return this.data?.retry_ms;
    }
}

export class Requests {
    #waiting = new Map();
    #nextSeq = 1;
    #patienceMs;

    /** @param {number} patienceMs for one answer */
    constructor(patienceMs) {
        this.#patienceMs = patienceMs;
    }

    /**
     * Sends a request. done(data) is called with a good answer in the very turn
     * in which it comes, before any push that follows it is looked at; the
     * promise resolves later.
     */
    send(socket, cmd, data, done) {
        if (socket === null || socket.readyState !== 1)
            return noConnection(cmd, data);
        const seq = this.#nextSeq++;
        const asked = { cmd, key: data?.key, done, ...deferred() };

        asked.timer = setTimeout(() => {
            this.#waiting.delete(seq);
            asked.reject(new ConfabError(0, "no answer in time",
                { cmd, maybeDone: true, key: data?.key }));
        }, this.#patienceMs);
        this.#waiting.set(seq, asked);
        socket.send(JSON.stringify({ seq, cmd, data }));
        return asked.promise;
    }

    answered(frame) {
        const asked = this.#waiting.get(frame.seq);

        if (!asked)
            return;
        this.#waiting.delete(frame.seq);
        clearTimeout(asked.timer);
        if (frame.code !== 200) {
            asked.reject(new ConfabError(frame.code ?? 0,
                frame.error ?? "refused",
                { cmd: asked.cmd, data: frame.data, key: asked.key }));
            return;
        }
        asked.done?.(frame.data ?? {});
        asked.resolve(frame.data ?? {});
    }

    /** The connection broke: nobody will answer these any more. */
    rejectAll() {
        const all = [...this.#waiting.values()];

        this.#waiting.clear();
        for (const asked of all) {
            clearTimeout(asked.timer);
            asked.reject(new ConfabError(0, "the connection broke",
                { cmd: asked.cmd, maybeDone: true, key: asked.key }));
        }
    }
}

export function noConnection(cmd, data) {
    return Promise.reject(new ConfabError(0, "there is no connection",
        { cmd, key: data?.key }));
}

let keysMade = 0;
const page = `${random()}${random()}`;

function random() {
    return Math.random().toString(36).slice(2);
}

/** A key for a message that no other message of this sender has. */
export function newKey() {
    return `${page}.${++keysMade}`;
}

/** A promise with its resolve and reject beside it. */
export function deferred() {
    const box = {};

    box.promise = new Promise((resolve, reject) => {
        box.resolve = resolve;
        box.reject = reject;
    });
    return box;
}
