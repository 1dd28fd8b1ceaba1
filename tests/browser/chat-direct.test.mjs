/* Conversations of two: begun, found again, read, and on several devices. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
    arrive, enter, enterQuietly, everybodyGoes, isOnline, lastIs, messages,
    numbered, openBrowser, say, sayAll, screenshot, scrollBack, textIs,
} from "./people.mjs";
import { Server, until } from "./server.mjs";

let server;
let browser;

before(async () => {
    server = await Server.start();
    browser = await openBrowser();
});

after(() => everybodyGoes(browser, server));

const direct = (page, name) => page.locator("#directs")
    .getByRole("button", { name: new RegExp(`^${name},`) });

test("choosing a member begins a conversation that only two see", async () => {
    const room = "duo-hall";
    const ada = await enter(browser, server, "Ada", room);
    const bob = await enter(browser, server, "bob", room);
    const eve = await enter(browser, server, "eve", room);

    await ada.getByRole("button", { name: "bob, Message bob" }).click();
    await textIs(ada, "#room-title", "bob");
    assert.match(ada.url(), /#@bob$/);
    await textIs(ada, "#beginning",
        "This is the beginning of your conversation with bob");
    await textIs(ada, "#room-people", "online");
    assert.equal(await ada.getAttribute("#composer-text", "placeholder"),
        "Message bob");
    await screenshot(ada, "direct-empty");
    await say(ada, "psst");
    await lastIs(ada, "psst");

    await direct(bob, "Ada").filter({ hasText: "1" }).waitFor();
    assert.match(await bob.title(), /^\(1\) #duo-hall/);
    await direct(bob, "Ada").click();
    await lastIs(bob, "psst");
    await say(bob, "what is it?");
    await lastIs(ada, "what is it?");
    await say(ada, "Coffee at ten?");
    for (const page of [ada, bob])
        await lastIs(page, "Coffee at ten?");
    assert.deepEqual(await messages(ada), await messages(bob));
    await screenshot(ada, "direct");

    await say(eve, "hello room");
    await lastIs(eve, "hello room");
    assert.deepEqual(await messages(eve), ["hello room"]);
    assert.equal(await eve.locator("#directs li").count(), 0);
    for (const page of [ada, bob, eve]) {
        assert.deepEqual(page.problems, []);
        await page.context().close();
    }
});

test("who was away finds what was said to them, and their history",
    async () => {
        const carl = await arrive(server, "carl");

        await sayAll(carl, { user: "dora" }, numbered("c", 120));
        await carl.say({ user: "emil" }, "not for dora");
        await carl.say({ users: ["dora", "emil"] }, "for both");
        const dora = await enter(browser, server, "dora", "away-hall");

        await direct(dora, "carl").filter({ hasText: "99+" }).waitFor();
        await screenshot(dora, "direct-unread");
        await direct(dora, "carl").click();
        await lastIs(dora, "for both");
        await scrollBack(dora);
        assert.deepEqual(await messages(dora),
            [...numbered("c", 120), "for both"]);

        /* What was read is not news at the next visit. */
        await dora.reload();
        await isOnline(dora);
        await textIs(dora, "#room-title", "carl");
        await lastIs(dora, "for both");
        await direct(dora, "carl").waitFor();
        assert.equal(await dora.locator("#directs .badge").count(), 0);
        carl.close();
        await dora.context().close();
    });

test("a name typed with @ begins a conversation, also with nobody there",
    async () => {
        const page = await enter(browser, server, "Finn", "typing-hall");

        await page.fill("#find-room", "gwen");
        await page.getByRole("button", { name: "Message gwen" }).waitFor();
        await page.getByRole("button", { name: "Enter #gwen" }).waitFor();
        await page.fill("#find-room", "@gwen");
        await page.waitForSelector("#create-room", { state: "hidden" });
        await page.press("#find-room", "Enter");
        await textIs(page, "#room-title", "gwen");
        await textIs(page, "#room-people", "offline");
        await say(page, "are you there?");
        await lastIs(page, "are you there?");

        const gwen = await arrive(server, "gwen");
        const { messages: said } = await gwen.history({ user: "Finn" });

        assert.deepEqual(said.map(({ body }) => body), ["are you there?"]);
        await gwen.say({ user: "Finn" }, "now I am");
        await textIs(page, "#room-people", "online");
        await page.waitForSelector("#directs .face.online");
        gwen.close();
        await page.context().close();
    });

test("my other device shows both sides, and what I read there", async () => {
    const name = "Hedy";
    const desk = await enter(browser, server, name, "desk-hall");
    const phone = await enter(browser, server, name, "desk-hall");
    const ivan = await arrive(server, "ivan");

    await ivan.say({ user: name }, "one");
    await direct(desk, "ivan").filter({ hasText: "1" }).waitFor();
    await direct(phone, "ivan").filter({ hasText: "1" }).click();
    await lastIs(phone, "one");
    await desk.waitForSelector("#directs .badge", { state: "detached" });
    await say(phone, "two");
    await direct(desk, "ivan").click();
    await lastIs(desk, "two");
    assert.deepEqual(await messages(desk), ["one", "two"]);
    assert.equal(await desk.locator(".own").count(), 1);
    ivan.close();
    await desk.context().close();
    await phone.context().close();
});

test("what was read on one device is no news on another", async () => {
    const wes = await arrive(server, "wes");
    const marks = [];

    wes.on("read", (mark) => marks.push(mark));
    await sayAll(wes, { user: "Vera" }, ["one", "two"]);
    const desk = await enter(browser, server, "Vera", "news-hall");

    await direct(desk, "wes").filter({ hasText: "2" }).click();
    await lastIs(desk, "two");
    await textIs(desk, "#room-title", "wes");
    await until(() => marks.length > 0, "wes is told");
    await desk.context().close();
    await wes.say({ user: "Vera" }, "three");
    const phone = await enter(browser, server, "Vera", "news-hall");

    await direct(phone, "wes").filter({ hasText: "1" }).click();
    await phone.waitForSelector(".line:has(.news):has-text('three')");
    wes.close();
    await phone.context().close();
});

test("a conversation put away comes back with the next message", async () => {
    const page = await enter(browser, server, "Jo", "put-hall");
    const kim = await arrive(server, "kim");

    await kim.say({ user: "Jo" }, "first");
    await direct(page, "kim").waitFor();
    await page.hover("#directs li");
    await page.click("#directs .leave");
    await page.waitForSelector("#directs-part", { state: "hidden" });
    await page.reload();
    await isOnline(page);
    await textIs(page, "#room-title", "put-hall");
    await page.waitForSelector(".line, #nothing:not([hidden])");
    assert.equal(await page.locator("#directs li").count(), 0);
    await kim.say({ user: "Jo" }, "second");
    await direct(page, "kim").filter({ hasText: "1" }).click();
    await lastIs(page, "second");
    await scrollBack(page);
    assert.deepEqual(await messages(page), ["first", "second"]);
    kim.close();
    await page.context().close();
});

test("what was said during a break is caught up, unread and in order",
    async () => {
        const page = await enter(browser, server, "Lea", "break-hall");
        const max = await arrive(server, "max");

        await max.say({ user: "Lea" }, "m 1");
        await direct(page, "max").filter({ hasText: "1" }).waitFor();
        await page.context().setOffline(true);
        await server.kill("gateway");
        await page.waitForSelector('body[data-connection="waiting"]');
        await max.untilOnline();
        await sayAll(max, { user: "Lea" }, numbered("m", 29, 2));
        await page.context().setOffline(false);
        await isOnline(page);
        await direct(page, "max").filter({ hasText: "30" }).click();
        await lastIs(page, "m 30");
        await scrollBack(page);
        assert.deepEqual(await messages(page), numbered("m", 30));
        max.close();
        await page.context().close();
    });

test("read by the other one is shown to who said it", async () => {
    const ada = await enter(browser, server, "Nora", "read-hall");
    const bob = await enter(browser, server, "Otto", "read-hall");

    await ada.getByRole("button", { name: "Otto, Message Otto" }).click();
    await say(ada, "seen?");
    await lastIs(ada, "seen?");
    assert.equal(await ada.locator(".readers").count(), 0);
    await direct(bob, "Nora").click();
    await textIs(ada, ".readers", "Read");
    await screenshot(ada, "direct-read");
    await say(ada, "and this?");
    await ada.waitForFunction(() =>
        document.querySelector("#lines > :last-child .readers"));

    /* It is remembered by the page. */
    await ada.reload();
    await textIs(ada, ".readers", "Read");
    await ada.context().close();
    await bob.context().close();
});

test("that somebody is writing is shown while they do", async () => {
    const ada = await enter(browser, server, "Pia", "write-hall");
    const bob = await enter(browser, server, "Quin", "write-hall");

    await bob.locator("#composer-text").pressSequentially("h");
    await textIs(ada, "#typing-names", "Quin is writing…");
    await screenshot(ada, "typing");
    await bob.fill("#composer-text", "");
    await textIs(ada, "#typing-names", "");
    await bob.locator("#composer-text").pressSequentially("hi");
    await textIs(ada, "#typing-names", "Quin is writing…");
    await bob.press("#composer-text", "Enter");
    await textIs(ada, "#typing-names", "");
    await lastIs(ada, "hi");
    assert.deepEqual(await messages(ada), ["hi"]);

    await ada.getByRole("button", { name: "Quin, Message Quin" }).click();
    await say(ada, "only you");
    await direct(bob, "Pia").click();
    await bob.locator("#composer-text").pressSequentially("w");
    await textIs(ada, "#typing-names", "Quin is writing…");
    /* Nobody has to say that they stopped. */
    await textIs(ada, "#typing-names", "");
    assert.deepEqual(await messages(ada), ["only you"]);
    await ada.context().close();
    await bob.context().close();
});
