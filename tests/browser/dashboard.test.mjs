/* The dashboard: what it opens with, what it shows, and what it does. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
    arrive, enterQuietly, everybodyGoes, openBrowser, openPage, sayAll,
    textIs,
} from "./people.mjs";
import { Server, until } from "./server.mjs";

const KEY = "a-key-for-all-tenants-of-this-server";
const OWN_KEY = "a-key-for-the-tenant-that-is-called-shop";
let server;
let browser;

before(async () => {
    server = await Server.start({
        files: { "api.key": KEY, "shop.key": OWN_KEY },
        more: `tenant shop { }
key "file:@/api.key" { tenant = "*" }
key "file:@/shop.key" { tenant = "shop" }
`,
    });
    browser = await openBrowser();
});

after(() => everybodyGoes(browser, server));

async function openLocked(options) {
    const page = await openPage(browser, server, options);

    await page.goto(`${server.page}dashboard`);
    await page.waitForSelector("#unlock[open]");
    return page;
}

async function open(key = KEY, options = {}) {
    const page = await openLocked(options);

    await page.fill("#unlock-key", key);
    await page.press("#unlock-key", "Enter");
    await page.waitForSelector('body:not([data-mode="locked"])');
    return page;
}

function tile(page, name) {
    return page.textContent(`[data-tile="${name}"] strong`);
}

test("without a key nothing is shown", async () => {
    const page = await openLocked();

    assert.equal(await page.isVisible("#board"), false);
    await page.fill("#unlock-key", "some-other-key");
    await page.press("#unlock-key", "Enter");
    await page.waitForSelector("#unlock-problem:not([hidden])");
    assert.equal(await page.isVisible("#board"), false);
    await page.keyboard.press("Escape");
    assert.equal(await page.isVisible("#unlock"), true);
    assert.equal(await page.isVisible("#board"), false);
});

test("a key opens it, stays in the tab, and is forgotten", async () => {
    const page = await open();

    await page.waitForSelector('body[data-link="online"]');
    await page.reload();
    await page.waitForSelector('body[data-mode="all"]');
    const other = await page.context().newPage();

    await other.goto(`${server.page}dashboard/`);
    await other.waitForSelector("#unlock[open]");
    await page.click("#lock");
    await page.waitForSelector("#unlock[open]");
    await page.reload();
    await page.waitForSelector("#unlock[open]");
    assert.deepEqual(page.problems, []);
});

test("numbers follow what happens", async () => {
    const page = await open();
    const ann = await enterQuietly(server, "ann", "numbers");

    await enterQuietly(server, "bob", "numbers");
    await until(async () => Number(await tile(page, "connections")) >= 2,
        "two connections are shown");
    await until(async () => Number(await tile(page, "users")) >= 2,
        "two users are shown");
    let isOver = false;
    const talking = (async () => {
        while (!isOver)
            await sayAll(ann, "numbers", ["on and on"]);
    })();

    await until(async () => parseFloat(await tile(page, "messages")) > 0
        && parseFloat(await tile(page, "deliveries")) > 0
        && /\d/.test(await tile(page, "latency")), "messages are counted");
    const latency = await page.textContent(
        '[data-chart="latencyChart"] .legend');

    assert.match(latency, /\d.* ms/);
    await page.waitForSelector("#processes tbody tr >> nth=4");
    const roles = await page.$$eval("#processes tbody tr td:first-child",
        (cells) => cells.map((cell) => cell.textContent));

    assert.deepEqual(roles.map((role) => role.split(" ")[0]),
        ["gateway", "gateway", "api", "ledger", "historian"]);
    await page.click('#rooms button:text-is("numbers")');
    await textIs(page, "#drawer-title", "numbers");
    isOver = true;
    await talking;
    assert.deepEqual(page.problems, []);
});

test("charts are drawn, and tell what is under the pointer", async () => {
    const page = await open();
    const paints = () => page.$$eval("#charts canvas", (canvases) =>
        canvases.map((canvas) => canvas.toDataURL()));
    const first = await paints();

    await until(async () => (await paints()).every((one, i) =>
        one !== first[i]), "all charts move");
    await page.hover('[data-chart="clients"] canvas',
        { position: { x: 300, y: 50 } });
    await until(async () => /\d/.test(await page.textContent(
        '[data-chart="clients"] .legend b')), "the legend has numbers");
});

test("who is online is listed, found, and shown", async () => {
    const page = await open();

    await enterQuietly(server, "anna karenina", "novels");
    await arrive(server, "安娜");
    await page.waitForSelector('#people [data-user="anna karenina"]');
    await page.waitForSelector('#people [data-user="安娜"]');
    await page.fill("#user-name", "anna");
    await page.waitForSelector('#people:not(:has([data-user="安娜"]))');
    await page.click('#people [data-user="anna karenina"]');
    await textIs(page, "#drawer-title", "anna karenina");
    await page.waitForSelector(".connections .chip");
    await textIs(page, ".connections .chip", "novels");
    await page.click(".connections .chip");
    await textIs(page, "#drawer-title", "novels");
    await page.waitForSelector('.members [data-user="anna karenina"]');
    await page.keyboard.press("Escape");
    await page.waitForSelector("#drawer", { state: "hidden" });
    assert.deepEqual(page.problems, []);
});

test("a look into a room shows what is said, as text", async () => {
    const page = await open();
    const ann = await enterQuietly(server, "ann", "<b>bold</b>");

    await sayAll(ann, "<b>bold</b>", ["<img src=x onerror=alert(1)>", "two"]);
    await ann.say("<b>bold</b>", { a: 1 });
    await page.fill("#room-name", "<b>bold</b>");
    await page.press("#room-name", "Enter");
    await page.waitForSelector(".messages li >> nth=2");
    const said = await page.$$eval(".messages li p + p", (bodies) =>
        bodies.map((body) => body.textContent));

    assert.deepEqual(said, ["<img src=x onerror=alert(1)>", "two",
        '{"a":1}']);
    assert.equal(await page.$("#drawer img, #drawer li b b"), null);
    assert.deepEqual(page.problems, []);
});

test("the operator says something as system", async () => {
    const page = await open();
    const ann = await enterQuietly(server, "ann", "said");
    const heard = [];

    ann.on("msg", (message) => heard.push(message));
    await page.fill("#room-name", "said");
    await page.press("#room-name", "Enter");
    await page.fill("#say-words", "the kettle is on");
    await page.press("#say-words", "Enter");
    await until(() => heard.length === 1, "it is heard");
    assert.equal(heard[0].from, "system");
    assert.equal(heard[0].body, "the kettle is on");
    await textIs(page, ".messages li p + p", "the kettle is on");
    assert.equal(await page.inputValue("#say-words"), "");
});

test("somebody is sent out of a room, and kicked", async () => {
    const page = await open();
    const bob = await enterQuietly(server, "bobby", "kicks");
    const kicks = [];

    bob.on("kick", (kick) => kicks.push(kick));
    await page.fill("#room-name", "kicks");
    await page.press("#room-name", "Enter");
    await page.click('.members [data-user="bobby"] [data-act="kickOut"]');
    await page.waitForSelector("#ask[open]");
    await page.fill("#ask-reason", "enough");
    await page.press("#ask-reason", "Enter");
    await until(() => kicks.length === 1, "bobby is out");
    assert.equal(kicks[0].room, "kicks");
    assert.equal(kicks[0].reason, "enough");
    await page.waitForSelector('.members:not(:has([data-user="bobby"]))',
        { state: "attached" });
    await page.keyboard.press("Escape");
    await page.fill("#user-name", "bobby");
    await page.click('#people [data-user="bobby"]');
    await page.click('[data-act="kick"]');
    await page.click("#ask .plain");
    assert.equal(bob.state, "online");
    await page.click('[data-act="kick"]');
    await page.click("#ask-go");
    await until(() => bob.state === "closed", "bobby is gone");
    await page.waitForSelector(".connections:empty", { state: "attached" });
});

test("somebody is banned, and the ban is lifted", async () => {
    const page = await open();
    const eve = await enterQuietly(server, "eve", "bans");

    await page.fill("#user-name", "eve");
    await page.click('#people [data-user="eve"]');
    await page.waitForSelector('[data-act="ban-address"]');
    await page.click('.acts [data-act="ban"]');
    await page.selectOption("#ask-seconds", "600");
    await page.fill("#ask-reason", "listens at doors");
    await page.click("#ask-go");
    await until(() => eve.state === "closed", "eve is gone");
    await page.keyboard.press("Escape");
    await page.waitForSelector('#bans td:text-is("eve")');
    await page.waitForSelector('#bans td:text-is("listens at doors")');
    await assert.rejects(arrive(server, "eve"));
    await page.click('#bans [data-act="unban"]');
    await page.waitForSelector("#bans-part", { state: "hidden" });
    await arrive(server, "eve");
    assert.deepEqual(page.problems, []);
});

test("a key of one tenant shows that tenant alone", async () => {
    await enterQuietly(server, "ann", "not of the shop");
    const shop = await arrive(server, { user: "clerk", tenant: "shop" });

    await shop.join("counter");
    const all = await open();

    await all.fill("#tenant", "shop");
    await all.waitForSelector('#people [data-user="clerk"]');
    await all.waitForSelector('#people:not(:has([data-user="ann"]))');
    await all.fill("#tenant", "no such tenant");
    await all.waitForSelector("#people-none:not([hidden])");
    const page = await open(OWN_KEY);

    await page.waitForSelector('body[data-mode="tenant"]');
    await page.waitForSelector('#people [data-user="clerk"]');
    assert.equal(await page.$('#people [data-user="ann"]'), null);
    assert.equal(await page.isVisible("#tiles"), false);
    assert.equal(await page.isVisible("#processes"), false);
    await page.fill("#room-name", "counter");
    await page.press("#room-name", "Enter");
    await page.waitForSelector('.members [data-user="clerk"]');
    assert.deepEqual(page.problems, []);
});

test("a server that goes is told of, and its return too", async () => {
    const own = await Server.start({ files: { "api.key": KEY },
        more: `key "file:@/api.key" { }\n` });

    try {
        const page = await openPage(browser, own);

        await page.goto(`${own.page}dashboard/`);
        await page.fill("#unlock-key", KEY);
        await page.press("#unlock-key", "Enter");
        await page.waitForSelector('body[data-link="online"]');
        await own.terminate();
        await page.waitForSelector('body[data-link="lost"]');
        await own.launch();
        await page.waitForSelector('body[data-link="online"]');
    } finally {
        await own.stop();
    }
});
