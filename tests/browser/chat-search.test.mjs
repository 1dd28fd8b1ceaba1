/* Searching a room: the field, what is found, and going there. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
    enter, enterQuietly, everybodyGoes, lastIs, numbered, openBrowser, sayAll,
    screenshot, textIs,
} from "./people.mjs";
import { Server } from "./server.mjs";

let server;
let browser;

before(async () => {
    server = await Server.start();
    browser = await openBrowser();
});

after(() => everybodyGoes(browser, server));

const found = (page) => page.$$eval("#search-results .found-said",
    (lines) => lines.map((line) => line.textContent));

const focused = (page) => page.evaluate(() =>
    document.activeElement.id || document.activeElement.className);

test("what was said is found, newest first, and marked", async () => {
    const ada = await enterQuietly(server, "Ada", "kitchen");
    const bob = await enterQuietly(server, "小明", "kitchen");

    await sayAll(ada, "kitchen", ["Shall we have hot pot tonight?",
        "Or noodles, as you like."]);
    await sayAll(bob, "kitchen", ["今天晚上我们去吃火锅吧", "The <b>Hot pot</b>"
        + " place near the station is good, and it is open until midnight;"
        + " I will call them and ask for a table for six of us at seven."]);
    const page = await enter(browser, server, "Eve", "kitchen");

    await page.fill("#search-text", "hot pot");
    await textIs(page, "#search-state", "2 messages found");
    const lines = await found(page);

    assert.match(lines[0], /^The <b>Hot pot<\/b> place/);
    assert.equal(lines[1], "Shall we have hot pot tonight?");
    assert.deepEqual(await page.$$eval("#search-results mark", (marks) =>
        marks.map((mark) => mark.textContent)), ["Hot", "pot", "hot", "pot"]);
    await screenshot(page, "search");

    await page.fill("#search-text", "火锅");
    await textIs(page, "#search-state", "1 message found");
    assert.deepEqual(await found(page), ["今天晚上我们去吃火锅吧"]);
    await page.fill("#search-text", "\"AND*");
    await textIs(page, "#search-state", "Nothing was found.");
    await page.fill("#search-text", "");
    await page.waitForSelector("#search-panel", { state: "hidden" });
    assert.deepEqual(page.problems, []);
    await page.context().close();
});

test("choosing a message shows it among its neighbours", async () => {
    const ada = await enterQuietly(server, "Ada", "archive");

    await sayAll(ada, "archive", numbered("line", 300));
    await sayAll(ada, "archive", ["the needle"]);
    await sayAll(ada, "archive", numbered("later", 900));
    const page = await enter(browser, server, "Eve", "archive");

    await lastIs(page, "later 900");
    await page.fill("#search-text", "NEEDLE");
    await page.click("#search-results button");
    await textIs(page, ".line.found .body", "the needle");
    const place = await page.evaluate(() => {
        const log = document.getElementById("log").getBoundingClientRect();
        const line = document.querySelector(".line.found .message")
            .getBoundingClientRect();

        return [line.top - log.top, log.bottom - line.bottom];
    });

    assert.ok(place[0] > 0 && place[1] > 0, `it is visible: ${place}`);
    const bodies = await page.$$eval("#lines .body", (all) =>
        all.map((body) => body.textContent));
    const at = bodies.indexOf("the needle");

    assert.equal(bodies[at - 1], "line 300");
    assert.equal(bodies[at + 1], "later 1");
    await screenshot(page, "search-shown");
    await page.click("#search-close");
    await page.click("#jump");
    await lastIs(page, "later 900");
    assert.deepEqual(page.problems, []);
    await page.context().close();
});

test("more is had page by page", async () => {
    const ada = await enterQuietly(server, "Ada", "pages");

    await sayAll(ada, "pages", numbered("thing", 70));
    const page = await enter(browser, server, "Eve", "pages");

    await page.fill("#search-text", "thing");
    await textIs(page, "#search-state", "30 newest messages found");
    await page.click("#search-more");
    await textIs(page, "#search-state", "60 newest messages found");
    await page.click("#search-more");
    await textIs(page, "#search-state", "70 messages found");
    assert.equal(await page.locator("#search-more").isVisible(), false);
    assert.deepEqual(await found(page), numbered("thing", 70).reverse());
    await page.context().close();
});

test("the keyboard is enough", async () => {
    const ada = await enterQuietly(server, "Ada", "keys");

    await sayAll(ada, "keys", ["first apple", "second apple"]);
    const page = await enter(browser, server, "Eve", "keys");

    await page.focus("#search-text");
    await page.keyboard.type("apple");
    await page.keyboard.press("Enter");
    await textIs(page, "#search-state", "2 messages found");
    await page.keyboard.press("ArrowDown");
    assert.equal(await focused(page), "found-line");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await textIs(page, ".line.found .body", "first apple");
    await page.focus("#search-text");
    await page.keyboard.press("Escape");
    await page.waitForSelector("#search-panel", { state: "hidden" });
    assert.equal(await focused(page), "composer-text");
    await page.context().close();
});

test("another room begins without a search", async () => {
    const ada = await enterQuietly(server, "Ada", "one");

    await sayAll(ada, "one", ["apple"]);
    const page = await enter(browser, server, "Eve", "one");

    await page.fill("#search-text", "apple");
    await textIs(page, "#search-state", "1 message found");
    await page.evaluate(() => {
        location.hash = "#two";
    });
    await textIs(page, "#room-title", "two");
    await page.waitForSelector("#search-panel", { state: "hidden" });
    assert.equal(await page.inputValue("#search-text"), "");
    await page.context().close();
});

test("a refusal is told", async () => {
    const page = await enter(browser, server, "Eve", "unsearched");

    await page.fill("#search-text", "apple");
    await textIs(page, "#search-state",
        "The search failed: search is off in this room");
    await page.context().close();
});

test("on a narrow screen the field takes the heading", async () => {
    const ada = await enterQuietly(server, "小明", "narrow");

    await sayAll(ada, "narrow", [...numbered("一句话", 60), "火锅 and rice"]);
    const page = await enter(browser, server, "小红", "narrow", {
        viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true,
        locale: "zh-CN", colorScheme: "dark",
    });

    await screenshot(page, "narrow-search-closed");
    assert.equal(await page.evaluate(() =>
        document.documentElement.scrollWidth <= innerWidth), true);
    await page.tap("#search-text");
    await page.fill("#search-text", "一句话 1");
    await page.waitForSelector("#search-results li");
    await screenshot(page, "narrow-search");
    await page.tap("#search-results li:last-child button");
    await page.waitForSelector("#search-panel", { state: "hidden" });
    await textIs(page, ".line.found .body", "一句话 1");
    await screenshot(page, "narrow-search-shown");
    await page.context().close();
});
