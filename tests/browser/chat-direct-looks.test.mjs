/* How conversations look: narrow and wide, dark and light, in Chinese, and
 * without a mouse; and rooms in which nobody is told by name. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
    arrive, enter, enterQuietly, everybodyGoes, lastIs, numbered, openBrowser,
    pressBeside, say, sayAll, screenshot, textIs,
} from "./people.mjs";
import { Server } from "./server.mjs";

const narrow = {
    viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true,
};
let server;
let browser;

before(async () => {
    server = await Server.start();
    browser = await openBrowser();
    await talkAWhile();
});

after(() => everybodyGoes(browser, server));

/* Something to look at. */
async function talkAWhile() {
    const ada = await arrive(server, "Ada Lovelace");
    const grace = await enterQuietly(server, "Grace Hopper", "office");
    const ming = await enterQuietly(server, "小明", "office");
    const linus = await arrive(server, "Linus");
    const toAda = { user: "Ada Lovelace" };
    const toGrace = { user: "Grace Hopper" };

    await sayAll(linus, toAda, ["Patch is on the list."]);
    linus.close();
    await sayAll(ming, toAda, ["明天的会议改到三点了", "记得带上材料 📎"]);
    await grace.say(toAda, "Do you have the numbers for the report?");
    const { id } = await ada.say(toGrace, "Nearly, 20 minutes.");

    await ada.edit(toGrace, id, "Nearly, ten minutes.");
    const oops = await ada.say(toGrace, "wrong window");

    await ada.remove(toGrace, oops.id);
    await grace.say(toAda, "No hurry. The archive is at"
        + " https://example.org/reports and takes anything by five.");
    await ada.say(toGrace, "Done, have a look 🎉");
    await grace.read(toAda, (await grace.history(toAda)).messages.at(-1)
        .offset);
    ada.close();
}

const contacts = (page, name) => page.locator("#directs")
    .getByRole("button", { name: new RegExp(`^${name},`) });

test("a conversation looks as it should, in light and in dark", async () => {
    for (const colorScheme of ["light", "dark"]) {
        const page = await enter(browser, server, "Ada Lovelace", "office",
            { colorScheme });

        await contacts(page, "Grace Hopper").click();
        await lastIs(page, "Done, have a look 🎉");
        await page.waitForSelector("#directs .face.online");
        await page.locator(".message.own").last().hover();
        await screenshot(page, `direct-${colorScheme}`);
        assert.equal(await page.locator(".edited").count(), 1);
        assert.equal(await page.locator(".deleted").count(), 1);
        assert.deepEqual(page.problems, []);
        await page.context().close();
    }
});

test("a conversation on a narrow screen, with fingers", async () => {
    const page = await enter(browser, server, "Ada Lovelace", "office",
        narrow);

    await page.click("#rooms-button");
    await contacts(page, "小明").waitFor();
    await screenshot(page, "narrow-directs");
    await contacts(page, "Grace Hopper").click();
    await page.waitForSelector("#rooms", { state: "hidden" });
    await lastIs(page, "Done, have a look 🎉");
    const acts = page.locator(".message.own").last().locator(".acts");

    assert.equal(await acts.evaluate((one) =>
        getComputedStyle(one).opacity), "0");
    await page.locator(".message.own .said").last().tap();
    await page.waitForSelector(".message.acting");
    await page.waitForFunction(() => getComputedStyle(
        document.querySelector(".acting .acts")).opacity === "1");
    await screenshot(page, "narrow-direct");
    const box = await acts.boundingBox();

    assert.ok(box.x >= 0 && box.x + box.width <= narrow.viewport.width);
    await acts.getByRole("button", { name: "Edit message" }).tap();
    await page.waitForSelector("#editing:not([hidden])");
    await screenshot(page, "narrow-editing");
    assert.equal(await page.evaluate(() =>
        document.documentElement.scrollWidth <= innerWidth), true);
    await page.tap("#editing-cancel");
    assert.equal(await page.inputValue("#composer-text"), "");
    await page.context().close();
});

test("a conversation in Chinese", async () => {
    const page = await enter(browser, server, "Ada Lovelace", "office",
        { locale: "zh-CN" });

    await textIs(page, "#directs-title", "私信");
    await contacts(page, "小明").click();
    await textIs(page, "#room-people", "在线");
    await lastIs(page, "记得带上材料 📎");
    await screenshot(page, "direct-zh");
    await say(page, "收到");
    await pressBeside(page.locator(".message.own").last(), "删除消息");
    await textIs(page, "#removal-title", "要为所有人删除这条消息吗？");
    await page.click("#removal-go");
    await lastIs(page, "此消息已删除");
    await page.context().close();
});

test("conversations are found and left with the keyboard alone", async () => {
    const page = await enter(browser, server, "Kay", "office");
    const { keyboard } = page;

    await page.focus("#find-room");
    await keyboard.type("@Grace Hopper");
    await keyboard.press("Enter");
    await textIs(page, "#room-title", "Grace Hopper");
    assert.equal(await page.evaluate(() => document.activeElement.id),
        "composer-text");
    await keyboard.press("Alt+ArrowUp");
    await textIs(page, "#room-title", "office");
    await keyboard.press("Alt+ArrowDown");
    await textIs(page, "#room-title", "Grace Hopper");
    /* Nothing that can be pressed is without a name. */
    const nameless = await page.$$eval("button, input, textarea", (all) =>
        all.filter((one) => one.checkVisibility()
            && !one.getAttribute("aria-label") && !one.labels?.length
            && one.textContent.trim() === "").map((one) => one.outerHTML));

    assert.deepEqual(nameless, []);
    await page.context().close();
});

test("searching a conversation finds only what was said in it", async () => {
    const page = await enter(browser, server, "Ada Lovelace", "office");

    await contacts(page, "Grace Hopper").click();
    await lastIs(page, "Done, have a look 🎉");
    await page.fill("#search-text", "the");
    await textIs(page, "#search-state", "2 messages found");
    await page.fill("#search-text", "list");
    await textIs(page, "#search-state", "Nothing was found.");
    await page.fill("#search-text", "report");
    await page.locator("#search-results button").last().click();
    await textIs(page, ".line.found .body",
        "Do you have the numbers for the report?");
    await page.context().close();
});

test("in a crowd people are counted, not announced", async () => {
    const page = await enter(browser, server, "Ada", "crowd:hall");
    const crowd = [];

    for (const name of numbered("guest", 6))
        crowd.push(await enterQuietly(server, name, "crowd:hall"));
    await textIs(page, "#room-people", "7 people here");
    await textIs(page, "#members-count", "7");
    for (const one of crowd)
        one.close();
    await textIs(page, "#members-count", "1");
    await page.context().close();
});

test("the page shows what is said to everybody", async () => {
    const page = await enter(browser, server, "Ada", "office");
    const app = await arrive(server, "Robot");

    await app.say({ all: true }, "The server restarts at noon.");
    await textIs(page, "#notice", "Robot: The server restarts at noon.");
    await screenshot(page, "announcement");
    app.close();
    await page.context().close();
});
