/*
 * The dashboard: asks for a key, and shows what it opens until it is locked.
 */
import { byId } from "../chat/dom.js";
import { prepareAsking } from "./asking.js";
import { BansView } from "./bans-view.js";
import { ChartsView } from "./charts-view.js";
import { Drawer } from "./drawer.js";
import { Feed } from "./feed.js";
import { seconds } from "./format.js";
import { stateWord, t, translatePage } from "./i18n.js";
import { PeopleView } from "./people-view.js";
import { RoomPanel } from "./room-panel.js";
import { ProcessesView, TrafficView } from "./tables-view.js";
import { TilesView } from "./tiles-view.js";
import { forgetKey, unlock } from "./unlock.js";
import { UserPanel } from "./user-panel.js";

const drawer = new Drawer();

function tenant() {
    return byId("tenant").value.trim() || "default";
}

function showServer(sample) {
    const { stats } = sample;

    byId("state-word").textContent = stateWord(stats.state);
    byId("server").textContent = t("server", { version: stats.version,
        uptime: seconds(stats.uptime), pid: stats.pid });
}

function showLink(isReached) {
    document.body.dataset.link = isReached ? "online" : "lost";
    if (!isReached)
        byId("state-word").textContent = t("lost");
    else if (document.body.dataset.mode === "tenant")
        byId("state-word").textContent = stateWord("serving");
}

/** All that is on the board. */
function build({ api, isOfAll }) {
    const feed = new Feed(api, isOfAll);
    const userPanel = new UserPanel(api, drawer,
        (room, of) => roomPanel.open(room, of));
    const roomPanel = new RoomPanel(api, drawer,
        (user, of) => userPanel.open(user, of));
    /* Who has a key of one tenant may not name another. */
    const wanted = () => isOfAll ? tenant() : undefined;

    document.body.dataset.mode = isOfAll ? "all" : "tenant";
    byId("one-tenant").hidden = isOfAll;
    byId("tenant-field").hidden = !isOfAll;
    if (isOfAll) {
        new TilesView(feed);
        new ProcessesView(feed);
        new ChartsView(feed);
        feed.on("stats", showServer);
    }
    new PeopleView(feed, wanted, (user) => userPanel.open(user, wanted()));
    new TrafficView(feed, (room, of) => roomPanel.open(room, of),
        (user, of) => userPanel.open(user, of));
    new BansView(feed);
    feed.on("reached", showLink);
    feed.on("locked", lock);
    byId("room-form").addEventListener("submit", (event) => {
        const name = byId("room-name").value.trim();

        event.preventDefault();
        if (name)
            roomPanel.open(name, wanted());
    });
    feed.start();
}

/* The page begins anew, so that nothing of what was shown is left in it. */
function lock() {
    forgetKey();
    location.reload();
}

translatePage();
prepareAsking();
byId("lock").addEventListener("click", lock);
build(await unlock());
byId("board").focus({ preventScroll: true });
