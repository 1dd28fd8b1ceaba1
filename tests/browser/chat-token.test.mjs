/* The chat page where users come with a token. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { isOnline, openBrowser, openPage, screenshot } from "./people.mjs";
import { Server } from "./server.mjs";

let server, browser;

before(async () => {
    server = await Server.start({
        files: { "token.key": "a secret of at least thirty-two bytes" },
        more: 'tenant default { auth = token\n'
            + '    token_key_file = "@/token.key" }',
    });
    browser = await openBrowser();
});

after(async () => {
    await browser.close();
    await server.stop();
});

const mint = (user, time) => server.control("token", "mint", "-u", user,
    "-e", time, "-k", `${server.directory}/token.key`);

async function open(address) {
    const page = await openPage(browser, server);

    await page.goto(server.page + address);
    return page;
}

const sentence = (page, part) => page.locator("#connection-sentence",
    { hasText: part }).waitFor();

test("a link with a token says who one is", async () => {
    const page = await open(`#token=${await mint("安娜 Ann", "1h")}&team`);

    await isOnline(page);
    assert.equal(await page.locator("#profile-name").textContent(),
        "安娜 Ann");
    assert.ok(!page.url().includes("token"));
    assert.ok(page.url().endsWith("#team"));
    assert.ok(await page.locator("#profile").isDisabled());
    await page.fill("#composer-text", "by a link");
    await page.keyboard.press("Enter");
    await page.locator(".line", { hasText: "by a link" }).waitFor();
    await screenshot(page, "token");
    await page.reload();
    await isOnline(page);
    assert.equal(await page.locator("#profile-name").textContent(),
        "安娜 Ann");
    assert.deepEqual(page.problems, []);
});

/** Somebody whose token has ended while he was in; on a slow machine a short
 * one ends before that, and he is not let in. */
async function overstay() {
    for (const time of ["2", "10", "60"]) {
        const page = await open(`#token=${await mint("ann", time)}&team`);

        page.setDefaultTimeout(2 * 60 * 1000);
        await page.waitForSelector('body[data-connection="closed"]');
        if (await page.locator("#connection-sentence",
            { hasText: "Your access has ended" }).count())
            return page;
        await page.context().close();
    }
    throw new Error("a minute is not enough to come in");
}

test("its end is told, and how to go on", async () => {
    const page = await overstay();

    await screenshot(page, "token-over");
    await page.goto(`${server.page}#token=${await mint("bob", "1h")}&team`);
    await page.locator("#profile-name", { hasText: "bob" }).waitFor();
    await isOnline(page);
    assert.deepEqual(page.problems, []);
});

test("without a token the page says why not", async () => {
    const page = await open("?name=eve#team");

    await sentence(page, "log in with a token");
});

test("what is no token is none", async () => {
    const page = await open("#token=a.b.c&team");

    await page.locator("#welcome[open]").waitFor();
});
