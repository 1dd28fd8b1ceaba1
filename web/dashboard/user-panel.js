/*
 * One person in the drawer: the connections, and what can be done.
 */
import { KeyedList, make } from "../chat/dom.js";
import { ask } from "./asking.js";
import { dayTime } from "./format.js";
import { t } from "./i18n.js";
import { doAndSay } from "./notice.js";

export class UserPanel {
    /**
     * @param {import("./api.js").Api} api
     * @param {import("./drawer.js").Drawer} drawer
     * @param {(room: string, tenant: string) => void} onRoom
     */
    constructor(api, drawer, onRoom) {
        this.api = api;
        this.drawer = drawer;
        this.onRoom = onRoom;
    }

    open(user, tenant) {
        this.user = user;
        this.tenant = tenant;
        this.problem = make("p", { class: "hint" });
        this.list = make("ul", { class: "connections" });
        this.rows = new KeyedList(this.list);
        this.drawer.open(t("userKind"), user, [
            make("div", { class: "acts" },
                make("button", { type: "button", class: "plain danger",
                    "data-act": "kick", onclick: () => this.kick() },
                t("kick")),
                make("button", { type: "button", class: "plain danger",
                    "data-act": "ban", onclick: () => this.ban({ user }) },
                t("ban"))),
            this.problem, this.list,
        ], () => this.refresh());
    }

    async refresh() {
        const path = `/v1/users/${encodeURIComponent(this.user)}`;
        const { user } = this;

        try {
            const { connections } = await this.api.get(path,
                { tenant: this.tenant });

            if (user === this.user)
                this.show(connections);
        } catch (error) {
            if (user === this.user)
                this.problem.textContent = error.message;
        }
    }

    show(connections) {
        this.problem.textContent = connections.length > 0 ? ""
            : t("offline");
        this.rows.show(connections.map((one) => ({
            key: one.client,
            sign: JSON.stringify(one.rooms),
            draw: () => this.draw(one),
        })));
    }

    draw(one) {
        return make("li", { "data-client": one.client },
            make("p", {}, make("b", {}, one.address),
                ` · ${t("platform")} ${one.platform} · `,
                make("time", {}, dayTime(one.since))),
            make("p", { class: "chips" }, ...(one.rooms ?? []).map((room) =>
                make("button", { type: "button", class: "chip", dir: "auto",
                    onclick: () => this.onRoom(room, this.tenant) }, room))),
            make("p", { class: "acts" },
                make("button", { type: "button", class: "quiet",
                    "data-act": "kick-one",
                    onclick: () => this.kick(one.client) }, t("kick")),
                make("button", { type: "button", class: "quiet",
                    "data-act": "ban-address",
                    onclick: () => this.ban({ ip: one.address }) },
                t("banAddress"))));
    }

    async kick(client) {
        const who = client ? { client } : { user: this.user };
        const answer = await ask({ act: t("kick"),
            title: t(client ? "kickOneTitle" : "kickTitle",
                { who: this.user }) });

        if (answer)
            await this.act("/v1/kick", { ...who, ...answer });
    }

    /** @param {{user: string} | {ip: string}} who */
    async ban(who) {
        const answer = await ask({ act: t("ban"), hasTime: true,
            title: t("banTitle", { who: who.user ?? who.ip }) });

        if (answer)
            await this.act("/v1/ban", { ...who, ...answer });
    }

    async act(path, data) {
        await doAndSay(() => this.api.post(path,
            { ...data, tenant: this.tenant }));
        this.drawer.now();
    }
}
