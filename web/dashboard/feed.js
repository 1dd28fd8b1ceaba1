/*
 * Asks the server now and then, and tells what came: "stats" every second,
 * "traffic" and what else is watched every few. A page that nobody sees asks
 * seldom.
 */
import { ApiError } from "./api.js";
import { Samples } from "./samples.js";

const STATS_MS = 1000;
const SLOW_MS = 3000;
const HIDDEN_MS = 30000;

export class Feed extends EventTarget {
    /**
     * @param {import("./api.js").Api} api
     * @param {boolean} isOfAll does the key open what is about all tenants?
     */
    constructor(api, isOfAll) {
        super();
        this.api = api;
        this.isOfAll = isOfAll;
        this.samples = new Samples();
    }

    start() {
        if (this.isOfAll)
            this.repeat(STATS_MS, () => this.askStats());
    }

    /** Asks again and again, each time when the answer before has come. */
    async repeat(ms, ask) {
        try {
            await ask();
            this.tell("reached", true);
        } catch (error) {
            if (!(error instanceof ApiError) || error.status === 0)
                this.tell("reached", false);
            else if (error.status === 401)
                this.tell("locked", null);
        }
        setTimeout(() => this.repeat(ms, ask),
            document.hidden ? HIDDEN_MS : ms);
    }

    /** Asks for something else every few seconds: ask() is given the api. */
    watch(name, ask) {
        this.repeat(SLOW_MS, async () => {
            this.tell(name, await ask(this.api));
        });
    }

    async askStats() {
        const stats = await this.api.get("/v1/stats");

        this.tell("stats", this.samples.add(performance.now(), stats));
    }

    tell(name, detail) {
        this.dispatchEvent(new CustomEvent(name, { detail }));
    }

    /** Calls act with what is told under this name. */
    on(name, act) {
        this.addEventListener(name, (event) => act(event.detail));
    }
}
