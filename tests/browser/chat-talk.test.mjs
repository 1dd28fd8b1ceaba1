/* Talking: two people, each in a browser of their own. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
    enter, enterQuietly, everybodyGoes, isOnline, lastIs, messages, numbered,
    openBrowser, openPage, say, screenshot, textIs,
} from "./people.mjs";
import { Server } from "./server.mjs";

let server;
let browser;

before(async () => {
    server = await Server.start();
    browser = await openBrowser();
});

after(() => everybodyGoes(browser, server));

test("a newcomer is asked for a name, once", async () => {
    const page = await openPage(browser, server);

    await page.goto(server.page);
    await page.waitForSelector("#welcome[open]");
    assert.notEqual(await page.inputValue("#welcome-name"), "");
    await screenshot(page, "welcome");

    await page.fill("#welcome-name", "   ");
    await page.press("#welcome-name", "Enter");
    await page.waitForSelector("#welcome-problem:not([hidden])");

    await page.fill("#welcome-name", "Ada");
    await page.press("#welcome-name", "Enter");
    await isOnline(page);
    await textIs(page, "#room-title", "lobby");
    assert.match(page.url(), /#lobby$/);
    await page.waitForSelector("#nothing:not([hidden])");
    await screenshot(page, "empty-room");

    await page.reload();
    await isOnline(page);
    await textIs(page, "#profile-name", "Ada");
    assert.equal(await page.locator("#welcome[open]").count(), 0);
    assert.deepEqual(page.problems, []);
    await page.context().close();
});

test("a name can be changed", async () => {
    const page = await enter(browser, server, "Before", "naming");

    await page.click("#profile");
    await page.fill("#welcome-name", "After");
    await page.press("#welcome-name", "Enter");
    await textIs(page, "#profile-name", "After");
    await isOnline(page);
    await textIs(page, "#room-title", "naming");
    await page.context().close();
});

test("two people see the same messages in the same order", async () => {
    const ada = await enter(browser, server, "Ada", "pair");
    const bob = await enter(browser, server, "bob", "pair");

    await textIs(ada, "#members-count", "2");
    for (let i = 1; i <= 5; i++) {
        await say(ada, `ada ${i}`);
        await say(bob, `bob ${i}`);
    }
    for (const page of [ada, bob]) {
        await page.waitForFunction(() => document.querySelectorAll(
            "#lines .message:not(.pending)").length === 10);
    }
    const seen = await messages(ada);

    assert.deepEqual(await messages(bob), seen);
    for (const who of ["ada", "bob"]) {
        assert.deepEqual(seen.filter((text) => text.startsWith(who)),
            numbered(who, 5));
    }
    assert.equal(await ada.locator(".own").count(), 5);
    assert.deepEqual(await ada.$$eval(".message:not(.own) .name",
        (names) => [...new Set(names.map((name) => name.textContent))]),
    ["bob"]);
    assert.match(await ada.locator(".message time").last().textContent(),
        /^\d\d:\d\d$/);
    await ada.context().close();
    await bob.context().close();
});

test("who comes and goes is told and counted", async () => {
    const ada = await enter(browser, server, "Ada", "door");
    const bob = await enter(browser, server, "bob", "door");

    await textIs(ada, ".event", "bob came in");
    await textIs(ada, "#members-count", "2");
    assert.deepEqual(await ada.$$eval(".member-name",
        (names) => names.map((name) => name.textContent)), ["Ada", "bob"]);
    await say(bob, "bye");
    await lastIs(ada, "bye");

    await bob.hover("#own-rooms li");
    await bob.click("#own-rooms .leave");
    await bob.waitForSelector("#no-room:not([hidden])");
    await screenshot(bob, "no-room");
    await ada.waitForFunction(() => [...document.querySelectorAll(".event")]
        .some((line) => line.textContent === "bob left"));
    await textIs(ada, "#members-count", "1");

    const eve = await enter(browser, server, "eve", "door");

    await textIs(ada, "#members-count", "2");
    await eve.context().close();
    await textIs(ada, "#members-count", "1");
    await ada.context().close();
});

test("many who come share one line", async () => {
    const ada = await enter(browser, server, "Ada", "crowd");
    const crowd = [];

    for (const name of ["b", "c", "d", "e", "f"])
        crowd.push(await enterQuietly(server, name, "crowd"));
    await textIs(ada, "#members-count", "6");
    await textIs(ada, ".event", "b, c and 3 others came in");
    assert.equal(await ada.locator(".event").count(), 1);
    for (const one of crowd)
        one.close();
    await ada.context().close();
});

test("markup is text, and only web addresses are links", async () => {
    const evil = [
        "<img src=x onerror=\"window.hacked=1\">",
        "<script>window.hacked=1</script>",
        "javascript:window.hacked=1",
        "see https://example.org/a?b=1&c=2.",
    ];
    const name = "<b onclick=x>eve</b>";
    const ada = await enter(browser, server, "Ada", "<i>markup</i>");
    const eve = await enter(browser, server, name, "<i>markup</i>");

    for (const text of evil) {
        await say(eve, text);
        await lastIs(ada, text);
    }
    assert.deepEqual(await messages(ada), evil);
    await textIs(ada, ".message:not(.own) .name", name);
    await textIs(ada, "#room-title", "<i>markup</i>");
    assert.equal(await ada.evaluate(() => window.hacked), undefined);
    assert.equal(await ada.locator("#room-view :is(img, script, b, i)").count(),
        0);
    assert.deepEqual(await ada.$$eval("#lines a", (links) =>
        links.map((link) => [link.getAttribute("href"), link.rel])),
    [["https://example.org/a?b=1&c=2", "noopener noreferrer"]]);
    assert.deepEqual(ada.problems, []);
    await screenshot(ada, "markup");
    await ada.context().close();
    await eve.context().close();
});

test("any JSON, right-to-left and huge messages can be read", async () => {
    const room = "shapes";
    const ada = await enter(browser, server, "Ada", room);
    const app = await enterQuietly(server, "robot", room);
    const huge = `${"long ".repeat(4000)}end`;

    await app.say(room, { status: ["green", 3, null], ok: true });
    await lastIs(ada, '{"status":["green",3,null],"ok":true}');
    await app.say(room, 42);
    await lastIs(ada, "42");
    await app.say(room, "שלום לכולם 👋");
    await lastIs(ada, "שלום לכולם 👋");
    assert.equal(await ada.locator(".said").last().evaluate((said) =>
        getComputedStyle(said).direction), "rtl");
    await app.say(room, huge);
    const showAll = ada.getByRole("button", { name: "Show all" });

    await showAll.waitFor();
    assert.ok((await messages(ada)).at(-1).length < 2000);
    await screenshot(ada, "shapes");
    await showAll.click();
    await lastIs(ada, huge);

    await ada.fill("#composer-text", "x".repeat(70000));
    await ada.waitForSelector("#composer-problem:not([hidden])");
    assert.equal(await ada.locator("#composer-send").isDisabled(), true);
    app.close();
    await ada.context().close();
});

test("several rooms at once, with what is unread in each", async () => {
    const ada = await enter(browser, server, "Ada", "alpha");
    const bob = await enterQuietly(server, "bob", "beta");

    await bob.say("beta", "before ada came");
    await ada.fill("#find-room", "beta");
    await ada.press("#find-room", "Enter");
    await textIs(ada, "#room-title", "beta");
    await lastIs(ada, "before ada came");
    await ada.getByRole("button", { name: /^#alpha,/ }).click();
    await textIs(ada, "#room-title", "alpha");

    for (const text of numbered("news", 3))
        await bob.say("beta", text);
    await textIs(ada, "#own-rooms .badge", "3");
    assert.match(await ada.title(), /^\(3\) #alpha/);
    await ada.getByRole("button", { name: /^#beta, 3 unread messages/ })
        .waitFor();
    await screenshot(ada, "unread");

    /* The rest is remembered by the next visit. */
    await ada.reload();
    await textIs(ada, "#own-rooms .badge", "3");
    await ada.getByRole("button", { name: /^#beta,/ }).click();
    await lastIs(ada, "news 3");
    await ada.waitForSelector(".line:has(.news):has-text('news 1')");
    await ada.waitForFunction(() => /^#beta/.test(document.title));
    assert.equal(await ada.locator("#own-rooms .badge").count(), 0);
    await screenshot(ada, "new-messages");
    bob.close();
    await ada.context().close();
});

test("rooms of others can be found and entered", async () => {
    const bob = await enterQuietly(server, "bob", "open-house");
    const ada = await enter(browser, server, "Ada", "own-place");
    const other = ada.locator("#other-rooms").getByRole("button",
        { name: /^#open-house,/ });

    await other.waitFor();
    await ada.fill("#find-room", "HOUSE");
    await ada.waitForSelector("#own-rooms-part", { state: "hidden" });
    await other.click();
    await textIs(ada, "#room-title", "open-house");
    await textIs(ada, "#members-count", "2");
    bob.close();
    await ada.context().close();
});
