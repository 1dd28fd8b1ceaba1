/* Bad days: the connection breaks, and comes back. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
    enter, enterQuietly, everybodyGoes, isOnline, lastIs, messages, numbered,
    openBrowser, openPage, say, sayAll, screenshot, scrollBack, textIs,
} from "./people.mjs";
import { Scripted, message } from "./scripted.mjs";
import { Server, until } from "./server.mjs";

let server;
let browser;

before(async () => {
    server = await Server.start();
    browser = await openBrowser();
});

after(() => everybodyGoes(browser, server));

/* Notes each state of the connection that the page shows, from now on. */
function watchStates(page) {
    return page.evaluate(() => {
        window.states = [];
        new MutationObserver(() =>
            window.states.push(document.body.dataset.connection))
            .observe(document.body, { attributeFilter: ["data-connection"] });
    });
}

function becomes(page, state) {
    return page.waitForSelector(`body[data-connection="${state}"]`);
}

/* Refused for now means that nothing was done: it is said again. */
function sayUntilStored(confab, room, text) {
    return until(() => confab.say(room, text).catch((error) => {
        if (!error.isPassing)
            throw error;
    }), `${text} is stored`);
}

test("after kill -9 of the gateways the page comes back by itself",
    async () => {
        const ada = await enter(browser, server, "Ada", "back");
        const bob = await enterQuietly(server, "bob", "back");

        await bob.say("back", "one");
        await lastIs(ada, "one");
        await watchStates(ada);
        await server.kill("gateway");
        await ada.waitForFunction(() => window.states.includes("waiting"));
        await isOnline(ada);
        await until(() => bob.state === "online", "bob comes back");
        await bob.say("back", "two");
        await lastIs(ada, "two");
        await say(ada, "three");
        await lastIs(ada, "three");
        assert.deepEqual(await messages(ada), ["one", "two", "three"]);
        await textIs(ada, "#members-count", "2");
        bob.close();
        await ada.context().close();
    });

test("what was said meanwhile is caught up without gap or repeat",
    async () => {
        const ada = await enter(browser, server, "Ada", "missed");
        const bob = await enterQuietly(server, "bob", "missed");
        const all = numbered("m", 450);

        await sayAll(bob, "missed", all.slice(0, 10));
        await lastIs(ada, "m 10");
        await ada.context().setOffline(true);
        await server.kill("gateway");
        await becomes(ada, "waiting");
        await ada.waitForSelector(".connection");
        await screenshot(ada, "disconnected");
        await until(() => bob.state === "online", "bob comes back");
        await sayAll(bob, "missed", all.slice(10, 440));
        const eve = await enterQuietly(server, "eve", "missed");

        assert.notEqual(await ada.getAttribute("body", "data-connection"),
            "online");
        await ada.context().setOffline(false);
        await isOnline(ada);
        await sayAll(bob, "missed", all.slice(440));
        await lastIs(ada, "m 450");
        assert.deepEqual(await messages(ada), all);
        /* And who came in meanwhile. */
        await ada.getByRole("button", { name: "eve, Message eve" }).waitFor();
        bob.close();
        eve.close();
        await ada.context().close();
    });

test("a message that could not be sent can be tried again", async () => {
    const ada = await enter(browser, server, "Ada", "unsent");
    const bob = await enter(browser, server, "bob", "unsent");

    await say(ada, "first");
    await lastIs(bob, "first");
    await ada.context().setOffline(true);
    await server.kill("gateway");
    await becomes(ada, "waiting");
    await say(ada, "second");
    await say(ada, "third");
    await ada.waitForFunction(() =>
        document.querySelectorAll(".failed").length === 2);
    await screenshot(ada, "unsent");
    await ada.context().setOffline(false);
    await isOnline(ada);
    await ada.locator(".failed", { hasText: "second" })
        .getByRole("button", { name: "Try again" }).click();
    await lastIs(ada, "second");
    await ada.locator(".failed").getByRole("button", { name: "Discard" })
        .click();
    await ada.waitForSelector(".pending", { state: "detached" });
    await isOnline(bob);
    await lastIs(bob, "second");
    assert.deepEqual(await messages(ada), ["first", "second"]);
    assert.deepEqual(await messages(bob), ["first", "second"]);
    await ada.context().close();
    await bob.context().close();
});

test("a message whose answer was lost is known when it comes back",
    async (t) => {
        const lost = message(1, { from: "Ada", body: "lost answer" });
        let top = 0;
        const scripted = await Scripted.start({
            join: ({ room }) => ({ room, epoch: "e1", offset: top, users: 1 }),
            members: () => ({ users: 1, members: [{ user: "Ada" }] }),
            rooms: () => ({ rooms: [] }),
            history: () => ({ epoch: "e1", messages: [lost], more: false }),
            say: ({ type }) => {
                if (type === "typing")
                    return { id: "t", time: 1, reached: 0 };
                top = 1;
                scripted.socket.terminate();
            },
        });
        const page = await openPage(browser, server);

        t.after(() => scripted.stop());
        await page.route("**/config.json", (route) => route.fulfill({
            json: { websocket: [{ port: scripted.port, path: "/" }] },
        }));
        await page.goto(`${server.page}?name=Ada#r`);
        await isOnline(page);
        await say(page, "lost answer");
        await lastIs(page, "lost answer");
        assert.equal(await page.locator(".pending").count(), 0);
        await page.context().close();
    });

test("what may be stale after a break is read again", async (t) => {
    let top = 2;
    let first = { body: "before" };
    const scripted = await Scripted.start({
        join: ({ room }) => ({ room, epoch: "e1", offset: top, users: 1 }),
        members: () => ({ users: 1, members: [{ user: "Ada" }] }),
        rooms: () => ({ rooms: [] }),
        read: ({ offset }) => ({ offset }),
        /* 3 is the change of 1, which nobody tells. */
        history: ({ before, after = 0 }) => ({
            epoch: "e1", first: after + 1, last: top, more: false,
            messages: [message(1, first), message(2)]
                .filter(({ offset }) => offset > after
                    && offset < (before ?? 9)),
        }),
    });
    const page = await openPage(browser, server);

    t.after(() => scripted.stop());
    await page.route("**/config.json", (route) => route.fulfill({
        json: { websocket: [{ port: scripted.port, path: "/" }] },
    }));
    await page.goto(`${server.page}?name=Ada#r`);
    await lastIs(page, "m 2");
    assert.deepEqual(await messages(page), ["before", "m 2"]);
    top = 3;
    first = { body: "after", edited: 5 };
    scripted.socket.terminate();
    await page.waitForFunction(() => document.querySelector(
        "#lines .body")?.textContent === "after");
    assert.deepEqual(await messages(page), ["after", "m 2"]);
    await page.context().close();
});

test("trying now does not wait for the next attempt", async () => {
    const ada = await enter(browser, server, "Ada", "now");

    await server.terminate();
    await becomes(ada, "waiting");
    /* After some failed attempts the pause is long enough to be read. */
    await ada.waitForFunction(() => /Trying again in [2-9]/.test(
        document.getElementById("connection-sentence").textContent));
    const state = await ada.evaluate(() => {
        document.getElementById("connection-act").click();
        return document.body.dataset.connection;
    });

    assert.equal(state, "connecting");
    await server.launch();
    await isOnline(ada);
    await ada.context().close();
});

test("the death of ledger and historian costs no message", async () => {
    const ada = await enter(browser, server, "Ada", "deaths");
    const bob = await enterQuietly(server, "bob", "deaths");
    const said = numbered("m", 60);

    for (const text of said) {
        if (text === "m 20")
            await server.kill("ledger");
        if (text === "m 40")
            await server.kill("historian");
        await sayUntilStored(bob, "deaths", text);
    }
    await lastIs(ada, "m 60");
    assert.deepEqual(await messages(ada), said);
    await ada.reload();
    await lastIs(ada, "m 60");
    await scrollBack(ada);
    assert.deepEqual(await messages(ada), said);
    bob.close();
    await ada.context().close();
});

test("a restart of the whole server loses nothing", async () => {
    const ada = await enter(browser, server, "Ada", "restart");

    for (const text of numbered("kept", 3)) {
        await say(ada, text);
        await lastIs(ada, text);
    }
    await server.terminate();
    await becomes(ada, "waiting");
    await server.launch();
    await isOnline(ada);
    await say(ada, "kept 4");
    await lastIs(ada, "kept 4");
    assert.deepEqual(await messages(ada), numbered("kept", 4));
    await ada.reload();
    await lastIs(ada, "kept 4");
    assert.deepEqual(await messages(ada), numbered("kept", 4));
    await ada.context().close();
});
