/* Messages that are edited and deleted, and who has read them. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
    arrive, enter, enterQuietly, everybodyGoes, isOnline, lastIs, messages,
    numbered, openBrowser, pressBeside, say, sayAll, screenshot, scrollBack,
    textIs,
} from "./people.mjs";
import { Server } from "./server.mjs";

const GONE = "This message was deleted";
let server;
let browser;

before(async () => {
    server = await Server.start();
    browser = await openBrowser();
});

after(() => everybodyGoes(browser, server));

/* The line of a message, by what it says. */
const line = (page, text) => page.locator(".message", { hasText: text });

const bodiesAre = (page, wanted) => page.waitForFunction((bodies) =>
    JSON.stringify([...document.querySelectorAll("#lines .body")]
        .map((body) => body.textContent)) === JSON.stringify(bodies), wanted);

test("an edited message changes for everyone and says so", async () => {
    const ada = await enter(browser, server, "Ada", "edits");
    const bob = await enter(browser, server, "bob", "edits");

    for (const text of ["hallo", "second"])
        await say(ada, text);
    await lastIs(bob, "second");
    assert.equal(await line(bob, "second").locator(".acts").count(), 0);

    await ada.fill("#composer-text", "a draft");
    await pressBeside(line(ada, "hallo"), "Edit message");
    await ada.waitForSelector("#editing:not([hidden])");
    assert.equal(await ada.inputValue("#composer-text"), "hallo");
    await screenshot(ada, "editing");
    await say(ada, "hello");
    for (const page of [ada, bob]) {
        await bodiesAre(page, ["hello", "second"]);
        assert.equal(await line(page, "hello").locator(".edited").count(), 1);
        assert.equal(await line(page, "second").locator(".edited").count(),
            0);
    }
    assert.equal(await ada.inputValue("#composer-text"), "a draft");
    await ada.waitForSelector("#editing", { state: "hidden" });
    assert.equal(await bob.title(), "#edits · confab");

    /* It is what it is now for those who come later. */
    const eve = await enter(browser, server, "eve", "edits");

    await bodiesAre(eve, ["hello", "second"]);
    assert.equal(await eve.locator(".edited").count(), 1);
    for (const page of [ada, bob, eve])
        await page.context().close();
});

test("a deleted message is gone for everyone, after a question", async () => {
    const ada = await enter(browser, server, "Ada", "deletes");
    const bob = await enter(browser, server, "bob", "deletes");

    for (const text of ["keep", "oops", "end"])
        await say(ada, text);
    await lastIs(bob, "end");
    const remove = async (page, text, answer) => {
        await pressBeside(line(page, text), "Delete message");
        await page.waitForSelector("#removal[open]");
        await textIs(page, "#removal-said", text);
        if (answer === "Delete")
            await screenshot(page, "removal");
        await page.locator("#removal").getByRole("button",
            { name: answer, exact: true }).click();
        await page.waitForSelector("#removal", { state: "hidden" });
    };

    await remove(ada, "keep", "Cancel");
    await remove(ada, "oops", "Delete");
    for (const page of [ada, bob])
        await bodiesAre(page, ["keep", GONE, "end"]);
    await screenshot(ada, "deleted");
    assert.equal(await line(ada, GONE).locator(".acts").count(), 0);
    await bob.reload();
    await bodiesAre(bob, ["keep", GONE, "end"]);
    await ada.context().close();
    await bob.context().close();
});

test("the arrow up edits and deletes without a mouse", async () => {
    const ada = await enter(browser, server, "Ada", "arrows");
    const bob = await enterQuietly(server, "bob", "arrows");
    const field = () => ada.inputValue("#composer-text");
    const press = (key) => ada.press("#composer-text", key);

    await say(ada, "one");
    await say(ada, "two");
    await lastIs(ada, "two");
    await bob.say("arrows", "not yours");
    await lastIs(ada, "not yours");
    await press("ArrowUp");
    assert.equal(await field(), "two");
    await press("ArrowUp");
    assert.equal(await field(), "one");
    await press("ArrowDown");
    assert.equal(await field(), "two");
    await press("Escape");
    assert.equal(await field(), "");
    assert.equal(await ada.isVisible("#editing"), false);

    await press("ArrowUp");
    await ada.fill("#composer-text", "two, better");
    await press("ArrowUp");
    assert.equal(await field(), "two, better");
    await press("Enter");
    await bodiesAre(ada, ["one", "two, better", "not yours"]);
    await press("ArrowUp");
    await ada.getByRole("button", { name: "Delete message", exact: true })
        .and(ada.locator("#editing-remove")).press("Enter");
    await ada.locator("#removal-go").press("Enter");
    await bodiesAre(ada, ["one", GONE, "not yours"]);
    await ada.waitForSelector("#editing", { state: "hidden" });
    bob.close();
    await ada.context().close();
});

test("a change in a conversation of two reaches both", async () => {
    const ada = await enter(browser, server, "Gina", "change-hall");
    const bob = await enter(browser, server, "Hugo", "change-hall");

    await ada.getByRole("button", { name: "Hugo, Message Hugo" }).click();
    for (const text of ["wrong", "worse"])
        await say(ada, text);
    await bob.getByRole("button", { name: /^Gina, 2 unread/ }).click();
    await lastIs(bob, "worse");
    await ada.press("#composer-text", "ArrowUp");
    await ada.click("#editing-remove");
    await ada.click("#removal-go");
    for (const page of [ada, bob])
        await bodiesAre(page, ["wrong", GONE]);
    await ada.press("#composer-text", "ArrowUp");
    await say(ada, "right");
    for (const page of [ada, bob])
        await bodiesAre(page, ["right", GONE]);
    await bob.reload();
    await bodiesAre(bob, ["right", GONE]);
    await ada.context().close();
    await bob.context().close();
});

test("what was changed during a break is changed after it", async () => {
    const ada = await enter(browser, server, "Ada", "missed-changes");
    const bob = await enterQuietly(server, "bob", "missed-changes");
    const [one, two] = await sayAll(bob, "missed-changes", ["one", "two"]);

    await bodiesAre(ada, ["one", "two"]);
    await ada.context().setOffline(true);
    await server.kill("gateway");
    await ada.waitForSelector('body[data-connection="waiting"]');
    await bob.untilOnline();
    await bob.edit("missed-changes", one.id, "one, again");
    await bob.remove("missed-changes", two.id);
    await bob.say("missed-changes", "three");
    await ada.context().setOffline(false);
    await isOnline(ada);
    await bodiesAre(ada, ["one, again", GONE, "three"]);
    bob.close();
    await ada.context().close();
});

test("a refused change is told, and nothing is lost", async () => {
    const ada = await enter(browser, server, "Ada", "refused-changes");

    await say(ada, "mine");
    await lastIs(ada, "mine");
    await ada.press("#composer-text", "ArrowUp");
    await ada.context().setOffline(true);
    await server.kill("gateway");
    await ada.waitForSelector('body[data-connection="waiting"]');
    await say(ada, "changed");
    await ada.waitForSelector("#notice:has-text('could not be done')");
    assert.equal(await ada.inputValue("#composer-text"), "changed");
    await ada.context().setOffline(false);
    await isOnline(ada);
    await ada.press("#composer-text", "Enter");
    await bodiesAre(ada, ["changed"]);
    await ada.context().close();
});

test("in a small room it is shown who has read so far", async () => {
    const ada = await enter(browser, server, "Ada", "readers");
    const bob = await enter(browser, server, "bob", "readers");
    const eve = await enterQuietly(server, "eve", "readers");
    const readBy = (text, names) => ada.waitForFunction(([said, readers]) => {
        const lines = [...document.querySelectorAll("#lines > li")];
        const at = lines.findIndex((one) =>
            one.querySelector(".body")?.textContent === said);

        return lines[at + 1]?.querySelector(".readers")?.title === readers;
    }, [text, names]);

    await say(ada, "one");
    await readBy("one", "Read by bob");
    const { offset } = (await eve.history("readers")).messages.at(-1);

    await eve.read("readers", offset);
    await readBy("one", "Read by bob and eve");
    await say(ada, "two");
    await readBy("two", "Read by bob");
    await readBy("one", "Read by eve");
    await screenshot(ada, "readers");
    /* Who says something has read what was before. */
    await eve.say("readers", "three");
    await readBy("three", "Read by bob");
    assert.equal(await ada.locator(".readers").count(), 1);
    eve.close();
    await ada.context().close();
    await bob.context().close();
});

test("edits and my own words elsewhere are no news", async () => {
    const bob = await enterQuietly(server, "bob", "no-news");
    const [first] = await sayAll(bob, "no-news", ["one", "two"]);
    const page = await enter(browser, server, "Jil", "no-news");

    await lastIs(page, "two");
    await page.fill("#find-room", "nowhere");
    await page.press("#find-room", "Enter");
    await textIs(page, "#room-title", "nowhere");
    await page.goto("about:blank");
    const phone = await enterQuietly(server, "Jil", "no-news");

    await bob.edit("no-news", first.id, "one, again");
    await phone.say("no-news", "from my phone");
    await bob.say("no-news", "news");
    await page.goto(`${server.page}?name=Jil#nowhere`);
    await page.getByRole("button", { name: /^#no-news, 1 unread message/ })
        .waitFor();
    for (const one of [bob, phone])
        one.close();
    await page.context().close();
});

test("what I have read of a room holds on every device", async () => {
    const bob = await enterQuietly(server, "bob", "devices");

    await sayAll(bob, "devices", numbered("m", 5));
    const desk = await enter(browser, server, "Ida", "devices");

    await lastIs(desk, "m 5");
    await desk.fill("#find-room", "elsewhere");
    await desk.press("#find-room", "Enter");
    await textIs(desk, "#room-title", "elsewhere");
    await sayAll(bob, "devices", numbered("n", 3));
    await textIs(desk, "#own-rooms .badge", "3");

    /* Another browser, which remembers nothing. */
    const phone = await arrive(server, "Ida");
    const { offset, read } = await phone.join("devices");

    assert.deepEqual([offset, read], [8, 5]);
    const tablet = await enter(browser, server, "Ida", "devices");

    await tablet.waitForSelector(".line:has(.news):has-text('n 1')");
    await desk.waitForSelector("#own-rooms .badge", { state: "detached" });
    await scrollBack(tablet);
    assert.equal((await messages(tablet)).length, 8);
    phone.close();
    bob.close();
    await desk.context().close();
    await tablet.context().close();
});
