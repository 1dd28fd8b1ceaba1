/*
 * Who is banned, and how to lift that.
 */
import { byId, make } from "../chat/dom.js";
import { dayTime } from "./format.js";
import { t } from "./i18n.js";
import { doAndSay } from "./notice.js";
import { Table } from "./tables-view.js";

const SHOWN = 100;

/** Of whom it is, as /v1/unban wants to be told. */
function target(ban) {
    const who = {};

    for (const name of ["user", "ip", "token", "room"]) {
        if (ban[name])
            who[name] = ban[name];
    }
    if (ban.issued_before) {
        who.revoked = true;
        if (!ban.user)
            who.all = true;
    }
    return { ...who, tenant: ban.tenant };
}

export class BansView {
    /** @param {import("./feed.js").Feed} feed */
    constructor(feed) {
        this.feed = feed;
        this.table = new Table("bans", ["whom", "room", "tenant", "until",
            "reason", ""]);
        feed.watch("bans", (api) => this.ask(api));
        feed.on("bans", ({ bans }) => this.show(bans));
    }

    ask(api) {
        return api.get("/v1/bans", { limit: SHOWN });
    }

    show(bans) {
        byId("bans-part").hidden = bans.length === 0;
        this.table.show(bans.map((ban) => ({
            key: JSON.stringify([ban.kind, target(ban)]),
            sign: JSON.stringify(ban),
            cells: [this.whom(ban), ban.room ?? "", ban.tenant,
                ban.until ? dayTime(ban.until) : t("forEver"),
                ban.reason ?? "",
                make("button", { type: "button", class: "quiet",
                    "data-act": "unban", onclick: () => this.lift(ban) },
                t("unban"))],
        })));
    }

    whom(ban) {
        const who = ban.user ?? ban.ip ?? ban.token ?? t("everybody");

        return ban.issued_before
            ? t("tokensOf", { who, time: dayTime(ban.issued_before) }) : who;
    }

    async lift(ban) {
        await doAndSay(() => this.feed.api.post("/v1/unban", target(ban)));
        await this.ask(this.feed.api).then(({ bans }) => this.show(bans),
            () => {});
    }
}
