/*
 * Who is online: a page of users, in no order that means anything, and the way
 * to one of them by name.
 */
import { byId, KeyedList, make } from "../chat/dom.js";
import { t } from "./i18n.js";

const PAGE = 30;
const PAGE_MAX = 1000;

export class PeopleView {
    /**
     * @param {import("./feed.js").Feed} feed
     * @param {() => string} tenant
     * @param {(user: string) => void} onUser
     */
    constructor(feed, tenant, onUser) {
        this.feed = feed;
        this.tenant = tenant;
        this.onUser = onUser;
        this.limit = PAGE;
        this.list = new KeyedList(byId("people"));
        this.list.clear();
        this.listen();
        feed.watch("people", () => this.ask());
        feed.on("people", (page) => this.show(page));
    }

    listen() {
        byId("people-more").addEventListener("click", () => {
            this.limit = Math.min(this.limit + 4 * PAGE, PAGE_MAX);
            this.now();
        });
        byId("user-name").addEventListener("input", () => this.now());
        byId("tenant").addEventListener("input", () => this.now());
        byId("user-form").addEventListener("submit", (event) => {
            const name = byId("user-name").value.trim();

            event.preventDefault();
            if (name)
                this.onUser(name);
        });
    }

    /** In a tenant that is not there nobody is. */
    async ask() {
        try {
            return await this.feed.api.get("/v1/users", {
                limit: this.limit, tenant: this.tenant(),
                prefix: byId("user-name").value.trim(),
            });
        } catch (error) {
            if (error.status === 400 || error.status === 403)
                return { users: [] };
            throw error;
        }
    }

    async now() {
        const wanted = () => byId("user-name").value + byId("tenant").value;
        const before = wanted();
        const page = await this.ask().catch(() => null);

        if (page && wanted() === before)
            this.show(page);
    }

    show({ users, next }) {
        byId("people-none").hidden = users.length > 0 || Boolean(next);
        byId("people-more").hidden = !next || this.limit >= PAGE_MAX;
        this.list.show(users.map(({ user, connections }) => ({
            key: user,
            sign: String(connections),
            draw: () => make("li", {}, make("button",
                { type: "button", "data-act": "user", "data-user": user,
                    onclick: () => this.onUser(user) },
                make("bdi", {}, user),
                connections > 1 ? make("small", {},
                    t("connectionsOf", connections)) : null)),
        })));
    }
}
