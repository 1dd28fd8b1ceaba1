/* Looking back: pages of history, and keeping one's place in them. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
    enter, enterQuietly, everybodyGoes, lastIs, messages, numbered,
    openBrowser, sayAll, screenshot, scrollBack, textIs,
} from "./people.mjs";
import { Server } from "./server.mjs";

let server;
let browser;

before(async () => {
    server = await Server.start();
    browser = await openBrowser();
});

after(() => everybodyGoes(browser, server));

test("scrolling back reaches the first of 220 messages", async () => {
    const bob = await enterQuietly(server, "bob", "old");

    await sayAll(bob, "old", numbered("m", 220));
    const ada = await enter(browser, server, "Ada", "old");

    await lastIs(ada, "m 220");
    assert.ok((await messages(ada)).length < 220);
    await scrollBack(ada);
    assert.deepEqual(await messages(ada), numbered("m", 220));
    await textIs(ada, "#beginning", "This is the beginning of #old");
    await screenshot(ada, "beginning");

    /* What comes now does not pull the reader away. */
    await bob.say("old", "m 221");
    await textIs(ada, "#jump-count", "1");
    assert.match(await ada.title(), /^\(1\)/);
    await screenshot(ada, "scrolled-back");
    await ada.click("#jump");
    await ada.waitForSelector("#jump", { state: "hidden" });
    await ada.waitForFunction(() => !document.title.startsWith("("));
    assert.deepEqual(await messages(ada), numbered("m", 221));
    bob.close();
    await ada.context().close();
});

test("the reader's place does not move when a page comes above it",
    async () => {
        const bob = await enterQuietly(server, "bob", "place");

        await sayAll(bob, "place", numbered("line", 200));
        const ada = await enter(browser, server, "Ada", "place");

        await lastIs(ada, "line 200");
        const moved = await ada.evaluate(async () => {
            const log = document.getElementById("log");
            const body = document.querySelector("#lines .body");
            const count = () => document.querySelectorAll(".message").length;
            const had = count();

            log.scrollTop = 500;
            const top = body.getBoundingClientRect().top;

            while (count() === had)
                await new Promise(requestAnimationFrame);
            const [same] = [...document.querySelectorAll("#lines .body")]
                .filter((one) => one.textContent === body.textContent);

            return Math.abs(same.getBoundingClientRect().top - top);
        });

        assert.ok(moved <= 1, `moved by ${moved} px`);
        bob.close();
        await ada.context().close();
    });

test("a long history keeps the page small", async () => {
    const count = 1500;
    const bob = await enterQuietly(server, "bob", "long");

    await sayAll(bob, "long", numbered("n", count));
    const ada = await enter(browser, server, "Ada", "long");

    await lastIs(ada, `n ${count}`);
    await scrollBack(ada);
    const kept = await messages(ada);

    assert.ok(kept.length <= 1000, `${kept.length} messages are drawn`);
    assert.deepEqual(kept, numbered("n", kept.length));

    /* Down again by scrolling: what was dropped is read again. */
    await ada.evaluate(async (last) => {
        const log = document.getElementById("log");
        const text = () => [...document.querySelectorAll("#lines .body")]
            .at(-1).textContent;

        while (text() !== last) {
            log.scrollTop = log.scrollHeight;
            await new Promise(requestAnimationFrame);
        }
    }, `n ${count}`);
    const end = await messages(ada);

    assert.ok(end.length <= 1000, `${end.length} messages are drawn`);
    assert.deepEqual(end,
        numbered("n", end.length, count - end.length + 1));

    /* And at once, by the button. */
    await scrollBack(ada);
    await bob.say("long", `n ${count + 1}`);
    await ada.click("#jump");
    await lastIs(ada, `n ${count + 1}`);
    await ada.waitForSelector("#jump", { state: "hidden" });
    bob.close();
    await ada.context().close();
});
