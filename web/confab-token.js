/*
 * The token of a login: where it comes from, and a new one in time, before it
 * ends. Used by confab-session.js.
 */
import { jittered } from "./confab-pause.js";
import { ConfabError } from "./confab-requests.js";

/**
 * About so long before the end it is renewed, or at about half of a shorter
 * time; not all clients that came at the same moment do so at the same moment.
 */
const EARLY_MS = 60000;
const RETRY_MS = 5000;
/** Closed so near to the end, it was the end that closed it. */
const NEAR_MS = 5000;
/** The longest time that a timer knows. */
const TIMER_MAX_MS = 2 ** 31 - 1;
const FORBIDDEN = 1003;

export class Token {
    #source;
    #link;
    #aheadMs = 0;
    #endsAt = Infinity;
    #timer;

    /**
     * @param {string | (() => string | Promise<string>) | undefined} source
     * @param {import("./confab-link.js").Link} link
     */
    constructor(source, link) {
        this.#source = source;
        this.#link = link;
    }

    get isAsked() {
        return typeof this.#source === "function";
    }

    /** For a login or a refresh. */
    async get() {
        if (!this.isAsked)
            return this.#source;
        try {
            return await this.#source();
        } catch (error) {
            throw new ConfabError(0, `no token: ${error?.message ?? error}`);
        }
    }

    /** A login was answered: from now on we watch its end. */
    loggedIn({ time, expires }) {
        this.#aheadMs = time - Date.now();
        this.#watch(expires);
    }

    /** Nobody is logged in, or not for the moment. */
    stop() {
        clearTimeout(this.#timer);
    }

    /** Has it ended, as far as we know, and will another one do? */
    get isOver() {
        return this.isAsked && Date.now() >= this.#endsAt - NEAR_MS;
    }

    #watch(expires) {
        this.stop();
        this.#endsAt = expires === undefined
            ? Infinity : expires - this.#aheadMs;
        if (!this.isAsked || expires === undefined)
            return;
        const early = Math.min(EARLY_MS, this.#leftMs / 2);

        this.#wait(this.#leftMs - early * (0.5 + Math.random()));
    }

    get #leftMs() {
        return Math.max(this.#endsAt - Date.now(), 0);
    }

    #wait(ms) {
        this.stop();
        this.#timer = setTimeout(
            () => ms > TIMER_MAX_MS ? this.#watchOn() : this.#renew(),
            Math.min(ms, TIMER_MAX_MS));
    }

    #watchOn() {
        this.#watch(this.#endsAt + this.#aheadMs);
    }

    /* One that is refused is not given twice: three would end us. */
    async #renew() {
        const { socket } = this.#link;

        try {
            const token = await this.get();

            if (this.#link.socket === socket)
                await this.#link.send("refresh", { token },
                    ({ expires }) => this.#watch(expires));
        } catch (error) {
            if (this.#link.socket === socket && error.code !== FORBIDDEN)
                this.#wait(jittered(RETRY_MS));
        }
    }
}
