/* The page for the users of another tenant. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
    enter, everybodyGoes, isOnline, lastIs, messages, openBrowser, openPage,
    say, textIs,
} from "./people.mjs";
import { Server } from "./server.mjs";

let server;
let browser;

before(async () => {
    server = await Server.start({ more: "tenant acme { }" });
    browser = await openBrowser();
});

after(() => everybodyGoes(browser, server));

/* Somebody with the page open for acme. */
async function enterAcme(name, room) {
    const page = await openPage(browser, server);

    await page.goto(`${server.page}?tenant=acme&name=${name}#${room}`);
    await isOnline(page);
    await page.waitForSelector("#log-top:not([data-state=loading]), .line");
    return page;
}

test("nobody of one tenant sees anything of the other", async () => {
    const [here, ann, bob] = [await enter(browser, server, "Ann", "r"),
        await enterAcme("Ann", "r"), await enterAcme("Bob", "r")];

    await say(bob, "only for acme");
    await lastIs(ann, "only for acme");
    await say(here, "only for us");
    await lastIs(here, "only for us");
    assert.deepEqual(await messages(here), ["only for us"]);
    assert.deepEqual(await messages(ann), ["only for acme"]);
    for (const page of [here, ann, bob]) {
        assert.deepEqual(page.problems, []);
        await page.context().close();
    }
});

test("what the page remembers belongs to one tenant", async () => {
    const page = await openPage(browser, server);

    await page.goto(`${server.page}?tenant=acme`);
    await page.fill("#welcome-name", "Eve");
    await page.press("#welcome-name", "Enter");
    await isOnline(page);
    await page.reload();
    await textIs(page, "#profile-name", "Eve");
    await page.goto(server.page);
    await page.waitForSelector("#welcome[open]");
    await page.context().close();
});

test("a tenant that is none is told", async () => {
    const page = await openPage(browser, server);

    await page.goto(`${server.page}?tenant=nobody&name=Ann#r`);
    await page.getByText("there is no such tenant").first().waitFor();
    await page.context().close();
});
