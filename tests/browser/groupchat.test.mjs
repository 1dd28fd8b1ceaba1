/* The pages of the profile groupchat: two people, and a group. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
    everybodyGoes, openBrowser, openPage, screenshot, textIs,
} from "./people.mjs";
import { Server, until } from "./server.mjs";

const CHINESE = { locale: "zh-CN", colorScheme: "dark" };
const NARROW = { viewport: { width: 390, height: 780 } };

let server;
let browser;

before(async () => {
    server = await Server.start({ profile: "groupchat" });
    browser = await openBrowser();
});

after(() => everybodyGoes(browser, server));

/* Somebody at a page, by its path and query, who has logged in. */
async function come(where, options) {
    const page = await openPage(browser, { page: server.front }, options);

    await page.goto(`${server.front}home/${where}`);
    await page.waitForSelector('body[data-connection="connected"]');
    return page;
}

async function leave(...pages) {
    for (const page of pages) {
        assert.deepEqual(page.problems, []);
        await page.context().close();
    }
}

/* Who said what, from the top. */
function lines(page) {
    return page.$$eval("#log li:not(.event)", (all) => all.map((one) =>
        [...one.querySelectorAll(".from, .words")]
            .map((part) => part.textContent)));
}

async function say(page, text) {
    await page.fill("#message", text);
    await page.press("#message", "Enter");
}

function has(page, text) {
    return page.waitForSelector(`#log >> text="${text}"`);
}

function fits(page) {
    return page.evaluate(() =>
        document.documentElement.scrollWidth <= innerWidth);
}

function members(page) {
    return page.locator("#users li").allTextContents();
}

test("two tabs are two people who talk", async () => {
    const one = await come("index?uid=1&to_uid=2");
    const two = await come("index?uid=2&to_uid=1", { ...CHINESE, ...NARROW });

    await textIs(one, "h1", "Talk with 2");
    await textIs(two, "h1", "与 1 聊天");
    await say(one, "Hello <b>there</b> & so on");
    await has(two, "Hello <b>there</b> & so on");
    await say(two, "你好，今天天气不错");
    await has(one, "你好，今天天气不错");
    assert.deepEqual(await lines(one), [
        ["you", "Hello <b>there</b> & so on"],
        ["2", "你好，今天天气不错"]]);
    assert.deepEqual(await lines(two), [
        ["1", "Hello <b>there</b> & so on"],
        ["我", "你好，今天天气不错"]]);
    assert.ok(await fits(two));
    await screenshot(one, "groupchat-two-light");
    await screenshot(two, "groupchat-two-narrow-chinese-dark");
    await leave(one, two);
});

test("a third one hears nothing of two", async () => {
    const one = await come("index?uid=1&to_uid=2&groups_id=");
    const two = await come("index?uid=2&to_uid=1&groups_id=");
    const three = await come("index?uid=3&to_uid=1");

    await say(one, "for 2 alone");
    await has(two, "for 2 alone");
    await say(three, "from 3");
    await has(one, "from 3");
    assert.deepEqual(await lines(three), [["you", "from 3"]]);
    await leave(one, two, three);
});

test("a group hears everybody, and is told who has left", async () => {
    const one = await come("room?uid=1");
    const two = await come("room?uid=2", { ...CHINESE, ...NARROW });

    await textIs(one, "h1", "Group 1");
    await textIs(one, "#count", "2");
    await say(one, "Hello everybody");
    await has(one, "Hello everybody");
    await has(two, "Hello everybody");
    await say(two, "大家好");
    await has(one, "大家好");
    assert.deepEqual(await lines(one),
        [["you", "Hello everybody"], ["2", "大家好"]]);
    assert.deepEqual(await lines(two),
        [["1", "Hello everybody"], ["我", "大家好"]]);
    assert.ok(await fits(two));
    await screenshot(two, "groupchat-room-narrow-chinese-dark");
    await leave(two);
    await has(one, "2 has left");
    await screenshot(one, "groupchat-room-light");
    await leave(one);
});

test("who opens a group belongs to it from then on", async () => {
    const ann = await come("room?uid=ann&groups_id=tea", CHINESE);
    const bob = await come("room?uid=bob&groups_id=tea", NARROW);

    await say(bob, "A cup, please: ".repeat(12));
    await has(ann, "A cup, please: ".repeat(12).trim());
    await textIs(ann, "#count", "2");
    assert.deepEqual(await members(ann), ["ann", "bob"]);
    assert.equal(await ann.textContent("#users .own"), "ann");
    await screenshot(ann, "groupchat-room-chinese-dark");
    await screenshot(bob, "groupchat-room-narrow-light");
    await leave(bob);
    await has(ann, "bob 离开了");
    assert.deepEqual(await members(ann), ["ann", "bob"]);
    await leave(ann);
});

test("what was said to somebody who was not there waits for him", async () => {
    const one = await come("index?uid=4&to_uid=5");
    const three = await come("room?uid=6&groups_id=wait");

    await leave(await come("room?uid=5&groups_id=wait"));
    await has(three, "5 has left");
    await say(one, "are you there?");
    await say(three, "the group waits, too");
    await has(three, "the group waits, too");
    const two = await come("index?uid=5&to_uid=4");

    assert.deepEqual((await lines(two)).sort(), [
        ["4", "are you there?"], ["6", "the group waits, too"]]);
    await leave(one, two, three);
});

test("it says why a login is refused", async () => {
    const page = await openPage(browser, { page: server.front });

    await page.goto(`${server.front}home/index?uid=${"x".repeat(20)}`);
    await page.waitForSelector('body[data-connection="refused"]');
    await textIs(page, "#state", "login refused: nobody can be called so");
    await screenshot(page, "groupchat-refused");
    await leave(page);
});

test("it comes back when the server does, and says what was not sent",
    async () => {
        const page = await come("room?uid=back&groups_id=back");

        await say(page, "once");
        await has(page, "once");

        /* It stands still, so that nothing is answered any more. */
        for (const pid of await server.workers("gateway"))
            process.kill(pid, "SIGSTOP");
        await say(page, "into the void");
        await server.kill("gateway");
        await page.waitForSelector("#log .failed");
        await page.waitForSelector('body[data-connection="connected"]');
        await say(page, "again");
        await until(async () => (await lines(page)).at(-1)[1] === "again",
            "it is sent");
        assert.deepEqual((await lines(page)).map((line) => line[1]),
            ["once", "into the void", "again"]);
        await page.context().close();
    });
