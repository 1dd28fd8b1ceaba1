/* Who is banned reads why, and does not knock again and again. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
    enter, everybodyGoes, lastIs, openBrowser, openPage, say, screenshot,
    textIs,
} from "./people.mjs";
import { Server, until } from "./server.mjs";

let server;
let browser;

before(async () => {
    server = await Server.start();
    browser = await openBrowser();
});

after(() => everybodyGoes(browser, server));

/** All that has been counted, by name. */
async function counter(name) {
    const lines = (await server.control("show", "counters")).split("\n");

    return Number(lines.find((line) => line.startsWith(`${name}\t`))
        .split("\t")[1]);
}

test("who is banned from a room is told why and stays elsewhere", async () => {
    const page = await enter(browser, server, "Ada", "noisy");

    await say(page, "noise");
    await lastIs(page, "noise");
    await server.control("ban", "user", "Ada", "room", "noisy",
        "too much noise");
    await textIs(page, "#notice",
        "You were removed from #noisy: too much noise");

    const again = await openPage(browser, server);

    await again.goto(`${server.page}?name=Ada#noisy`);
    await again.waitForFunction(() => /banned from this room/.test(
        document.querySelector("#notice").textContent));
    assert.deepEqual([...page.problems, ...again.problems], []);
    await again.context().close();
    await page.context().close();
});

test("who is banned is told why and comes back when he may", async () => {
    const page = await enter(browser, server, "Bob", "lobby");

    await server.control("ban", "user", "Bob", "be nice");
    await page.waitForSelector('body[data-connection="closed"]');
    await textIs(page, "#connection-sentence",
        "The server ended your session: be nice");
    await screenshot(page, "banned");

    /* It does not connect by itself: only by the button, and is refused. */
    const before = await counter("handshakes");

    await page.click("#connection-act");
    await textIs(page, "#connection-sentence",
        "The server refused the login: you are banned: be nice");
    await until(async () => await counter("handshakes") === before + 1,
        "it has knocked once");

    await server.control("unban", "user", "Bob");
    await until(async () =>
        !(await server.control("bans")).includes("Bob"), "Bob may again");
    await page.click("#connection-act");
    await page.waitForSelector('body[data-connection="online"]');
    await page.context().close();
});

test("whose address is banned does not come in", async () => {
    const page = await openPage(browser, server);

    await server.control("ban", "ip", "127.0.0.1");
    await until(async () =>
        (await server.control("bans")).includes("127.0.0.1"), "it is banned");
    await page.goto(`${server.page}?name=Cleo#lobby`);
    await page.waitForSelector('body[data-connection="waiting"]');
    await server.control("unban", "ip", "127.0.0.1");
    await page.waitForSelector('body[data-connection="online"]');
    await page.context().close();
});
